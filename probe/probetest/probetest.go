// Package probetest is the conformance suite for probers. A World is a kind of
// prober with the hands that set up far ends for it; Run holds it against every
// rule of the Prober contract. Everything happens on loopback.
package probetest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/midwatch-cli/midwatch/probe"
)

// Settings are what a prober is opened with.
type Settings struct {
	Roots       *x509.CertPool // the only authority to trust
	Resolver    *net.Resolver  // knows no name at all
	DialTimeout time.Duration
}

// World is one kind of prober and its hands. Each hand starts a far end on the
// listener it is given, which it closes when the test ends, and returns the
// target to ask; the target's address is the listener's. A hand that is nil
// means that it cannot be done, and the cases that want it must stand in Cannot.
type World struct {
	Open     func(t *testing.T, s Settings) probe.Prober
	Serve    func(t *testing.T, ln net.Listener) probe.Target                                         // is well
	ServeTLS func(t *testing.T, ln net.Listener, cert tls.Certificate) probe.Target                   // is well, over TLS; asked as localhost
	Unwell   func(t *testing.T, ln net.Listener) probe.Target                                         // says it is not well
	Slow     func(t *testing.T, ln net.Listener, d time.Duration) (target probe.Target, phase string) // is well and takes d before its first byte; where that shows
	Endless  func(t *testing.T, ln net.Listener) probe.Target                                         // its answer never ends
	Redirect func(t *testing.T, ln net.Listener) probe.Target                                         // sends everybody on for ever
	Hostile  func(t *testing.T, ln net.Listener, text string) probe.Target                            // text is in its answer, wherever it fits

	CA     *CA               // who signs the certificates, where the hands need to know; nil: the suite's own
	AtOnce int               // of the five hundred, where the far end cannot take them all at once; 0 is all
	Cannot map[string]string // case to reason: what this kind cannot do, or has no word for
}

// suite is one run on one World.
type suite struct {
	World
	ca *CA
}

// rule is one case of the suite.
type rule struct {
	name string
	says string // printed when it is broken
	can  func(w *World) bool
	run  func(t *testing.T, s *suite)
}

func always(w *World) bool   { return w.Serve != nil }
func overTLS(w *World) bool  { return w.ServeTLS != nil }
func plain(w *World) bool    { return w.Serve != nil }
func unwell(w *World) bool   { return w.Unwell != nil }
func slow(w *World) bool     { return w.Slow != nil }
func endless(w *World) bool  { return w.Endless != nil }
func redirect(w *World) bool { return w.Redirect != nil }
func hostile(w *World) bool  { return w.Hostile != nil }

// rules are the cases. "Prober cases" of the design.
func rules() []rule {
	return []rule{
		{"pass", "what is well passes", always, passes},
		{"pass/ipv6", "an IPv6 address is asked like any other; without a way there it is unknown, never down", always, passesIPv6},
		{"pass/unix", "a unix socket is asked like a port", always, passesUnix},
		{"unwell", "what says that it is not well fails", unwell, saysUnwell},
		{"refused", "a closed port is a failure: refused", always, refused},
		{"closed", "a connection closed without an answer is a failure: closed", always, closed},
		{"reset", "a connection reset is a failure: reset", always, reset},
		{"garbage", "another protocol on the port is unknown: nobody said it is unwell", always, garbage},
		{"blackhole/accepted", "a peer that accepts and is silent ends at the deadline: timeout, and Took is near it", always, blackHole},
		{"blackhole/dial", "a peer that swallows packets ends at the dial limit: timeout, in the phase dial", always, blackHoleDial},
		{"cancel/before", "a cancelled context is unknown, never a failure", always, cancelBefore},
		{"cancel/while", "cancelling ends a probe within a moment: unknown, never a failure", always, cancelWhile},
		{"cancel/dial", "cancelling ends a dial within a moment: unknown, never a failure", always, cancelDial},
		{"deadline/before", "a deadline that has passed is a failure: timeout", always, deadlineBefore},
		{"resolve", "a name that does not resolve is unknown: it says nothing of the service", always, unresolved},
		{"tls/pass", "a certificate that is right is no matter, and its end is told", overTLS, tlsPasses},
		{"tls/name", "a certificate for another name is a failure that says for whom it is", overTLS, tlsWrongName},
		{"tls/expired", "an expired certificate is a failure that says when it ended", overTLS, tlsExpired},
		{"tls/not-yet", "a certificate that is not valid yet is a failure that says from when it is", overTLS, tlsNotYet},
		{"tls/untrusted", "an authority we do not trust is unknown: that is a matter of our settings", overTLS, tlsUntrusted},
		{"scheme/plain-port", "TLS spoken to a plain port is unknown: wrong_scheme", overTLS, tlsToPlain},
		{"scheme/tls-port", "plain spoken to a TLS port is unknown: wrong_scheme", plain, plainToTLS},
		{"endless", "an answer without end is cut or ends at the deadline, and memory stays", endless, neverEnds},
		{"redirect", "redirects without end are unknown", redirect, redirects},
		{"slow/phase", "a slow first byte lands in the phase it belongs to", slow, slowPhase},
		{"hostile", "bytes that are no text survive as text that is valid", hostile, hostileText},
		{"many", "five hundred at once all pass and leave no descriptor behind", always, many},
	}
}

// Run holds a World against every rule. A case may be declared impossible, with
// its reason, in World.Cannot, but never both possible and declared.
func Run(t *testing.T, w World) {
	s := &suite{World: w, ca: w.CA}
	if s.ca == nil {
		s.ca = NewCA(t)
	}
	all := rules()
	for name := range w.Cannot {
		if !slices.ContainsFunc(all, func(r rule) bool { return r.name == name }) {
			t.Errorf("Cannot names %q, which is no case of the suite", name)
		}
	}
	for _, r := range all {
		t.Run(r.name, func(t *testing.T) {
			why, declared := w.Cannot[r.name]
			switch {
			case declared && why == "":
				t.Fatalf("declared impossible without a reason; the rule: %s", r.says)
			case declared:
				t.Logf("declared impossible: %s", why)
				return
			case !r.can(&w):
				t.Fatalf("the hand for it is missing and that is not declared in Cannot; the rule: %s", r.says)
			}
			defer func() {
				if t.Failed() {
					t.Logf("the rule: %s", r.says)
				}
			}()
			r.run(t, s)
		})
	}
}

// limit is what a probe is given when nothing is to run out.
const limit = 10 * time.Second

// open makes a prober that trusts the suite's authority.
func (s *suite) open(t *testing.T) probe.Prober {
	t.Helper()
	return s.Open(t, Settings{Roots: s.ca.Pool(), Resolver: NoNames(t), DialTimeout: 5 * time.Second})
}

// at is a good target moved to another address.
func (s *suite) at(t *testing.T, address string) probe.Target {
	t.Helper()
	target := s.Serve(t, Listen(t))
	target.Address = address
	return target
}

// ask asks with a limit and holds the Result against what every Result must be.
func ask(t *testing.T, p probe.Prober, target probe.Target, limit time.Duration) probe.Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	return askIn(ctx, t, p, target)
}

func askIn(ctx context.Context, t *testing.T, p probe.Prober, target probe.Target) probe.Result {
	t.Helper()
	start := time.Now()
	r := p.Probe(ctx, target)
	took := time.Since(start)
	for _, complaint := range Complaints(&r, target, took) {
		t.Errorf("%s: %s", describe(&r), complaint)
	}
	return r
}

// Complaints lists what is wrong with a Result whatever was asked: took is how
// long the call was.
func Complaints(r *probe.Result, target probe.Target, took time.Duration) []string {
	var all []string
	complain := func(bad bool, text string) {
		if bad {
			all = append(all, text)
		}
	}
	complain(r.Target != target, "Target is not what was asked")
	complain(r.At.IsZero(), "At is not set")
	complain(r.Took <= 0 || r.Took > took, "Took is not within the call")
	complain(r.Outcome == probe.Pass && r.Reason != probe.ReasonNone, "passed with a reason")
	complain(r.Outcome != probe.Pass && r.Reason == probe.ReasonNone, "did not pass and gives no reason")
	complain(r.Outcome != probe.Pass && r.Detail == "", "did not pass and gives no detail")
	complain(r.Attempts > 1, "one call counts as several attempts")
	complain(strings.ContainsAny(r.Detail, "\n\r"), "Detail is more than one line")
	var sum time.Duration
	for _, p := range r.Phases {
		complain(!slices.Contains([]string{"resolve", "dial", "tls", "send", "wait", "body"}, p.Name), "unknown phase "+p.Name)
		complain(p.Took < 0, "a phase took less than no time")
		sum += p.Took
	}
	complain(sum > r.Took, "the phases add up to more than Took")
	texts := append([]string{r.Detail, r.Excerpt, r.Health.Text, r.Health.Detail}, r.Trace...)
	for _, c := range r.Health.Components {
		texts = append(texts, c.Name, c.Text, c.Detail)
	}
	for _, text := range texts {
		complain(!utf8.ValidString(text), "a text is not valid UTF-8")
	}
	return append(all, jsonComplaints(r)...)
}

// jsonComplaints: what is written and read again is written the same.
func jsonComplaints(r *probe.Result) []string {
	first, err := json.Marshal(r)
	if err != nil {
		return []string{"does not go into JSON: " + err.Error()}
	}
	var back probe.Result
	if err := json.Unmarshal(first, &back); err != nil {
		return []string{"does not come out of JSON: " + err.Error()}
	}
	second, err := json.Marshal(back)
	if err != nil || string(first) != string(second) {
		return []string{"does not survive JSON"}
	}
	if !back.At.Equal(r.At) || back.Took != r.Took || back.Detail != r.Detail || back.Excerpt != r.Excerpt || len(back.Phases) != len(r.Phases) {
		return []string{"is another after JSON"}
	}
	return nil
}

func describe(r *probe.Result) string {
	return r.Target.String() + " " + r.Outcome.String() + " (" + string(r.Reason) + ": " + r.Detail + ")"
}

// want holds a Result against an outcome and a reason.
func want(t *testing.T, r probe.Result, outcome probe.Outcome, reasons ...probe.Reason) {
	t.Helper()
	if r.Outcome != outcome || !slices.Contains(reasons, r.Reason) {
		t.Errorf("%s; want %s, %q", describe(&r), outcome, reasons)
	}
}

func passes(t *testing.T, s *suite) {
	r := ask(t, s.open(t), s.Serve(t, Listen(t)), limit)
	want(t, r, probe.Pass, probe.ReasonNone)
	if !r.Answered {
		t.Error("passed, and Answered is false")
	}
	if time.Since(r.At) > limit || time.Until(r.At) > 0 {
		t.Errorf("At is %s", r.At)
	}
}

func passesIPv6(t *testing.T, s *suite) {
	var lc net.ListenConfig
	ln, err := lc.Listen(t.Context(), "tcp6", "[::1]:0")
	if err != nil {
		// A machine without IPv6: the address leads nowhere from here.
		want(t, ask(t, s.open(t), s.at(t, "[::1]:9"), limit), probe.Unknown, probe.ReasonNoRoute)
		return
	}
	want(t, ask(t, s.open(t), s.Serve(t, ln), limit), probe.Pass, probe.ReasonNone)
}

func passesUnix(t *testing.T, s *suite) {
	var lc net.ListenConfig
	ln, err := lc.Listen(t.Context(), "unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	target := s.Serve(t, ln)
	target.Network, target.Address = "unix", ln.Addr().String()
	p := s.open(t)
	want(t, ask(t, p, target, limit), probe.Pass, probe.ReasonNone)
	target.Address += "-not-there"
	want(t, ask(t, p, target, limit), probe.Fail, probe.ReasonRefused)
}

func saysUnwell(t *testing.T, s *suite) {
	r := ask(t, s.open(t), s.Unwell(t, Listen(t)), limit)
	want(t, r, probe.Fail, probe.ReasonReported, probe.ReasonStatus)
	if !r.Answered {
		t.Error("it answered, and Answered is false")
	}
}
