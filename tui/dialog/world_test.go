package dialog_test

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/dialog"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/page/pagetest"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// odd is a text as services may have them: it clears the screen, is wide, and goes
// from right to left.
const odd = "\x1b[2Jp\u0007ay\u202e支払い👩‍👩‍👧‍👦"

// view is one of order with two instances, payment with one, and 支払い with three.
func view(width, height int) *page.View {
	s := &fleet.Snapshot{}
	for name, instances := range map[string]int{"order": 2, "payment": 1, "支払い": 3} {
		svc := fleet.ServiceView{Ref: key(name, "").Ref}
		for i := range instances {
			svc.Instances = append(svc.Instances, fleet.InstanceView{Key: key(name, name+"-"+string(rune('1'+i)))})
		}
		s.Services = append(s.Services, svc)
	}
	return pagetest.View(s, width, height)
}

func key(service, instance string) fleet.Key {
	return fleet.Key{Ref: fleet.Ref{Context: "prod", Source: "etcd", Name: service}, Instance: instance}
}

// drawn is a dialog as it is seen. It fails where that has more lines or columns than
// there are, or anything that a terminal obeys.
func drawn(t testing.TB, d dialog.Dialog, v *page.View) string {
	t.Helper()
	var lines []string
	for _, l := range d.Draw(v) {
		var b strings.Builder
		widget.Write(&b, v.Theme, l, v.Width)
		line := strings.TrimRight(ansi.Strip(b.String()), " ")
		if w := widget.Width(line); w > v.Width {
			t.Errorf("%d columns on %d: %q", w, v.Width, line)
		}
		for _, r := range line {
			if r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u202e' {
				t.Errorf("%q is drawn in %q", r, line)
			}
		}
		lines = append(lines, line)
	}
	if len(lines) > max(0, v.Height) {
		t.Errorf("%d lines on %d:\n%s", len(lines), v.Height, strings.Join(lines, "\n"))
	}
	return strings.Join(lines, "\n")
}

// sees fails where texts are not on the screen; one that begins with ~ must not be.
func sees(t testing.TB, d dialog.Dialog, v *page.View, texts ...string) {
	t.Helper()
	screen := drawn(t, d, v)
	for _, text := range texts {
		if not, ok := strings.CutPrefix(text, "~"); ok == strings.Contains(screen, not) {
			t.Errorf("%q has to be there: %v\n%s", not, !ok, screen)
		}
	}
}

// looks has a dialog drawn at many sizes, in ASCII too.
func looks(t *testing.T, d dialog.Dialog) {
	t.Helper()
	for _, width := range []int{0, 1, 2, 3, 7, 23, 24, 40, 80, 300} {
		for height := range 16 {
			v := view(width, height)
			drawn(t, d, v)
			v.Theme = theme.New(theme.Options{ASCII: true, Colorless: true})
			for i, r := range drawn(t, d, v) {
				if r > 0x7e && !strings.ContainsRune(odd, r) {
					t.Fatalf("%q at %d is not ASCII, on %d columns", r, i, width)
				}
			}
		}
	}
	drawn(t, d, view(40, 10))
}

// press gives keys to a dialog; a key of one character types it. It returns what the
// last one came to.
func press(d dialog.Dialog, v *page.View, keys ...string) (i page.Intent, over bool) {
	for _, k := range keys {
		text := ""
		if widget.Width(k) <= 2 && ansi.StringWidth(k) <= 2 && len([]rune(k)) == 1 {
			text = k
		} else if k == "space" {
			text = " "
		}
		i, over = d.Press(v, k, text)
	}
	return i, over
}

// trip is a wish to trip breakers of targets, each SERVICE or SERVICE/INSTANCE.
func wish(verb desk.Verb, targets ...string) page.Want {
	w := page.Want{Wish: desk.Wish{Verb: verb, Context: "prod"}}
	for _, text := range targets {
		who, breaker, _ := strings.Cut(text, ":")
		service, instance, _ := strings.Cut(who, "/")
		w.Wish.Targets = append(w.Wish.Targets, desk.Target{Key: key(service, instance), Breaker: breaker})
	}
	return w
}
