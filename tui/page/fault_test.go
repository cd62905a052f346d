package page_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/page/pagetest"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// TestNoMeasurement: what cannot be measured is no number, in no column.
func TestNoMeasurement(t *testing.T) {
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), -1, -1e-9, -math.MaxFloat64} {
		for name, say := range map[string]func(float64) string{"rate": page.Rate, "share": page.Share, "seconds": page.Seconds} {
			if got := say(v); got != page.None {
				t.Errorf("%s of %v: %q", name, v, got)
			}
		}
		if page.ErrorTone(v) != theme.Dim || page.NumberTone(v) != theme.Dim || page.Known(v) {
			t.Errorf("%v looks like a number", v)
		}
		if got := page.P99(&fleet.Traffic{P99: v, Over: true}); got != page.None {
			t.Errorf("more than %v: %q", v, got)
		}
	}
}

// TestHugeNumbers: however great a number is, it takes a few columns and says how
// great it is at least.
func TestHugeNumbers(t *testing.T) {
	for _, tt := range []struct {
		say  func(float64) string
		v    float64
		want string
	}{
		{page.Rate, 999.4e3, "999k/s"},
		{page.Rate, 999.6e3, "1.0M/s"},
		{page.Rate, 2.5e9, "2.5G/s"},
		{page.Rate, 1e300, ">999G/s"},
		{page.Seconds, 86400, "1 d"},
		{page.Seconds, 1e300, ">999 d"},
		{page.Seconds, 1e-300, "0 s"},
	} {
		if got := tt.say(tt.v); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.v, got, tt.want)
		}
	}
	if got := page.P99(&fleet.Traffic{P99: 1e300, Over: true}); got != ">999 d" {
		t.Errorf("beyond a histogram without end: %q", got)
	}
}

// TestNearlyAll: 999 of 1000 are not all of them, and more than all is all.
func TestNearlyAll(t *testing.T) {
	for v, want := range map[float64]string{
		0.994: "99%", 0.995: "99.5%", 0.999: "99.9%", 0.9994: "99.9%", 0.9995: ">99.9%", 0.9999: ">99.9%", 0.9999999: ">99.9%", 1: "100%", 1.3: "100%", 100: "100%",
		0.0004: "<0.1%", 0.001: "0.1%", 0.0994: "9.9%", 0.0996: "10%", 0.5: "50%",
	} {
		if got := page.Share(v); got != want {
			t.Errorf("%v: %q, want %q", v, got, want)
		}
	}
}

// read is the number that a person reads.
func read(text string) (float64, bool) {
	text = strings.TrimLeft(text, "<>")
	for _, unit := range []struct {
		name string
		is   float64
	}{{"k/s", 1e3}, {"M/s", 1e6}, {"G/s", 1e9}, {"/s", 1}, {"%", 0.01}} {
		if number, ok := strings.CutSuffix(text, unit.name); ok {
			v, err := strconv.ParseFloat(number, 64)
			return v * unit.is, err == nil
		}
	}
	return 0, false
}

// TestNumbersAreTrue: what is read is the number, within what its digits leave open,
// and of two numbers the greater one never reads as the lesser.
func TestNumbersAreTrue(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 20000 {
		rate := math.Pow(10, r.Float64()*14-3)
		if got, ok := read(page.Rate(rate)); !ok || rate > 0.05 && rate < 9e11 && math.Abs(got-rate) > max(0.06, rate/2) {
			t.Fatalf("%v reads %q", rate, page.Rate(rate))
		}
		share := r.Float64()
		if r.IntN(3) == 0 {
			share = 1 - math.Pow(10, -6*r.Float64())
		}
		if got, ok := read(page.Share(share)); !ok || got > 1 || math.Abs(got-share) > 0.006 || got == 1 && share < 1 {
			t.Fatalf("%v reads %q", share, page.Share(share))
		}
		more := share + (1-share)*r.Float64()
		a, _ := read(page.Share(share))
		b, _ := read(page.Share(more))
		if b < a-1e-9 {
			t.Fatalf("%v reads %q, and %v %q", share, page.Share(share), more, page.Share(more))
		}
		if w := widget.Width(page.Rate(rate)); w > 7 {
			t.Fatalf("%v takes %d columns", rate, w)
		}
	}
}

// TestUnknownBreakers: a breaker that nobody knows is neither off nor closed, and
// one that could not be read is not missing.
func TestUnknownBreakers(t *testing.T) {
	closed, unknown := fleet.NewBreaker("a", fleet.BreakerClosed), fleet.NewBreaker("b", fleet.BreakerUnknown)
	open, off := fleet.NewBreaker("c", fleet.BreakerOpen), fleet.NewBreaker("d", fleet.BreakerDisabled)
	unread := fleet.InstanceView{BreakersWhy: fleet.Why{Reason: probe.ReasonTimeout}}
	of := func(all ...fleet.Breaker) fleet.InstanceView { return fleet.InstanceView{Breakers: all} }
	last := math.MaxInt
	for _, tt := range []struct {
		in   []fleet.InstanceView
		want string
		tone theme.Tone
	}{ // the worst first
		{[]fleet.InstanceView{of(open, open), unread}, "2 open", theme.Bad},
		{[]fleet.InstanceView{of(open, off, unknown), unread}, "1 open", theme.Bad},
		{[]fleet.InstanceView{of(off, closed), unread}, "1 off", theme.Warn},
		{[]fleet.InstanceView{of(closed, unknown), unread}, "2 unknown", theme.Doubt},
		{[]fleet.InstanceView{of(closed), unread}, "1 unknown", theme.Doubt},
		{[]fleet.InstanceView{of(closed)}, "closed", theme.Dim},
		{[]fleet.InstanceView{{}}, "–", theme.Dim},
	} {
		s := fleet.ServiceView{Instances: tt.in}
		if got, tone := page.OpenBreakers(&s); got != tt.want || tone != tt.tone {
			t.Errorf("%q (%d), want %q (%d)", got, tone, tt.want, tt.tone)
		}
		if rank := page.BreakerRank(tt.in...); rank >= last {
			t.Errorf("%s ranks %d, and the worse one %d", tt.want, rank, last)
		} else {
			last = rank
		}
	}
	if page.BreakerRank(unread) <= page.BreakerRank(of(closed)) {
		t.Error("what could not be read stands below what is closed")
	}
}

// TestClock: in the person's zone, also in the hour that comes twice; of another day
// it says which.
func TestClock(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip("no zones here:", err)
	}
	utc := func(text string) time.Time {
		at, err := time.Parse(time.DateTime, text)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for _, tt := range []struct {
		zone          *time.Location
		now, at, want string
	}{
		{time.UTC, "2026-10-25 01:30:00", "2026-10-25 00:30:00", "00:30:00"},
		{berlin, "2026-10-25 01:30:00", "2026-10-25 00:30:00", "02:30:00"}, // summer's 02:30
		{berlin, "2026-10-25 01:30:00", "2026-10-25 01:30:00", "02:30:00"}, // winter's
		{berlin, "2026-03-29 01:30:00", "2026-03-29 00:59:59", "01:59:59"},
		{berlin, "2026-03-29 01:30:00", "2026-03-29 01:00:00", "03:00:00"}, // there was no two
		{time.UTC, "2026-01-02 00:00:05", "2026-01-01 23:59:59", "Jan 01 23:59"},
		{berlin, "2026-01-01 23:30:00", "2026-01-01 22:30:00", "Jan 01 23:30"}, // there it is tomorrow
		{berlin, "2026-01-01 22:30:00", "2026-01-01 21:30:00", "22:30:00"},
		{time.UTC, "2026-01-02 00:00:05", "2026-01-03 01:00:00", "Jan 03 01:00"}, // a clock that is ahead
		{time.UTC, "2026-01-01 00:00:05", "2025-12-31 23:59:59", "2025-12-31"},
		{time.UTC, "2026-03-01 00:00:00", "2025-03-01 00:00:00", "2025-03-01"},
	} {
		v := page.View{Now: utc(tt.now), Zone: tt.zone}
		if got := v.Clock(utc(tt.at)); got != tt.want {
			t.Errorf("%s at %s in %s: %q, want %q", tt.at, tt.now, tt.zone, got, tt.want)
		}
	}
	v := page.View{Zone: time.UTC}
	if got := v.Clock(time.Time{}); got != "-" {
		t.Errorf("no time: %q", got)
	}
	if got := v.Clock(utc("2026-01-01 01:02:03")); got != "01:02:03" {
		t.Errorf("without a present: %q", got)
	}
}

// TestHeldSkew: a hold that ends is never said to end in less than no time.
func TestHeldSkew(t *testing.T) {
	now := pagetest.At()
	v := &page.View{Now: now}
	for left, want := range map[time.Duration]string{
		time.Minute: "ann, ends in 1 m", 1500 * time.Millisecond: "ann, ends in 1 s", 500 * time.Millisecond: "ann, ends now", 0: "ann, ends now",
		-999 * time.Millisecond: "ann, ends now", -time.Second: "ann, should have ended 1 s ago", -90 * time.Second: "ann, should have ended 1 m 30 s ago",
	} {
		if got := page.Held(v, fleet.Hold{By: "ann", Until: now.Add(left)}); got != want {
			t.Errorf("%s left: %q, want %q", left, got, want)
		}
	}
	if got := page.Held(v, fleet.Hold{By: "ann", Reason: "a \"b\"\x1b"}); got != `ann: "a \"b\"\x1b"` {
		t.Errorf("why: %q", got)
	}
}

// TestBadness: statuses rank as they are ordered, and one that nobody set as unknown.
func TestBadness(t *testing.T) {
	all := []fleet.Status{fleet.Up, fleet.Maintenance, fleet.Unknown, fleet.Degraded, fleet.Down}
	for i := 1; i < len(all); i++ {
		if page.Badness(all[i]) <= page.Badness(all[i-1]) {
			t.Errorf("%s is no worse than %s", all[i], all[i-1])
		}
	}
	if page.Badness(fleet.StatusNone) != page.Badness(fleet.Unknown) {
		t.Error("no status is not unknown")
	}
}

// TestBarIsAllOfThem: the signs and numbers of a bar are as many as there are
// instances, of each status, however many there are.
func TestBarIsAllOfThem(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for _, n := range []int{0, 1, 2, 11, 12, 13, 40, 5000} {
		for range 20 {
			s, want := &fleet.ServiceView{}, map[string]int{}
			for range n {
				st := fleet.Status(r.IntN(int(fleet.Down) + 1))
				sign, _ := theme.Mark(st)
				want[sign]++
				s.Instances = append(s.Instances, fleet.InstanceView{Status: st})
			}
			got, bar := map[string]int{}, page.Bar(s)
			if n == 0 && text(bar) == "none" {
				continue
			}
			for _, sp := range bar {
				word := strings.TrimSpace(sp.Text)
				sign := string([]rune(word)[0])
				if count, err := strconv.Atoi(word[len(sign):]); err == nil {
					got[sign] += count
				} else {
					got[sign] += strings.Count(word, sign)
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("%d: %q is %v, want %v", n, text(bar), got, want)
			}
		}
	}
}

// TestMiddle: as many lines as there is room for at most, the first text among them
// where there is any, and in the middle.
func TestMiddle(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {1, 1}, {2, 2}, {300, 3}, {5, 0}, {40, 10}} {
		v := pagetest.View(&fleet.Snapshot{}, size[0], size[1])
		lines := page.Middle(v, "first", "then", "more")
		if len(lines) > size[1] {
			t.Errorf("%v: %d lines", size, len(lines))
		}
		var texts []string
		for _, l := range lines {
			if s := text(l.Left); strings.TrimSpace(s) != "" {
				texts = append(texts, s)
			}
		}
		if size[1] > 0 && (len(texts) == 0 || strings.TrimSpace(texts[0]) != "first") {
			t.Errorf("%v: %q", size, texts)
		}
		if size[1] > 3 && texts[0] != strings.Repeat(" ", (size[0]-5)/2)+"first" {
			t.Errorf("%v: %q", size, texts[0])
		}
	}
	v := pagetest.View(&fleet.Snapshot{}, 80, 24)
	v.Whole = true
	if lines := page.Middle(v, "first", "then"); len(lines) != 2 || text(lines[0].Left) != "first" {
		t.Errorf("as a text: %v", lines)
	}
}

// TestHiddenAndGone: what is hidden is there, and is said to be as it is.
func TestHiddenAndGone(t *testing.T) {
	for st, want := range map[fleet.Status]string{fleet.Up: " ✓ a is up, and hidden", fleet.Down: " ✗ a is down, and hidden", fleet.StatusNone: " ? a is unknown, and hidden"} {
		l := page.Hidden("a", st)
		if got := text(l.Left); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	l := page.Gone("a")
	if got := text(l.Left); got != " a is not here any more" {
		t.Errorf("%q", got)
	}
}
