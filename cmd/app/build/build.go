// Package build says what the binary was made from.
package build

import "runtime/debug"

// Set by the linker in releases; see .goreleaser.yaml.
var (
	version string
	commit  string
	date    string
)

// Info is what the binary was made from.
type Info struct {
	Version string // 1.4.0, or dev
	Commit  string // full hash; ends in -dirty when the tree had changes
	Date    string // of the commit, RFC 3339
	Go      string
}

// Read returns what the linker said, or else what the Go tool recorded.
func Read() Info {
	info, _ := debug.ReadBuildInfo() // nil where nothing was recorded
	return Info{Version: version, Commit: commit, Date: date}.with(info)
}

// with fills in from what the Go tool recorded.
func (b Info) with(info *debug.BuildInfo) Info {
	if info == nil {
		return b.orUnknown()
	}
	b.Go = info.GoVersion
	if b.Version == "" && info.Main.Version != "(devel)" {
		b.Version = info.Main.Version
	}
	dirty, linked := false, b.Commit != ""
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			if b.Commit == "" {
				b.Commit = s.Value
			}
		case "vcs.time":
			if b.Date == "" {
				b.Date = s.Value
			}
		case "vcs.modified":
			dirty = s.Value == "true"
		}
	}
	if dirty && !linked && b.Commit != "" {
		b.Commit += "-dirty"
	}
	return b.orUnknown()
}

func (b Info) orUnknown() Info {
	if b.Version == "" {
		b.Version = "dev"
	}
	if b.Commit == "" {
		b.Commit = "unknown"
	}
	if b.Date == "" {
		b.Date = "unknown"
	}
	return b
}
