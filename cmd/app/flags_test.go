package app_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/render"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet"
)

// TestGlobalFlags has every value that no command can use, with what is said.
func TestGlobalFlags(t *testing.T) {
	for args, want := range map[string][]string{
		"":                                   nil,
		"--timeout 0s":                       nil,
		"--timeout 30s":                      nil,
		"--timeout -1s":                      {"--timeout -1s: must not be negative", "hint: durations look like 30s, 2m"},
		"--color always":                     nil,
		"--color never":                      nil,
		"--color green":                      {`--color "green": want auto, always or never`},
		"--color=":                           {`--color "": want auto, always or never`},
		"--exit-style nagios":                nil,
		"--exit-style icinga":                {`--exit-style "icinga": want midwatch or nagios`},
		"--context a --context b":            nil,
		"--context a,b":                      nil,
		"--all-contexts":                     nil,
		"--all-contexts --context a":         {"--context and --all-contexts cannot be used together"},
		"--registry etcd://h --context none": nil,
		"--registry etcd://h --context a":    {"--registry takes the place of the configured contexts: leave --context out"},
		"--registry etcd://h --all-contexts": {"--registry takes the place"},
		"--registry etcd://h --context none,a": {
			"--registry takes the place of the configured contexts",
		},
	} {
		w := newWorld(t)
		if err := w.root.ParseFlags(strings.Fields(args)); err != nil {
			t.Fatal(err)
		}
		err := w.Begin()
		if want == nil {
			if err != nil {
				t.Errorf("%q: %v", args, err)
			}
			continue
		}
		refused(t, args, err, app.Usage, want...)
	}
}

// TestBeginAppliesToStreams: what the flags say of the streams is so before
// any command runs.
func TestBeginAppliesToStreams(t *testing.T) {
	w := newWorld(t)
	w.IO.CI = term.GitHub
	w.flags(t, "--color", "always", "--ascii", "--no-ci", "-q")
	if !w.IO.OutColor || !w.IO.ErrColor || !w.IO.OutASCII() || w.IO.CI != term.NoCI || !w.IO.Quiet {
		t.Errorf("got %+v", w.IO)
	}
	w = newWorld(t).flags(t)
	if w.IO.OutColor || w.IO.OutASCII() || w.IO.Quiet {
		t.Errorf("without flags: %+v", w.IO)
	}
}

// TestProbingFlags has the values that make no sense, and the defaults.
func TestProbingFlags(t *testing.T) {
	var usual app.Probing
	usual.Add(&cobra.Command{Use: "check"}, newWorld(t).App)
	if usual.ProbeTimeout != fleet.ProbeTimeout || usual.Attempts != fleet.Attempts || usual.Parallel != fleet.Parallel || usual.QPS != 0 || usual.Slow != 0 {
		t.Errorf("without flags: %+v", usual)
	}
	for args, want := range map[string][]string{
		"":                         nil,
		"--probe-timeout 1ns":      nil,
		"--probe-timeout 0s":       {"--probe-timeout 0s: must be more than 0", "hint: durations look like 500ms, 2s"},
		"--probe-timeout -2s":      {"--probe-timeout -2s: must be more than 0"},
		"--attempts 1":             nil,
		"--attempts 0":             {"--attempts 0: must be at least 1"},
		"--parallel 0":             {"--parallel 0: must be at least 1"},
		"--parallel -5":            {"--parallel -5: must be at least 1"},
		"--qps 0.5":                nil,
		"--qps -1":                 {"--qps -1: must not be negative"},
		"--slow 0s":                nil,
		"--slow -1ms":              {"--slow -1ms: must not be negative"},
		"--health-path /ready":     nil,
		"--health-path ready":      {`--health-path "ready": a path begins with a slash`, "hint: did you mean /ready?"},
		"--probe http":             nil,
		"--probe grpc":             nil,
		"--probe tcp":              nil,
		"--probe tls":              nil,
		"--probe dns":              nil,
		"--probe HTTP":             {`--probe "HTTP": want http, grpc, tcp, tls or dns`},
		"--probe icmp":             {`--probe "icmp"`},
		"--attempts 0 --qps -1":    {"--attempts 0"},
		"--profile x --slow 500ms": nil,
	} {
		var p app.Probing
		cmd := &cobra.Command{Use: "check"}
		p.Add(cmd, newWorld(t).App)
		if err := cmd.ParseFlags(strings.Fields(args)); err != nil {
			t.Fatal(err)
		}
		err := p.Check()
		if want == nil {
			if err != nil {
				t.Errorf("%q: %v", args, err)
			}
			continue
		}
		refused(t, args, err, app.Usage, want...)
	}
}

func TestWatchingFlags(t *testing.T) {
	for args, want := range map[string]string{
		"":                      "",
		"-w":                    "",
		"--interval 100ms":      "",
		"-w --interval 99ms":    "--interval 99ms: must be at least 100ms",
		"--interval 0s":         "--interval 0s",
		"--interval -1h":        "--interval -1h0m0s",
		"--watch --interval 1h": "",
	} {
		var o app.Watching
		cmd := &cobra.Command{Use: "check"}
		o.Add(cmd)
		if err := cmd.ParseFlags(strings.Fields(args)); err != nil {
			t.Fatal(err)
		}
		if o.Watch != strings.Contains(args, "-w") || args == "" && o.Interval != fleet.Interval {
			t.Errorf("%q is read as %+v", args, o)
		}
		err := o.Check()
		if want == "" {
			if err != nil {
				t.Errorf("%q: %v", args, err)
			}
			continue
		}
		refused(t, args, err, app.Usage, want)
	}
	var o app.Watching
	cmd := &cobra.Command{Use: "wait"}
	o.AddInterval(cmd, 2*time.Second)
	if o.Interval != 2*time.Second || cmd.Flags().Lookup("watch") != nil {
		t.Errorf("a command that always goes on: %+v", o)
	}
}

// TestSelectionFlags: what each flag leaves of a little fleet, and what is said
// of a selector that cannot be read.
func TestSelectionFlags(t *testing.T) {
	services := []fleet.Service{
		{Ref: fleet.Ref{Namespace: "shop", Name: "order"}, Instances: []fleet.Instance{
			{ID: "order-1", Zone: "a", Version: "1", Labels: map[string]string{"team": "blue"}},
			{ID: "order-2", Zone: "b", Version: "2", Labels: map[string]string{"team": "red"}},
		}},
		{Ref: fleet.Ref{Name: "user"}, Instances: []fleet.Instance{{ID: "user-1", Zone: "a", Version: "2"}}},
	}
	for args, want := range map[string]string{
		"":                          "order-1 order-2 user-1",
		"order":                     "order-1 order-2",
		"--zone a":                  "order-1 user-1",
		"--zone a user":             "user-1",
		"--service-version 2":       "order-2 user-1",
		"--instance order-*":        "order-1 order-2",
		"-n shop":                   "order-1 order-2",
		"--namespace shop --zone b": "order-2",
		"-l team=blue":              "order-1",
		"--selector team!=blue":     "order-2 user-1",
		"!order":                    "user-1",
	} {
		var s app.Selection
		cmd := &cobra.Command{Use: "check"}
		s.Add(cmd, newWorld(t).App)
		if err := cmd.ParseFlags(strings.Fields(args)); err != nil {
			t.Fatal(err)
		}
		sel, err := s.Compile(cmd.Flags().Args())
		if err != nil {
			t.Errorf("%q: %v", args, err)
			continue
		}
		var got []string
		selected, _ := sel.Apply(services)
		for _, svc := range selected {
			for _, in := range svc.Instances {
				got = append(got, in.ID)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q selects %v, want %s", args, got, want)
		}
	}
	for _, c := range []struct {
		s     app.Selection
		names []string
		want  string
	}{
		{app.Selection{Labels: "team in (a"}, nil, "team in (a"},
		{app.Selection{Zone: "["}, nil, "--zone"},
		{app.Selection{Version: "["}, nil, "--service-version"},
		{app.Selection{Instance: "["}, nil, "--instance"},
		{app.Selection{Namespace: "["}, nil, "--namespace"},
		{app.Selection{}, []string{"ord["}, "ord["},
	} {
		_, err := c.s.Compile(c.names)
		refused(t, c.want, err, app.Usage, c.want)
	}
}

// TestOutputFlags: a format that the command does not have is refused before
// it does any work.
func TestOutputFlags(t *testing.T) {
	for _, c := range []struct {
		args    string
		verdict bool
		want    string // what is said; empty: it is taken
	}{
		{"", false, ""},
		{"-o json", false, ""},
		{"-o junit", true, ""},
		{"-o junit", false, "-o junit: want table, wide, json, yaml, jsonl, name"},
		{"-o xml", true, "-o xml: want table"},
		{"-o \x1b[2J", true, `-o \x1b[2J`},
		{"--jq .items", false, ""},
		{"--jq .items[", false, "--jq"},
		{"--template {{.kind}}", false, ""},
		{"--template {{", false, "--template"},
		{"--jq . --template x", false, "--jq and --template exclude each other"},
		{"--jq . -o name", false, "--jq"},
	} {
		w := newWorld(t)
		ran := false
		cmd := &cobra.Command{Use: "check", RunE: func(*cobra.Command, []string) error { ran = true; return nil }}
		w.AddOutput(cmd, c.verdict)
		w.root.AddCommand(cmd)
		w.root.SetArgs(append([]string{"check"}, strings.Fields(c.args)...))
		w.root.SilenceErrors, w.root.SilenceUsage = true, true
		err := w.root.ExecuteContext(t.Context())
		if ran != (c.want == "") {
			t.Errorf("%q: the command ran: %v", c.args, ran)
		}
		if c.want == "" {
			if err != nil {
				t.Errorf("%q: %v", c.args, err)
			}
			continue
		}
		refused(t, c.args, err, app.Usage, c.want)
	}
}

// TestOutputKnowsTheClock: what is written carries the App's time and --utc,
// and a check that stood on the command before still comes first.
func TestOutputKnowsTheClock(t *testing.T) {
	w := newWorld(t)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	w.Now = func() time.Time { return at }
	var order []string
	cmd := &cobra.Command{
		Use:     "check",
		PreRunE: func(*cobra.Command, []string) error { order = append(order, "own"); return nil },
		RunE:    func(*cobra.Command, []string) error { order = append(order, w.Output.Now.String()); return nil },
	}
	w.AddOutput(cmd, true)
	w.root.AddCommand(cmd)
	w.root.SetArgs([]string{"check", "--utc", "-o", "wide", "--no-headers"})
	if err := w.root.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	if strings.Join(order, "|") != "own|"+at.String() || !w.Output.UTC || w.Output.Format != render.FormatWide || !w.Output.NoHeaders {
		t.Errorf("%v, %+v", order, w.Output)
	}
	bad := errors.New("not so")
	cmd = &cobra.Command{Use: "wait", PreRunE: func(*cobra.Command, []string) error { return bad }, RunE: cmd.RunE}
	w.AddOutput(cmd, true)
	w.root.AddCommand(cmd)
	w.root.SetArgs([]string{"wait", "-o", "nonsense"})
	w.root.SilenceErrors, w.root.SilenceUsage = true, true
	if err := w.root.ExecuteContext(t.Context()); !errors.Is(err, bad) {
		t.Errorf("the command's own refusal: %v", err)
	}
}

func TestUserAgent(t *testing.T) {
	w := newWorld(t)
	w.Build.Version = "1.4.0"
	if got := w.UserAgent(); got != "midwatch/1.4.0" {
		t.Errorf("got %q", got)
	}
	if got := w.flags(t, "--user-agent", "ours/1").UserAgent(); got != "ours/1" {
		t.Errorf("named: %q", got)
	}
}
