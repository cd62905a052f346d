package haproxy_test

import (
	"bufio"
	"context"
	"errors"
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/breaker/haproxy"
	"github.com/midwatch-cli/midwatch/probe"
)

// script opens an Admin whose connections answer each line in turn with the
// texts given, and tells what was sent.
func script(t testing.TB, answers ...string) (breaker.Admin, func() []string) {
	t.Helper()
	var lines []string
	done := make(chan struct{}, len(answers)+1)
	asked := 0
	a, err := haproxy.Driver().Open(breaker.Options{
		Log: slog.New(slog.DiscardHandler),
		Dial: func(context.Context, string, string) (net.Conn, error) {
			if asked == len(answers) {
				t.Fatalf("it asked more than %d times, after %q", asked, lines)
			}
			ours, theirs := net.Pipe()
			answer := answers[asked]
			asked++
			go func() {
				line, _ := bufio.NewReader(theirs).ReadString('\n')
				lines = append(lines, strings.TrimSuffix(line, "\n"))
				_, _ = theirs.Write([]byte(answer))
				theirs.Close()
				done <- struct{}{}
			}()
			return ours, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return a, func() []string {
		for range asked {
			<-done
		}
		return lines
	}
}

var at = breaker.Site{Base: "unix:///run/haproxy.sock"}

func tables(t testing.TB, state, stat string) string {
	t.Helper()
	return reply(t, state) + reply(t, stat)
}

func TestReplayList(t *testing.T) {
	a, sent := script(t, tables(t, "01-show-servers-state.txt", "02-show-stat-csv.txt"))
	list, err := a.List(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	if got := sent(); !slices.Equal(got, []string{"show servers state;show stat -1 4 -1"}) {
		t.Errorf("sent %q", got)
	}
	for i, want := range []struct {
		name            string
		state, observed fleet.BreakerState
		calls           int64
		note            string
	}{
		{"orders/o1", fleet.BreakerClosed, fleet.BreakerClosed, 1, ""},
		{"orders/o2", fleet.BreakerClosed, fleet.BreakerClosed, 1, ""},
		{"orders/o3", fleet.BreakerOpen, fleet.BreakerOpen, 0, "DOWN, L4CON Connection refused"},
		{"payments/p1", fleet.BreakerClosed, fleet.BreakerUnknown, 0, ""},
	} {
		b := list[i]
		if b.Name != want.name || b.State != want.state || b.Observed != want.observed || b.Calls != want.calls || b.Note != want.note || b.API != "haproxy" || b.Rejected != -1 {
			t.Errorf("%d: %+v, want %+v", i, b, want)
		}
		if ago := time.Since(b.Since); ago < time.Second || ago > time.Minute {
			t.Errorf("%s: since %v", b.Name, b.Since)
		}
	}
}

func TestReplaySet(t *testing.T) {
	before := tables(t, "01-show-servers-state.txt", "02-show-stat-csv.txt")
	tripped := tables(t, "08-state-after-maint.txt", "09-stat-after-maint.txt")
	drained := tables(t, "06-state-after-drain.txt", "02-show-stat-csv.txt")
	trip, reset := fleet.Order{Verb: fleet.Trip}, fleet.Order{Verb: fleet.Reset}
	for _, c := range []struct {
		what    string
		order   fleet.Order
		answers []string
		sent    string // the write; empty: none
		state   fleet.BreakerState
		err     error
		text    string
	}{
		{"trip", trip, []string{before, reply(t, "07-set-maint.txt"), tripped}, "set server orders/o1 state maint", fleet.BreakerForcedOpen, nil, ""},
		{"tripped already", trip, []string{tripped}, "", fleet.BreakerForcedOpen, nil, ""},
		{"reset", reset, []string{tripped, reply(t, "10-set-ready.txt"), before}, "set server orders/o1 state ready", fleet.BreakerClosed, nil, ""},
		{"reset of what drains", reset, []string{drained}, "", fleet.BreakerClosed, nil, ""},
		{"no right", trip, []string{before, reply(t, "17-no-permission.txt")}, "set server orders/o1 state maint", fleet.BreakerClosed, fleet.ErrDenied, "permission denied"},
		{"gone meanwhile", trip, []string{before, reply(t, "11-unknown-server.txt")}, "set server orders/o1 state maint", fleet.BreakerClosed, fleet.ErrNotFound, "No such server"},
		{"its backend gone", trip, []string{before, reply(t, "12-unknown-backend.txt")}, "set server orders/o1 state maint", fleet.BreakerClosed, fleet.ErrNotFound, "No such backend"},
		{"words differ", trip, []string{before, reply(t, "13-bad-state.txt")}, "set server orders/o1 state maint", fleet.BreakerClosed, nil, "expects 'ready'"},
		{"severity is said", trip, []string{before, "[3]: Permission denied\n\n"}, "set server orders/o1 state maint", fleet.BreakerClosed, fleet.ErrDenied, "permission denied"},
		{"no effect", trip, []string{before, reply(t, "07-set-maint.txt"), before}, "set server orders/o1 state maint", fleet.BreakerClosed, breaker.ErrNoEffect, "orders/o1 is UP"},
		{"no answer", trip, []string{before, ""}, "set server orders/o1 state maint", fleet.BreakerClosed, nil, "closed without an answer"},
		{"a share", fleet.Order{Verb: fleet.Trip, Share: 0.5}, []string{before}, "", fleet.BreakerClosed, errors.ErrUnsupported, "weights"},
		{"bypass", fleet.Order{Verb: fleet.Bypass}, []string{before}, "", fleet.BreakerClosed, errors.ErrUnsupported, "cannot bypass"},
	} {
		t.Run(c.what, func(t *testing.T) {
			a, sent := script(t, c.answers...)
			b, err := a.Set(t.Context(), at, "orders/o1", c.order)
			if b.State != c.state || (err == nil) != (c.err == nil && c.text == "") || c.err != nil && !errors.Is(err, c.err) || err != nil && !strings.Contains(err.Error(), c.text) {
				t.Errorf("%s, %v; want %s, %v with %q", b.State, err, c.state, c.err, c.text)
			}
			if got := sent(); c.sent == "" && len(got) != 1 || c.sent != "" && (len(got) < 2 || got[1] != c.sent) {
				t.Errorf("sent %q, want %q", got, c.sent)
			}
		})
	}
}

// What is no table is an error, with its beginning and where it came from.
func TestReplayNoTables(t *testing.T) {
	state, stat := reply(t, "01-show-servers-state.txt"), reply(t, "02-show-stat-csv.txt")
	for what, c := range map[string]struct {
		answer string
		reason fleet.Reason
		text   string
	}{
		"denied":              {reply(t, "17-no-permission.txt"), probe.ReasonAuth, "permission denied"},
		"the master":          {reply(t, "16-unknown-command.txt"), probe.ReasonProtocol, "does not know `show servers state`"},
		"info":                {reply(t, "22-show-info.txt"), probe.ReasonBody, "Name: HAProxy"},
		"state alone":         {state, probe.ReasonBody, "`show stat` was answered by no table"},
		"state broken off":    {state[:len(state)/2], probe.ReasonClosed, "broke off"},
		"stat broken off":     {state + stat[:len(stat)/2], probe.ReasonClosed, "broke off"},
		"nothing":             {"", probe.ReasonClosed, "closed without an answer"},
		"an empty line":       {"\n", probe.ReasonBody, "no table"},
		"HTTP":                {"HTTP/1.1 400 Bad Request\r\n\r\n", probe.ReasonClosed, "HTTP/1.1 400"},
		"columns missing":     {"1\n# be_id be_name\n3 orders\n\n" + stat, probe.ReasonBody, "no column srv_name"},
		"a row too short":     {strings.Replace(state, " 2 0 100 100 1 15 3 4 6 0 0 0 - 19001 - 0 0 - - 0\n", "\n", 1) + stat, probe.ReasonBody, "is no number"},
		"stat of other names": {state + "# a,b,\n1,2,\n\n", probe.ReasonBody, "no column pxname"},
	} {
		t.Run(what, func(t *testing.T) {
			a, _ := script(t, c.answer)
			list, err := a.List(t.Context(), at)
			reason, text := fleet.ReasonOf(err)
			if list != nil || err == nil || reason != c.reason || !strings.Contains(text, c.text) || !strings.Contains(text, at.Base) {
				t.Errorf("%v, %s: %s; want %s and %q", list, reason, text, c.reason, c.text)
			}
		})
	}
}

// A base that is no address of the API is refused before anything is dialled.
func TestBase(t *testing.T) {
	for _, base := range []string{"", "unix://", "unix://host/x", "tcp://host", "http://127.0.0.1:1", "tcp://[::1", "/run/haproxy.sock", "tcp://ops:hunter2@127.0.0.1:1", "://ops:hunter2@x"} {
		a, _ := script(t)
		_, err := a.List(t.Context(), breaker.Site{Base: base})
		if reason, text := fleet.ReasonOf(err); reason != probe.ReasonPolicy || strings.Contains(text, "hunter2") {
			t.Errorf("%q: %v", base, err)
		}
	}
}
