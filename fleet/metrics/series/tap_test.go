package series_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/value"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series/plain"
)

// taken is what a tap handed over, in words.
type taken struct {
	names map[uint64]string
	lines []string
}

func (t *taken) Series(id uint64, target, labels metrics.Labels) {
	if want := uint64(len(t.names)); id != want {
		t.lines = append(t.lines, fmt.Sprintf("number %d after %d", id, want))
	}
	t.names[id] = target.Get("instance") + "/" + labels.Name()
}

func (t *taken) Sample(id uint64, at int64, own bool, v float64) {
	text := fmt.Sprint(v)
	if value.IsStaleNaN(v) {
		text = "stale"
	}
	if own {
		text += " own"
	}
	t.lines = append(t.lines, fmt.Sprintf("%s %s@%d", t.names[id], text, at))
}

func (t *taken) Native(id uint64, at int64, h metrics.Native) {
	t.lines = append(t.lines, fmt.Sprintf("%s h%g@%d", t.names[id], h.Count, at))
}

// news is what has been handed over since the last time, sorted.
func (t *taken) news() string {
	slices.Sort(t.lines)
	text := strings.Join(t.lines, ", ")
	t.lines = nil
	return text
}

// TestTap: each sample once, in whatever place it is kept, until its series is
// gone from the store; then it is another one.
func TestTap(t *testing.T) {
	s := series.New(series.Options{})
	tap, to := s.Tap(), &taken{names: map[uint64]string{}}
	read := func(want string) {
		t.Helper()
		tap.Read(func(target metrics.Labels) bool { return target.Get("instance") != "" }, to)
		if got := to.news(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	a, b, none := s.Target(metrics.NewLabels("instance", "a")), s.Target(metrics.NewLabels("instance", "b")), s.Target(nil)
	add := func(t *series.Target, name string, at int64, v float64) {
		id, _ := t.Series(plain.Set(metrics.NewLabels("__name__", name)))
		t.Append(id, at, v)
	}
	read("")
	a.Begin(1000)
	add(a, "x", 1000, 1)
	add(a, "y", 900, 2)
	id, _ := a.Series(plain.Set(metrics.NewLabels("__name__", "h")))
	a.AppendHistogram(id, 1000, &histogram.FloatHistogram{Count: 7, ZeroCount: 7})
	read("") // nothing of a page that is not finished
	a.Finish()
	none.Begin(1000)
	add(none, "seen", 1000, 1)
	none.Finish()
	read("a/h h7@1000, a/x 1@1000, a/y 2 own@900")
	read("")
	b.Begin(1500)
	add(b, "x", 1500, math.Inf(1))
	b.Finish()
	a.Begin(2000)
	add(a, "z", 2000, 3)
	a.Finish()
	read("a/h stale@2000, a/x stale@2000, a/z 3@2000, b/x +Inf@1500")
	for i := range int64(40) { // enough to be packed
		b.Begin(3000 + i)
		add(b, "x", 3000+i, float64(i))
		b.Finish()
	}
	tap.Read(nil, to)
	if n := strings.Count(to.news(), "b/x"); n != 40 {
		t.Errorf("%d of 40", n)
	}
	a.Begin(3_000_000) // all else of it has left the window
	a.Finish()
	tap.Read(nil, to)
	to.news()
	a.Begin(3_001_000)
	add(a, "x", 3_001_000, 5)
	a.Finish()
	read("a/x 5@3001000")
}
