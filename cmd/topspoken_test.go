package cmd_test

import (
	"os/exec"
	"strings"
	"testing"
)

// ear is a terminal of which what is written is heard, not looked at.
type ear struct {
	*screen
	from int // what was heard before the last line was typed
}

// said is what was written from there on.
func (e *ear) said(from int) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return strings.ReplaceAll(string(e.raw[from:]), "\r\n", "\n")
}

func (e *ear) hears(texts ...string) {
	e.t.Helper()
	for _, text := range texts {
		e.wait("said "+text, func(string) bool { return strings.Contains(e.said(e.from), text) })
	}
}

// types types a line, and waits until all texts are said.
func (e *ear) types(line string, texts ...string) {
	e.t.Helper()
	e.mu.Lock()
	e.from = len(e.raw)
	e.mu.Unlock()
	e.screen.types(line + "\r")
	e.hears(texts...)
}

// TestTerminalTopSpoken: the dashboard for who hears it, on a terminal that nothing
// can be drawn on: lines in, lines out, and nothing else, from the start over a
// breaker that is opened and left to itself again to the end.
func TestTerminalTopSpoken(t *testing.T) {
	e := &ear{screen: commandOnTerminal(t, exec.Command("midwatch", "demo", "--fault", "payment:errors=40%", "--", "top", "--screen-reader", "--write", "--interval", "500ms"), "TERM=dumb")}
	e.hears("Reading the registries", "11 of 11 instances answer", "5 services", "An empty line says where you are")
	e.types("payment", "fleet, payment", "3 rows", "1 of 3: payment-")
	e.types("j j", "3 of 3: payment-")
	e.types("?", "A line is one of these:", "T, trip")
	e.types("order/payment", "breakers", "order; breaker payment; state")
	e.types("T", "Trip breaker payment on all 2 instances of order", "reason:")
	e.types("db failover", "back after, 10m where you say nothing:")
	e.types("5m", "This opens breaker payment on 2 of 2 instances of order.", "Calls from order to payment will be refused at once.", "Go on? Type yes, anything else is no:")
	e.types("no", "nothing was changed")
	e.types("T", "reason:")
	e.types("db failover", "back after")
	e.types("", "Go on? Type yes")
	e.types("yes", "order/order-1 payment, done", "order/order-2 payment, done", "Opened on 2 of 2.", "U undoes it, an empty line goes back:")
	e.hears("order/order-1 breaker payment", "to forced open") // it happened
	e.types("U", "Undo change", "reason:")
	e.types("", "This takes back", "Go on? Type yes")
	e.types("yes", "an empty line goes back:")
	e.types("", "order; breaker payment; state")
	e.types("q")
	if code := e.code(); code != 0 {
		t.Errorf("ended with %d\n%s", code, e.raw)
	}
	if said := e.said(0); strings.ContainsAny(said, "\x1b\r\a\b") {
		t.Errorf("wrote more than lines: %q", said)
	}
}

// TestTerminalTopSpokenEnds: the end of input ends it, as ctrl-d does, and a signal
// with its code.
func TestTerminalTopSpokenEnds(t *testing.T) {
	up := serve(t, "up")
	url := inventory(t, up, up)
	for typed, code := range map[string]int{"\x04": 0, "\x03": 130} {
		e := &ear{screen: commandOnTerminal(t, exec.Command("midwatch", "--registry", url), "MIDWATCH_SCREEN_READER=1")}
		e.hears("1 service, all up.", "> ")
		e.screen.types(typed)
		if got := e.code(); got != code {
			t.Errorf("%q: ended with %d, want %d", typed, got, code)
		}
	}
	cmd := exec.Command("midwatch", "top", "--registry", url, "--screen-reader", "--utc")
	cmd.Stdin = strings.NewReader("payment\nlist\n") // no terminal at all
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "payment-2; status up") {
		t.Errorf("without a terminal: %v\n%s", err, out)
	}
}
