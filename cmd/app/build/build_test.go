package build

import (
	"runtime"
	"runtime/debug"
	"testing"
)

// TestInfo: the linker's word counts, then what the Go tool recorded.
func TestInfo(t *testing.T) {
	recorded := func(version string, settings ...string) *debug.BuildInfo {
		info := &debug.BuildInfo{GoVersion: "go1.26.8", Main: debug.Module{Version: version}}
		for i := 0; i < len(settings); i += 2 {
			info.Settings = append(info.Settings, debug.BuildSetting{Key: settings[i], Value: settings[i+1]})
		}
		return info
	}
	release := Info{Version: "1.4.0", Commit: "abc", Date: "2026-01-02T03:04:05Z"}
	for _, c := range []struct {
		name   string
		linked Info
		info   *debug.BuildInfo
		want   Info
	}{
		{"a release", release, recorded("(devel)"), Info{Version: "1.4.0", Commit: "abc", Date: "2026-01-02T03:04:05Z", Go: "go1.26.8"}},
		{
			"a release from a tree with changes is what its linker says", release,
			recorded("v9.9.9", "vcs.revision", "def", "vcs.time", "2027-01-01T00:00:00Z", "vcs.modified", "true"),
			Info{Version: "1.4.0", Commit: "abc", Date: "2026-01-02T03:04:05Z", Go: "go1.26.8"},
		},
		{"go install of a version", Info{}, recorded("v1.3.0"), Info{Version: "v1.3.0", Commit: "unknown", Date: "unknown", Go: "go1.26.8"}},
		{
			"go build of a checkout",
			Info{},
			recorded("(devel)", "vcs.revision", "def", "vcs.time", "2027-01-01T00:00:00Z", "vcs.modified", "false"),
			Info{Version: "dev", Commit: "def", Date: "2027-01-01T00:00:00Z", Go: "go1.26.8"},
		},
		{
			"with changes",
			Info{},
			recorded("(devel)", "vcs.modified", "true", "vcs.revision", "def"),
			Info{Version: "dev", Commit: "def-dirty", Date: "unknown", Go: "go1.26.8"},
		},
		{"changes to nothing known", Info{}, recorded("", "vcs.modified", "true"), Info{Version: "dev", Commit: "unknown", Date: "unknown", Go: "go1.26.8"}},
		{"nothing recorded", Info{}, nil, Info{Version: "dev", Commit: "unknown", Date: "unknown"}},
		{"nothing recorded, a release", release, nil, release},
	} {
		if got := c.linked.with(c.info); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
	if got := Read(); got.Go != runtime.Version() || got.Version == "" || got.Commit == "" || got.Date == "" {
		t.Errorf("of this very binary: %+v", got)
	}
}
