package measure_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/cmdtest"
	"github.com/midwatch-cli/midwatch/cmd/measure"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
)

// TestDoubts: each service and reason is told once; what is known to have no
// metrics is no doubt.
func TestDoubts(t *testing.T) {
	var p page
	well, bare := p.serve(t), cmdtest.Up(t)
	denied := cmdtest.Handler(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	dead, gone := cmdtest.Closed(t), cmdtest.Closed(t)
	for _, c := range []struct {
		name     string
		services []string
		args     string
		own      bool
		code     app.Code
		says     []string
		from     string
	}{
		{name: "well", services: []string{"order o-1=" + well}, from: ", read from 1 of 1 instance"},
		{name: "bare", services: []string{"bare b-1=" + bare}, from: ", read from 0 of 1 instance"},
		{name: "dead", services: []string{"order o-1=" + well + " o-2=" + dead}, code: app.CannotSay, says: []string{"metrics of order/o-2 could not be read: "}, from: ", read from 1 of 2 instances"},
		{name: "two dead", services: []string{"order o-1=" + gone + " o-2=" + dead, "pay p-1=" + dead}, code: app.CannotSay, says: []string{"metrics of order/o-1 and 1 more instance could not be read: ", "metrics of pay/p-1 could not be read: "}, from: ", read from 0 of 3 instances"},
		{name: "denied", services: []string{"order o-1=" + denied}, code: app.CannotSay, says: []string{"metrics of order/o-1 could not be read: "}, from: ", read from 0 of 1 instance"},
		{name: "of our own", services: []string{"order o-1=" + dead}, own: true, from: ", read from 0 of 1 instance"},
		{name: "unknown", services: []string{"order o-1=" + well}, args: "odrer", code: app.CannotSay, says: []string{"no such service: odrer"}, from: ", read from 0 of 0 instances"},
		{name: "empty", services: []string{"order"}, from: ", read from 0 of 0 instances"},
	} {
		var d measure.Doubts
		var r measure.Reading
		var a *app.App
		got := cmdtest.Command{
			New: asking{show: func(_ *measure.Session, reading measure.Reading) error {
				r = reading
				d = r.Doubts(c.own)
				d.Tell(a)
				return nil
			}}.new,
			Prepare: func(prepared *app.App) { a = prepared },
		}.Run(t, append(strings.Fields(c.args), "--registry", cmdtest.Inventory(t, c.services...))...)
		if got.Err != nil || d.Code() != c.code || r.From() != c.from || r.Empty() != (c.name == "unknown") {
			t.Errorf("%s: %v, %d, %q", c.name, got.Err, d.Code(), r.From())
		}
		if n := strings.Count(got.Errs, "error: "); n != len(c.says) {
			t.Errorf("%s: said %q", c.name, got.Errs)
		}
		for _, want := range c.says {
			if !strings.Contains(got.Errs, "error: "+want) {
				t.Errorf("%s: did not say %q but %q", c.name, want, got.Errs)
			}
		}
	}
}

// TestSilent: a page that was named and is not there is a failure; one that was
// looked for is not.
func TestSilent(t *testing.T) {
	why := fleet.Why{Reason: probe.ReasonNotFound}
	for name, c := range map[string]struct {
		in     fleet.InstanceView
		silent bool
	}{
		"no address":      {fleet.InstanceView{}, true},
		"looked for":      {fleet.InstanceView{Plan: fleet.Plan{Metrics: &fleet.Exposition{}}, Scrape: fleet.Scrape{Why: why}}, true},
		"named":           {fleet.InstanceView{Plan: fleet.Plan{Metrics: &fleet.Exposition{Named: true}}, Scrape: fleet.Scrape{Why: why}}, false},
		"read":            {fleet.InstanceView{Plan: fleet.Plan{Metrics: &fleet.Exposition{}}, Scrape: fleet.Scrape{At: time.Now()}}, false},
		"does not answer": {fleet.InstanceView{Plan: fleet.Plan{Metrics: &fleet.Exposition{}}, Scrape: fleet.Scrape{Why: fleet.Why{Reason: probe.ReasonTimeout}}}, false},
	} {
		if got := measure.Silent(&c.in); got != c.silent {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestWrapped(t *testing.T) {
	streams, _, _ := term.Test("")
	a := app.New(streams, func(string) string { return "" })
	a.IO.Wide = func() int { return 20 }
	long := "a line that is longer than a terminal of so few columns"
	if got := measure.Wrapped(a, "", long, "b"); len(got) != 2 || got[0] != long {
		t.Errorf("off a terminal: %q", got)
	}
	a.IO.OutTTY = true
	for _, c := range []struct{ line, want string }{
		{long, "a line that is\n  longer than a\n  terminal of so few\n  columns"},
		{"  indented, and longer than it", "  indented, and\n    longer than it"},
		{"short", "short"},
		{"exactly twenty chars", "exactly twenty chars"},
		{"http://127.0.0.1:12345/a/long/word and more", "http://127.0.0.1:12345/a/long/word and more"},
		{"日本語日本語 日本語日本語 x", "日本語日本語\n  日本語日本語 x"},
	} {
		if got := strings.Join(measure.Wrapped(a, c.line), "\n"); got != c.want {
			t.Errorf("%q:\n%s\nwant\n%s", c.line, got, c.want)
		}
	}
}

// TestOnAndOn: -w shows each pass, and ends as the last one did.
func TestOnAndOn(t *testing.T) {
	var p page
	shown := 0
	got := cmdtest.Command{New: asking{show: func(*measure.Session, measure.Reading) error {
		shown++
		return app.End(app.CannotSay)
	}}.new, Prepare: func(a *app.App) { a.IO.OutTTY = true }}.Run(t, "-w", "--interval", "100ms", "--timeout", "1s", "--registry", cmdtest.Inventory(t, "order o-1="+p.serve(t)))
	pages, _ := p.counts()
	if shown < 3 || pages < shown || got.Code() != app.CannotSay || strings.Count(got.Out, term.Redraw) != shown {
		t.Errorf("%d were shown of %d pages, %d redraws, ended with %d", shown, pages, strings.Count(got.Out, term.Redraw), got.Code())
	}
}
