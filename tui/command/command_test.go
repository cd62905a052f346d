package command_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/command"
)

// table is a small one; ran takes down what was done.
func table(ran *[]string) command.Table {
	do := func(name string) func(string) error {
		return func(arg string) error {
			*ran = append(*ran, strings.TrimSpace(name+" "+arg))
			return nil
		}
	}
	return command.Table{
		{Name: "events", Also: []string{"ev"}, Arg: "[WORDS]", Does: "what happened", Do: do("events")},
		{Name: "every", Arg: "DURATION", Does: "read so often", Offers: func() []string { return []string{"2s", "1m", "Europe/Berlin"} }, Do: do("every")},
		{Name: "fleet", Also: []string{"services", "svc"}, Does: "every service", Do: do("fleet")},
		{Name: "q", Also: []string{"quit"}, Does: "quit", Do: do("q")},
	}
}

func TestComplete(t *testing.T) {
	names := []string{"payment", "Order", "payment/payment-1", "order/order-1"}
	for typed, want := range map[string]string{
		"":         "events every fleet q payment Order",
		"pay":      "payment payment/payment-1",
		"PAY":      "payment payment/payment-1",
		"or":       "Order order/order-1",
		"ment":     "payment payment/payment-1",
		"er-1":     "order/order-1",
		"e":        "events every payment Order payment/payment-1 order/order-1",
		"s":        "services svc",
		"qu":       "quit",
		" ev":      "events every",
		"never":    "",
		"every":    "every",
		"every ":   "every 2s|every 1m|every Europe/Berlin",
		"every 2":  "every 2s",
		"every b":  "every Europe/Berlin",
		"every  1": "every 1m",
		"events o": "",
		"fleet ":   "",
		"nope x":   "",
	} {
		sep := " "
		if strings.Contains(want, "|") || strings.Contains(typed, "every ") {
			sep = "|"
		}
		if got := strings.Join(table(nil).Complete(typed, names), sep); got != want {
			t.Errorf("%q: %s, want %s", typed, got, want)
		}
	}
}

func TestRun(t *testing.T) {
	var ran []string
	all := table(&ran)
	for line, want := range map[string]string{
		"events":         "events",
		"ev pay user":    "events pay user",
		" every  2s ":    "every 2s",
		"svc":            "fleet",
		"every":          "! want every DURATION",
		"svc payment":    "! fleet takes nothing behind it",
		"quit":           "q",
		"fleet ":         "fleet",
		"events   order": "events order",
	} {
		ran = nil
		word, arg, _ := command.Cut(line)
		got := ""
		if err := all.Find(word).Run(arg); err != nil {
			got = "! " + err.Error()
		} else {
			got = strings.Join(ran, ", ")
		}
		if got != want {
			t.Errorf("%q: %s, want %s", line, got, want)
		}
	}
	if all.Find("nowhere") != nil || all.Find("") != nil {
		t.Error("a command of nothing")
	}
}

func TestUnknown(t *testing.T) {
	for word, want := range map[string]string{
		"evnts":                   "did you mean events?",
		"evrey":                   "did you mean every?",
		"pyament":                 "did you mean payment?",
		"nowhere":                 "",
		strings.Repeat("x", 1024): "",
	} {
		err := table(nil).Unknown(word, []string{"payment", "order"})
		var said *fleet.Error
		if !errors.As(err, &said) || said.Hint != want || !strings.Contains(said.Detail, "no place and no command") {
			t.Errorf("%s: %v, %q", word, err, said.Hint)
		}
	}
}

// TestUnknownAndFar: where nothing is near, it is said where all of them stand.
func TestUnknownAndFar(t *testing.T) {
	helpful := append(table(nil), command.Command{Name: "help"})
	for word, want := range map[string]string{"nowhere": "help lists what there is", "hepl": "did you mean help?"} {
		if got := fleet.HintOf(helpful.Unknown(word, nil)); got != want {
			t.Errorf("%s: %q, want %q", word, got, want)
		}
	}
}

// FuzzComplete: whatever is typed, nothing panics, and what is offered behind a word
// begins with it.
func FuzzComplete(f *testing.F) {
	for _, line := range []string{"", "every 2", "  ev  x", "q ", "\x00", "é日 \u00a0x"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		all := table(new([]string))
		word, arg, space := command.Cut(line)
		for _, o := range all.Complete(line, []string{"payment", "a b"}) {
			if c := all.Find(word); c != nil && space && !strings.HasPrefix(o, word+" ") {
				t.Errorf("%q offers %q", line, o)
			}
		}
		if c := all.Find(word); c != nil {
			_ = c.Run(arg)
		} else {
			_ = all.Unknown(word, nil)
		}
	})
}
