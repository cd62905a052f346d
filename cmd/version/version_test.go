package version_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/app/build"
	"github.com/midwatch-cli/midwatch/cmd/cmdtest"
	"github.com/midwatch-cli/midwatch/cmd/version"
)

func TestPrinted(t *testing.T) {
	c := cmdtest.Command{New: version.New, Prepare: func(a *app.App) {
		a.Build = build.Info{Version: "1.2.3", Commit: "abc", Date: "2026-01-02T03:04:05Z", Go: "go1.26"}
	}}
	system := runtime.GOOS + "/" + runtime.GOARCH
	for args, want := range map[string]string{
		"":                          "midwatch 1.2.3 (abc, 2026-01-02T03:04:05Z, go1.26, " + system + ")\n",
		"-o name":                   "1.2.3\n",
		"-o table --no-headers":     "1.2.3\tabc\t2026-01-02T03:04:05Z\tgo1.26\t" + strings.ReplaceAll(system, "/", "\t") + "\n",
		"--jq .items[0].commit":     "abc\n",
		"--template {{.kind}}":      "Version\n",
		"-q":                        "",
		"-o json -q":                "",
		"-o yaml --jq .items[0].go": "error",
	} {
		r := c.Run(t, strings.Fields(args)...)
		if want == "error" {
			if r.Code() != app.Usage {
				t.Errorf("%s: ended with %d, want 2", args, r.Code())
			}
			continue
		}
		if r.Err != nil || r.Out != want {
			t.Errorf("%s: ended with %v and %q, want %q", args, r.Err, r.Out, want)
		}
	}
	if r := c.Run(t, "now"); r.Err == nil {
		t.Error("took an argument")
	}
}
