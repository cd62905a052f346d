package servicemap_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/page/pagetest"
	"github.com/midwatch-cli/midwatch/tui/page/servicemap"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// TestKnownBy: how a call is known, in the column and at the foot, and what its
// breakers count.
func TestKnownBy(t *testing.T) {
	nan := math.NaN()
	type b struct {
		state    fleet.BreakerState
		failures float64
		rejected int64
	}
	held := fleet.Hold{By: "oncall-1", Reason: "db move", Until: pagetest.At().Add(51 * time.Second)}
	for _, tt := range []struct {
		name     string
		declared bool
		breakers map[string][]b // on each instance
		row      string
		foot     string
	}{
		{"declared", true, nil, "declared – –", "declared"},
		{"closed", false, map[string][]b{"pay": {{fleet.BreakerClosed, 0.004, 0}, {fleet.BreakerClosed, 0, 3}}}, "breaker closed 0.4% 3", "breaker pay closed on 2 of 2, 0.4% fail, 3 rejected"},
		{"both", true, map[string][]b{"pay": {{fleet.BreakerClosed, nan, -1}}}, "declared, breaker closed n/a n/a", "declared; breaker pay closed on 1 of 1"},
		{"open", true, map[string][]b{"pay": {{fleet.BreakerOpen, 0.62, 7}, {fleet.BreakerClosed, nan, -1}, {fleet.BreakerOpen, 1, 5}}}, "breaker open on 2 of 3, declared 100% 12", "declared; breaker pay open on 2 of 3, 100% fail, 12 rejected"},
		{"forced open", false, map[string][]b{"pay": {{fleet.BreakerForcedOpen, nan, 0}}}, "breaker forced open n/a 0", "breaker pay forced open on 1 of 1"},
		{"held", false, map[string][]b{"held": {{fleet.BreakerForcedOpen, nan, 0}}}, "breaker forced open n/a 0", `breaker pay/held forced open on 1 of 1, held by oncall-1: "db move", ends in 51 s`},
		{"out of the way", true, map[string][]b{"pay": {{fleet.BreakerDisabled, nan, -1}}}, "breaker disabled, declared n/a n/a", "declared; breaker pay disabled on 1 of 1"},
		{"nobody knows", false, map[string][]b{"pay": {{fleet.BreakerUnknown, nan, -1}}}, "breaker unknown n/a n/a", "breaker pay unknown on 1 of 1"},
		{"several", false, map[string][]b{"pay": {{fleet.BreakerClosed, 0.1, 1}}, "pay/slow": {{fleet.BreakerHalfOpen, 0.3, 2}}}, "breaker half open 30% 3", "breaker pay closed on 1 of 1, 10% fail, 1 rejected; breaker pay/slow half open on 1 of 1, 30% fail, 2 rejected"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := world("✓ order", "✓ pay")
			s.Services[1].Traffic = &fleet.Traffic{Rate: 1}
			order := &s.Services[0]
			if tt.declared {
				order.DependsOn = []string{"pay"}
			}
			order.Instances = make([]fleet.InstanceView, 3)
			for _, name := range []string{"pay", "pay/slow", "held"} {
				for i, is := range tt.breakers[name] {
					one := fleet.NewBreaker(name, is.state)
					if name == "held" {
						one.Name, one.Hold = "pay/held", held
					}
					one.FailureRate, one.Rejected = is.failures, is.rejected
					order.Instances[i].Breakers = append(order.Instances[i].Breakers, one)
				}
			}
			p, v := servicemap.New(fleet.Ref{}), view(s, 160, 20)
			lit, foot := at(t, p, v, 1)
			if p.Ticks(v) != (tt.name == "held") {
				t.Error("what runs down is not drawn anew, or what does not is")
			}
			_, row, _ := strings.Cut(lit, "pay up ")
			if row != tt.row+" 1.0/s 0%" {
				t.Errorf("the row says %q, want %q", row, tt.row)
			}
			if want := "order calls it: " + tt.foot; foot[1] != want {
				t.Errorf("the foot says %q, want %q", foot[1], want)
			}
		})
	}
}

// TestColumns: they leave one by one; what a row is, and how, stays.
func TestColumns(t *testing.T) {
	s := night()
	s.Services[3].Why.Detail = "payment-2 timeout after 2 s"
	for width, want := range map[int]string{
		200: "SERVICE STATUS KNOWN BY FAIL REJECTED RATE ERR WHY",
		100: "SERVICE STATUS KNOWN BY FAIL REJECTED RATE ERR",
		80:  "SERVICE STATUS KNOWN BY FAIL REJECTED RATE ERR",
		70:  "SERVICE STATUS KNOWN BY FAIL REJECTED ERR",
		60:  "SERVICE STATUS KNOWN BY FAIL",
		50:  "SERVICE STATUS KNOWN BY",
		40:  "SERVICE STATUS",
	} {
		lines := pagetest.Drawn(t, servicemap.New(fleet.Ref{}), view(s, width, 12))
		if got := strings.Join(strings.Fields(lines[0]), " "); got != want {
			t.Errorf("%d columns: %s, want %s", width, got, want)
		}
		if !strings.Contains(strings.Join(lines, "\n"), "━ ✗ payment") {
			t.Errorf("%d columns: the cause is not seen:\n%s", width, strings.Join(lines, "\n"))
		}
	}
}

// TestUnwellStandsOut: in colours by tone, without them by the lines, and in ASCII
// too.
func TestUnwellStandsOut(t *testing.T) {
	v := view(night(), 120, 20)
	for name, tt := range map[string]struct {
		o    theme.Options
		want []string
	}{
		"plain": {theme.Options{Colorless: true}, []string{"┡━ ! order", "│  ┡━ ✗ payment", "│  ├─ ? inventory", "└─ ✓ ↑ user"}},
		"ASCII": {theme.Options{Colorless: true, ASCII: true}, []string{"|= ! order", "|  |= x payment", "|  |- ? inventory", "`- + ^ user"}},
	} {
		v.Theme = theme.New(tt.o)
		got := tree(pagetest.Drawn(t, servicemap.New(fleet.Ref{}), v))
		for _, want := range tt.want {
			if !slices.Contains(got, want) {
				t.Errorf("%s: %q is not seen:\n%s", name, want, strings.Join(got, "\n"))
			}
		}
	}
	tones := map[string]theme.Tone{}
	p := servicemap.New(fleet.Ref{})
	v.Theme = theme.New(theme.Options{})
	p.See(v)
	for _, line := range p.Draw(v) {
		for i, span := range line.Left {
			if strings.ContainsAny(span.Text, "━─") && i+2 < len(line.Left) {
				tones[line.Left[i+2].Text] = span.Tone
			}
		}
	}
	for name, want := range map[string]theme.Tone{"order": theme.Warn, "payment": theme.Bad, "inventory": theme.Rule} {
		if tones[name] != want {
			t.Errorf("the line to %s has tone %d, want %d", name, tones[name], want)
		}
	}
}

// TestOnlyWhatIsSeen: rows that are not seen are not drawn, and names that nobody
// should have are harmless at any width.
func TestOnlyWhatIsSeen(t *testing.T) {
	names := []string{strings.Repeat("x", 300), "\x1b[31mred\x1b[0m", "日本語サービス", "🚀é\u202e", "a\nb"}
	var lines []string
	for i, name := range names {
		lines = append(lines, "! "+name+" > "+names[(i+1)%len(names)])
	}
	s := world(append(lines, "✓ top > "+names[0])...)
	for width := 1; width < 130; width += 3 {
		for _, height := range []int{1, 2, 5, 9, 30} {
			p, v := servicemap.New(fleet.Ref{}), view(s, width, height)
			for row := range 6 {
				at(t, p, v, row)
			}
			for _, line := range pagetest.Drawn(t, p, v) {
				if strings.ContainsAny(line, "\x1b\n\u202e") || widget.Width(line) > width {
					t.Fatalf("%dx%d: %q", width, height, line)
				}
			}
		}
	}
}
