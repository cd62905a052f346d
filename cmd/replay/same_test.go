package replay_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd"
	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/replay"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet/record"
	"github.com/midwatch-cli/midwatch/fleet/record/line"
)

// lines are what people type, for each command that a recording answers.
func lines() map[string][]string {
	return map[string][]string{
		"services":        {"services", "services payment", "services -l team=shop", "services nobody"},
		"instances":       {"instances", "instances one:* --zone a", "instances --service-version 2.4.1"},
		"check":           {"check", "check payment order", "check --explain", "check user --fail-on unknown", "check paymnt", "check empty", "check --ignore payment", "check order --fail-on-query process_resident_memory_bytes>1e6", "check --fail-on-query midwatch_instance_up==0"},
		"wait":            {"wait payment --for count=2", "wait payment --for up --min-healthy 1 --min-instances 0", "wait user --fail-on down"},
		"watch":           {"watch --timeout 1s"},
		"breakers":        {"breakers", "breakers order/pay*", "breakers payment"},
		"breakers list":   {"breakers list --open"},
		"breakers show":   {"breakers show order/payment", "breakers show order/nobody"},
		"breakers events": nil, // an owner remembers what it did, a recording what was seen
		"metrics":         {"metrics order --window 1s", "metrics --by instance --window 1s --explain", "metrics user --window 1s"},
		"query": {
			"query up", "query http_requests_total order", "query sum(http_requests_total)by(code)", "query nothing", "query midwatch_instance_up==0 -q",
			"query midwatch_breaker_state==1", "query up{ order",
		},
		"top":     nil, // needs a terminal
		"resolve": {"resolve payment --all --seed 1", "resolve user", "resolve order --all --seed 1"},
	}
}

// formatsOf are those that a command has, and what it does without one.
func formatsOf(t *testing.T, root *cobra.Command, path string) []string {
	t.Helper()
	c, _, err := root.Find(words(path))
	if err != nil {
		t.Fatal(err)
	}
	complete, ok := c.GetFlagCompletionFunc("output")
	if !ok {
		t.Fatalf("%s has no formats", path)
	}
	formats, _ := complete(c, nil, "")
	return append(formats, "")
}

// each calls do with every line of every command in every format.
func each(t *testing.T, do func(t *testing.T, args []string)) {
	t.Helper()
	io, _, _ := term.Test("")
	root := cmd.New(app.New(io, func(string) string { return "" }))
	for path, all := range lines() {
		for _, text := range all {
			t.Run(text, func(t *testing.T) {
				for _, format := range formatsOf(t, root, path) {
					args := words(text)
					if format != "" {
						args = append(args, "-o", format)
					}
					do(t, args)
				}
			})
		}
	}
	for _, path := range replay.Answered() {
		if _, ok := lines()[path]; !ok {
			t.Errorf("%s is answered, and nobody looks whether rightly", path)
		}
	}
}

// TestTheSameBytes: what went through a file is shown by every command, in every
// format, as what did not.
func TestTheSameBytes(t *testing.T) {
	p := pass(t, registries(t))
	path := file(t, "a"+record.Extension)
	w, err := record.Create(path, line.Header{Contexts: []string{""}}, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Pass(p); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(p.Snapshot.At, ""); err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, args []string) {
		if measures(args) {
			return // there is no store in memory; see TestAsItWas
		}
		want := remembered(t, p, args...)
		got := run(t, append([]string{"replay", path, "--speed", "max", "--"}, args...)...)
		got.errs = regexp.MustCompile(`(?m)^the recording ends at .*\n`).ReplaceAllString(got.errs, "")
		want.errs, got.errs = withoutError(want.errs), withoutError(got.errs)
		same(t, args, got, want)
	})
}

// same compares two ends, and shows where they part.
func same(t *testing.T, args []string, got, want end) {
	t.Helper()
	if got.code != want.code {
		t.Errorf("%q ended with %d, want %d", args, got.code, want.code)
	}
	for _, s := range [][2]string{{got.out, want.out}, {got.errs, want.errs}} {
		at := 0
		for at < len(s[0]) && at < len(s[1]) && s[0][at] == s[1][at] {
			at++
		}
		if s[0] != s[1] {
			around := func(text string) string { return text[max(0, at-60):min(len(text), at+60)] }
			t.Errorf("%q:\ngot  ...%q\nwant ...%q", args, around(s[0]), around(s[1]))
		}
	}
}

// measures says whether a command reads metrics.
func measures(args []string) bool {
	return args[0] == "metrics" || args[0] == "query" || slices.Contains(args, "--fail-on-query")
}

// withoutError leaves out what the root says of an error that a command
// returned.
func withoutError(errs string) string {
	return regexp.MustCompile(`(?m)^(error|hint): .*\n`).ReplaceAllString(errs, "")
}

// What differs from one look to the next, however alike they are.
var changing = []struct{ pattern, becomes string }{
	{`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?`, "TIME"},
	{`("?\w*[sS]econds"?: ?)[-+.e\d]+`, "${1}N"},
	{`\b\d+(\.\d+)? (µs|ms|s|m)\b`, "DURATION"},
	{`(\w+_seconds(_\w+)?(\{[^}]*\})?) \S+`, "$1 N"},
	{`(time|duration)="[^"]*"`, `$1="N"`},
	{`time=[\d.]+s`, "time=N"},
	{`127\.0\.0\.1:\d+->`, "FROM->"},
	{`(?m)^watching .*\n`, ""}, // a busy machine may not have got so far
	{`\b\d\d:\d\d:\d\d UTC`, "TIME"},
	{`(\[|- )1\d{9}(\.\d+)?\b`, "${1}TIME"}, // Prometheus' own
	{`"print":\d+`, `"print":N`},
}

func masked(e end) end {
	for _, c := range changing {
		p := regexp.MustCompile(c.pattern)
		e.out, e.errs = p.ReplaceAllString(e.out, c.becomes), p.ReplaceAllString(e.errs, c.becomes)
	}
	return e
}

// TestAsItWas: a recording answers every command as the fleet did, which had
// not changed meanwhile, but for what differs from one look to the next.
func TestAsItWas(t *testing.T) {
	urls := registries(t)[:2] // a silent one is waited for
	path := file(t, "a"+record.Extension)
	var flags []string
	for _, u := range urls {
		flags = append(flags, "--registry", u)
	}
	recorded := run(t, append([]string{"record", "--to", path, "--attempts", "1", "--interval", "100ms", "--duration", "3s"}, flags...)...)
	if recorded.code != 0 {
		t.Fatalf("%+v", recorded)
	}
	each(t, func(t *testing.T, args []string) {
		slow := args[0] == "wait" || args[0] == "watch" || args[0] == "metrics"
		if format := args[len(args)-1]; slow && format != "json" && args[len(args)-2] == "-o" {
			return // its formats are looked at elsewhere
		}
		live := slices.Concat(args, flags)
		if args[0] == "check" {
			live = append(live, "--attempts", "1")
		}
		switch args[0] {
		case "watch":
			live = append(live, "--interval", "100ms")
		case "wait": // one look is enough; a busy machine must not skip it for the next
			live = append(live, "--interval", "10s")
		}
		want := masked(run(t, live...))
		// Who looks once guesses as the recorder's first pass did, and has read pages
		// once; who reads twice has, in the end.
		at := []string{"--at", "+0s"}
		if args[0] == "metrics" {
			at = nil
		}
		got := run(t, slices.Concat([]string{"replay", path, "--speed", "max"}, at, []string{"--"}, args)...)
		got.errs = regexp.MustCompile(`(?m)^the recording ends at .*\n`).ReplaceAllString(got.errs, "")
		same(t, args, masked(got), want)
	})
}

// TestEveryCommandHasItsPlace: a recording answers a command, or says why not;
// nothing is left to chance.
func TestEveryCommandHasItsPlace(t *testing.T) {
	io, _, _ := term.Test("")
	root := cmd.New(app.New(io, func(string) string { return "" }))
	known := slices.Concat(replay.Answered(), replay.Asking(), replay.Writing())
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		for _, sub := range c.Commands() {
			path := strings.TrimPrefix(sub.CommandPath(), "midwatch ")
			walk(sub)
			if looks := sub.GroupID == "look" || c.GroupID == "look"; looks && !slices.Contains(known, path) && path != "replay" {
				t.Errorf("midwatch %s: does a recording answer it?", path)
			}
			if sub.Flags().Lookup("yes") != nil && !slices.Contains(replay.Writing(), path) {
				t.Errorf("midwatch %s writes, and replay does not know", path)
			}
		}
	}
	walk(root)
	for _, path := range known {
		if c, _, err := root.Find(words(path)); err != nil || strings.TrimPrefix(c.CommandPath(), "midwatch ") != path {
			t.Errorf("there is no command %q", path)
		}
	}
}

// TestClockOfACommand: it is what the recording says, and moves with what the
// command has taken.
func TestClockOfACommand(t *testing.T) {
	p := pass(t, registries(t)[:2])
	path := file(t, "a.jsonl")
	w, err := record.Create(path, line.Header{Contexts: []string{""}}, false)
	if err != nil {
		t.Fatal(err)
	}
	begin := p.Snapshot.At
	for i := range 5 {
		s := *p.Snapshot
		s.Seq, s.At = uint64(i+1), begin.Add(time.Duration(i)*time.Minute)
		if err := w.Pass(record.Pass{Snapshot: &s}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(begin, ""); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ at, args, want string }{
		{"", "check --jq .at", begin.Add(4 * time.Minute).UTC().Format("2006-01-02T15:04:05.000Z")},
		{"+90s", "check --jq .at", begin.Add(time.Minute).UTC().Format("2006-01-02T15:04:05.000Z")},
		{"-2m", "services --jq .at", begin.Add(2 * time.Minute).UTC().Format("2006-01-02T15:04:05.000Z")},
		{"", "wait payment --for count=2 --stable-for 2m --jq .wait.waitedSeconds", "120"},
		{"", "wait payment --for count=2 --consecutive 4 --jq .wait.waitedSeconds", "180"},
		{"+1m", "wait payment --for count=2 --consecutive 4 --jq .wait.waitedSeconds", "180"},
		{"+90s", "wait payment --for count=2 --stable-for 1m --jq .wait.waitedSeconds", "30"}, // since 1m, and it was 90s when waiting began
		{"", "wait payment --for up --timeout 150s --jq .wait.waitedSeconds", "150"},
		{"", "wait payment --for up --jq .wait.waitedSeconds", "240"},
		{"+1m", "check -w --jq .at", ""},
	} {
		args := []string{"replay", path, "--speed", "max"}
		if tt.at != "" {
			args = append(args, "--at", tt.at)
		}
		got := run(t, append(append(args, "--"), words(tt.args)...)...)
		if tt.want != "" && strings.TrimSpace(got.out) != tt.want {
			t.Errorf("--at %q %s: %q, want %q\n%s", tt.at, tt.args, got.out, tt.want, got.errs)
		}
		if tt.want == "" && strings.Count(got.out, "\n") != 4 {
			t.Errorf("--at %q %s: %q", tt.at, tt.args, got.out)
		}
	}
}
