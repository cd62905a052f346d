package dialog_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/dialog"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/page/pagetest"
)

// choosing is a want with breakers to choose from.
func choosing(w page.Want, breakers ...string) page.Want {
	w.Breakers = breakers
	return w
}

// TestForm: what is asked of each wish, in which words, and what enter makes of it
// as it stands.
func TestForm(t *testing.T) {
	for _, c := range []struct {
		name  string
		want  page.Want
		says  string
		asks  string // the fields, in their order
		ttl   time.Duration
		means string // breakers of targets
	}{
		{
			"one of several breakers", choosing(wish(desk.Trip, "order"), "payment", "user"), "Trip breaker payment on all 2 instances of order (prod): calls through it are refused at once.",
			"breaker reason back after", 10 * time.Minute, "order:payment",
		},
		{"the one breaker there is", choosing(wish(desk.Trip, "payment"), "db"), "Trip breaker db on the one instance of payment (prod): calls through it are refused at once.", "reason back after", 10 * time.Minute, "payment:db"},
		{"of an instance", choosing(wish(desk.Bypass, "order/order-1"), "payment"), "Bypass breaker payment on order-1 (prod): calls pass unprotected, whatever becomes of them.", "where reason back after", 10 * time.Minute, "order/order-1:payment"},
		{"of the only instance", wish(desk.Reset, "payment/payment-1:db"), "Reset breaker db on payment-1 (prod): it is closed and left alone, and may open again at once.", "reason", 0, "payment/payment-1:db"},
		{"half-open", wish(desk.HalfOpen, "payment:db"), "Half-open breaker db on the one instance of payment (prod): a few calls are let through, and by them it is decided.", "reason", 0, "payment:db"},
		{"of what is gone", wish(desk.Trip, "gone:db"), "Trip breaker db on gone (prod): calls through it are refused at once.", "reason back after", 10 * time.Minute, "gone:db"},
		{"several", wish(desk.Trip, "order/order-1:payment", "payment:db"), "Trip 2 breakers, order-1/payment, payment/db (prod): calls through them are refused at once.", "reason back after", 10 * time.Minute, "order/order-1:payment payment:db"},
		{"many", wish(desk.Drain, "order/a", "order/b", "order/c", "order/d", "order/e"), "Drain 5 instances, a, b, c, 2 more (prod): no new calls come, those in flight finish.", "reason back after how many", 10 * time.Minute, "order/a order/b order/c order/d order/e"},
		{"drain", wish(desk.Drain, "order/order-2"), "Drain order-2 (prod): no new calls come, those in flight finish.", "where reason back after how many", 10 * time.Minute, "order/order-2"},
		{"undrain", wish(desk.Undrain, "order/order-2"), "Put back into use order-2 (prod): calls come again.", "where reason", 0, "order/order-2"},
		{"odd", choosing(wish(desk.Trip, odd), odd), `Trip breaker \x1b[2Jp\x07ay`, "reason back after", 10 * time.Minute, odd + ":" + odd},
		{"a verb of tomorrow", wish("dance", "order"), "dance all 2 instances of order (prod).", "reason", 0, "order"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := view(200, 20)
			f := dialog.NewForm(v, c.want)
			sees(t, f, v, c.says, "A plan comes first")
			var asks []string
			for _, line := range strings.Split(drawn(t, f, v), "\n") {
				for _, name := range []string{"breaker ", "where ", "reason", "back after ", "how many "} {
					if strings.HasPrefix(strings.TrimLeft(line, " ▌"), name) {
						asks = append(asks, strings.TrimSpace(name))
					}
				}
			}
			if got := strings.Join(asks, " "); got != c.asks {
				t.Errorf("asks %s, want %s", got, c.asks)
			}
			looks(t, f)
			intent, over := press(f, v, "enter")
			made, ok := intent.(page.Make)
			if !ok || over {
				t.Fatalf("%#v, %v", intent, over)
			}
			var means []string
			for _, t := range made.Wish.Targets {
				name := t.Key.Name
				if t.Key.Instance != "" {
					name += "/" + t.Key.Instance
				}
				if t.Breaker != "" {
					name += ":" + t.Breaker
				}
				means = append(means, name)
			}
			if got := strings.Join(means, " "); got != c.means || made.Wish.TTL != c.ttl || made.Wish.AllowEmpty || made.Wish.Reason != "" || made.Wish.Context != "prod" {
				t.Errorf("%+v", made.Wish)
			}
		})
	}
}

// TestFormChooses: what is chosen is what is wished, and the sentence says so at
// once; what the page handed in stays as it was.
func TestFormChooses(t *testing.T) {
	v := view(80, 20)
	want := choosing(wish(desk.Trip, "order/order-2"), "payment", "user", "stock")
	f := dialog.NewForm(v, want)
	press(f, v, "right", "right")
	sees(t, f, v, "Trip breaker stock on order-2", "< stock >  3 of 3")
	press(f, v, "right")
	sees(t, f, v, "breaker payment on")
	press(f, v, "left", "u")
	sees(t, f, v, "breaker user on")
	press(f, v, "space", "x")
	sees(t, f, v, "breaker stock on")
	press(f, v, "tab", "right")
	sees(t, f, v, "Trip breaker stock on all 2 instances of order", "< all 2 instances of order >  2 of 2")
	press(f, v, "down", "d", "b")
	press(f, v, "tab", "left")
	sees(t, f, v, "back after  5m█  < never  5m  10m  30m  1h >")
	press(f, v, "tab")
	sees(t, f, v, "▌ breaker")
	press(f, v, "shift+tab", "left")
	sees(t, f, v, "never█")
	i, _ := press(f, v, "enter")
	w := i.(page.Make).Wish
	if w.TTL != 0 || w.Reason != "db" || len(w.Targets) != 1 || w.Targets[0] != (desk.Target{Key: key("order", ""), Breaker: "stock"}) {
		t.Errorf("%+v", w)
	}
	if want.Wish.Targets[0] != (desk.Target{Key: key("order", "order-2")}) {
		t.Errorf("the page's own is %+v", want.Wish.Targets[0])
	}
	for _, k := range []string{"esc", "ctrl+c"} {
		if i, over := press(f, v, k); i != nil || !over {
			t.Errorf("%s: %v, %v", k, i, over)
		}
	}

	drain := dialog.NewForm(v, wish(desk.Drain, "payment/payment-1"))
	press(drain, v, "shift+tab", "a")
	if i, _ := press(drain, v, "enter"); !i.(page.Make).Wish.AllowEmpty {
		t.Error("the last one stays")
	}
}

// TestFormOfAnUndo says what the change did, where that is known.
func TestFormOfAnUndo(t *testing.T) {
	v := view(80, 20)
	v.Changes = []desk.Change{pagetest.Order("01J9K", fleet.Trip, key("order", "").Ref, "payment", 2, pagetest.At(), time.Minute)}
	for id, says := range map[string]string{"01J9K": "Undo change 01J9K, trip order/payment: what it changed is put back", "other": "Undo change other: what it changed is put back"} {
		f := dialog.NewForm(v, page.Want{Wish: desk.Wish{Verb: desk.Undo, Change: id, Context: "prod"}})
		sees(t, f, v, says, "reason", "~back after")
		looks(t, f)
		if i, _ := press(f, v, "enter"); i.(page.Make).Wish.Change != id {
			t.Errorf("%+v", i)
		}
	}
}

// TestFormEdits: what keys make of a reason.
func TestFormEdits(t *testing.T) {
	for _, c := range []struct {
		keys []string
		want string
	}{
		{[]string{"d", "b"}, "db"},
		{[]string{"d", "b", "backspace"}, "d"},
		{[]string{"backspace", "ctrl+h", "ctrl+u", "ctrl+w"}, ""},
		{[]string{"d", "b", "space", "x", "ctrl+w"}, "db"},
		{[]string{"d", "b", "space", "x", "space", "ctrl+w", "y"}, "db y"},
		{[]string{"a", "ctrl+u", "b"}, "b"},
		{[]string{"支", "払", "backspace"}, "支"},
		{[]string{"e", "\u0301", "backspace"}, ""},
		{[]string{"left", "right", "up", "down", "f5", "pgup"}, ""},
		{[]string{"space", "x", "space"}, "x"},
		{[]string{"\x1b", "\u202e", "x"}, `\x1b\u202ex`},
	} {
		v := view(80, 20)
		f := dialog.NewForm(v, wish(desk.Undrain, "payment/payment-1"))
		press(f, v, c.keys...)
		drawn(t, f, v)
		if i, _ := press(f, v, "enter"); i.(page.Make).Wish.Reason != c.want {
			t.Errorf("%q: %q, want %q", c.keys, i.(page.Make).Wish.Reason, c.want)
		}
	}
	// What is pasted is one line, and no longer than far systems take.
	v := view(40, 10)
	f := dialog.NewForm(v, wish(desk.Undrain, "payment/payment-1"))
	f.Press(v, "", "two\nlines \x1b[2J"+odd)
	sees(t, f, v, "▌ reason")
	f.Press(v, "", strings.Repeat("払", 500))
	sees(t, f, v, "! at most 1000 bytes", "払█")
	i, _ := press(f, v, "enter")
	if got := i.(page.Make).Wish.Reason; !strings.HasPrefix(got, `two lines \x1b[2J`) || len(got) > 1000 || len(got) < 998 || slices.ContainsFunc([]rune(got), func(r rune) bool { return r < ' ' || r == '\ufffd' }) {
		t.Errorf("%d bytes: %q", len(got), got)
	}
}

// TestFormFaults: a time that is none is said where it stands, also on a small
// screen, and nothing is wished.
func TestFormFaults(t *testing.T) {
	for text, fault := range map[string]string{
		"":     "say how long, such as 10m",
		"x":    "x is no duration",
		"10":   "10 of what? 10m is in minutes",
		"0s":   "0s is too short",
		"-5m":  "-5m is too short",
		"10ms": "10ms is too short",
		"払":    "払 is no duration",
	} {
		v := view(40, 10)
		f := dialog.NewForm(v, wish(desk.Trip, "order:payment"))
		press(f, v, "tab", "ctrl+u")
		for _, r := range text {
			press(f, v, string(r))
		}
		press(f, v, "shift+tab")
		if i, over := press(f, v, "enter"); i != nil || over {
			t.Errorf("%q: %v, %v", text, i, over)
		}
		for _, height := range []int{10, 6, 4} {
			sees(t, f, view(40, height), "! "+fault, "▌ back after")
		}
		press(f, v, "right")
		sees(t, f, v, "~! "+fault)
	}
}

func TestDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"never": 0, "Never": 0, " 10 m ": 10 * time.Minute, "90s": 90 * time.Second, "1H30M": 90 * time.Minute, "1s": time.Second, "0.5h": 30 * time.Minute,
	} {
		if d, fault := dialog.Duration(text); d != want || fault != "" {
			t.Errorf("%q: %v, %q", text, d, fault)
		}
	}
}

// TestFormKeys: the footer says what the field takes.
func TestFormKeys(t *testing.T) {
	v := view(80, 20)
	words := func(f *dialog.Form) (all []string) {
		for _, k := range f.Keys() {
			all = append(all, k[1])
		}
		return all
	}
	f := dialog.NewForm(v, choosing(wish(desk.Trip, "order"), "a", "b"))
	if got := words(f); !slices.Equal(got, []string{"next", "choose", "plan", "leave"}) {
		t.Error(got)
	}
	if press(f, v, "tab"); !slices.Equal(words(f), []string{"next", "plan", "leave"}) {
		t.Error(words(f))
	}
	if f := dialog.NewForm(v, page.Want{Wish: desk.Wish{Verb: desk.Undo, Change: "1"}}); !slices.Equal(words(f), []string{"plan", "leave"}) {
		t.Error(words(f))
	}
}
