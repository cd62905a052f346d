package history_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/tui/history"
)

// switched is a pass in which an instance says of its breakers: a=open.
func switched(i int, states ...string) *fleet.Snapshot {
	s := pass(i, "pay", fleet.Up, 1)
	in := &s.Services[0].Instances[0]
	for _, text := range states {
		name, word, _ := strings.Cut(text, "=")
		state, err := fleet.ParseBreakerState(word)
		if err != nil {
			panic(err)
		}
		in.Breakers = append(in.Breakers, fleet.NewBreaker(name, state))
	}
	return s
}

// did is what a breaker did, in words: 0 closed, 3 open.
func did(l *history.Life, name string) string {
	var words []string
	for _, c := range l.Breaker(name) {
		words = append(words, fmt.Sprint(int(c.At.Sub(at(0)).Seconds())/5, " ", c.State))
	}
	return strings.Join(words, ", ")
}

// strip is its spells, a letter each.
func strip(l *history.Life, name string, n int) string {
	text := ""
	for _, s := range l.Spells(name, n) {
		if !s.Known {
			text += "."
			continue
		}
		text += s.State.String()[:1]
	}
	return text
}

// TestBreakers: how a breaker was found and each change since, also of one that
// nobody could read for a while, and of several that come in another order.
func TestBreakers(t *testing.T) {
	var h history.History
	for i, states := range [][]string{
		{"a=closed"}, {"a=closed", "b=open"}, {"b=open", "a=open"}, {}, {"a=half open"}, {"a=half open", "b=open"}, {"a=closed", "b=open"},
	} {
		s := switched(i, states...)
		if i == 3 {
			s.Services[0].Instances[0].BreakersWhy.Reason = probe.ReasonTimeout
		}
		h.Add(s)
	}
	l := h.Life(key("pay"))
	for name, want := range map[string]string{
		"a": "0 closed, 2 open, 3 unknown, 4 half_open, 6 closed",
		"b": "1 open, 3 unknown, 5 open",
		"c": "",
	} {
		if got := did(l, name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	for n, want := range map[int]string{0: "", 1: "o", 3: "ohh", 7: "ccouhhc", 100: "ccouhhc"} {
		if got := strip(l, "a", n); got != want {
			t.Errorf("%d slices: %q, want %q", n, got, want)
		}
	}
	if got := strip(l, "b", 7); got != ".oouuoo" {
		t.Errorf("b: %q", got)
	}
	if got := strip(l, "c", 7); got != "......." {
		t.Errorf("one that is not there: %q", got)
	}
	h.Add(pass(7, "other", fleet.Up, 1))
	h.Add(switched(8, "a=open"))
	if got := strip(l, "a", 9); got != "ccouhhc.o" {
		t.Errorf("an instance that was away: %q", got)
	}
}

// TestBreakersStay: changes stay when the passes around them are forgotten, as
// many as there is room for; what was before them is not made up.
func TestBreakersStay(t *testing.T) {
	var h history.History
	h.Add(switched(0, "a=closed"))
	for i := 1; i < 2*history.Kept; i++ {
		h.Add(switched(i, "a=open"))
	}
	l := h.Life(key("pay"))
	if got := did(l, "a"); got != "0 closed, 1 open" {
		t.Errorf("changes: %s", got)
	}
	if got := strip(l, "a", 4); got != "oooo" {
		t.Errorf("spells: %s", got)
	}
	for i := range 2 * history.Changes {
		h.Add(switched(2*history.Kept+i, []string{"a=closed", "a=open"}[i%2]))
	}
	if got := len(l.Breaker("a")); got != history.Changes {
		t.Errorf("%d changes", got)
	}
	if got := strip(l, "a", history.Kept); got != strings.Repeat(".", history.Kept-history.Changes)+strings.Repeat("co", history.Changes/2) {
		t.Errorf("spells: %s", got)
	}
	many := switched(3 * history.Kept)
	for i := range 300 {
		many.Services[0].Instances[0].Breakers = append(many.Services[0].Instances[0].Breakers, fleet.NewBreaker(fmt.Sprint(i), fleet.BreakerOpen))
	}
	h.Add(many)
	if l.Breaker("150") == nil || l.Breaker("299") != nil {
		t.Error("a bounded number of breakers is followed")
	}
}

// TestBreakersComeAndGo: breakers that have another name each time do not keep the
// place of those to come; one that its instance cannot say is not gone.
func TestBreakersComeAndGo(t *testing.T) {
	var h history.History
	for i := range 500 {
		h.Add(switched(i, "kept=closed", fmt.Sprint("call-", i, "=open")))
	}
	l := h.Life(key("pay"))
	for name, want := range map[string]string{
		"kept":                                  "0 closed",
		"call-499":                              "499 open",
		"call-498":                              "498 open, 499 unknown",
		fmt.Sprint("call-", 500-history.Kept):   fmt.Sprint(500-history.Kept, " open, ", 501-history.Kept, " unknown"),
		fmt.Sprint("call-", 500-history.Kept-1): "",
	} {
		if got := did(l, name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	for i := range 2 * history.Kept {
		h.Add(switched(500 + i))
	}
	if got := did(l, "kept"); got != "0 closed, 500 unknown" {
		t.Errorf("nobody could say: %s", got)
	}
	h.Add(switched(500+2*history.Kept, "kept=open"))
	if got := did(l, "kept"); got != fmt.Sprint("0 closed, 500 unknown, ", 500+2*history.Kept, " open") {
		t.Errorf("it says again: %s", got)
	}
}

// TestBreakersPlayedFromEarlier: what came after the time that one goes back to is
// taken back.
func TestBreakersPlayedFromEarlier(t *testing.T) {
	var h history.History
	for i, state := range []string{"closed", "open", "open", "half open", "closed"} {
		h.Add(switched(i, "a="+state))
	}
	late := switched(5, "a=open", "b=open")
	h.Add(late)
	h.Add(switched(2, "a=open"))
	l := h.Life(key("pay"))
	if got := did(l, "a"); got != "0 closed, 1 open" || l.Breaker("b") != nil {
		t.Errorf("a: %s, b: %v", got, l.Breaker("b"))
	}
	h.Add(switched(3, "a=closed"))
	if got := did(l, "a") + " " + strip(l, "a", 4); got != "0 closed, 1 open, 3 closed cooc" {
		t.Errorf("on from there: %s", got)
	}
}
