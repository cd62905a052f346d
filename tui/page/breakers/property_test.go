package breakers_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/page/breakers"
	"github.com/midwatch-cli/midwatch/tui/page/pagetest"
)

// random are passes of a service with so many instances, whose breakers go from
// state to state.
func random(r *rand.Rand, instances, passes int) [][]fleet.BreakerState {
	all := make([][]fleet.BreakerState, passes)
	states := make([]fleet.BreakerState, instances)
	for i := range states {
		states[i] = fleet.BreakerClosed
	}
	for i := range all {
		for k := range states {
			if r.IntN(6) == 0 {
				states[k] = fleet.BreakerStates()[r.IntN(7)]
			}
		}
		all[i] = slices.Clone(states)
	}
	return all
}

// letters are the signs of the states of an instance over the passes.
func letters(passes [][]fleet.BreakerState, instance int) string {
	text := ""
	for _, states := range passes {
		text += map[fleet.BreakerState]string{
			closed: "─", half: "!", open: "✗", forced: "#", off: "o", fleet.BreakerMetricsOnly: "o", fleet.BreakerUnknown: "?",
		}[states[instance]]
	}
	return text
}

// TestStripsAreWhatWasSeen: where there is room for all of it, each instance has
// one strip, which is what it said pass by pass; the worst of them stand first, the
// title counts them all, and every change is told once, the newest first.
func TestStripsAreWhatWasSeen(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	counts := regexp.MustCompile(` on (\d+)`)
	for round := range 60 {
		instances, n := 1+r.IntN(6), 2+r.IntN(18)
		passes := random(r, instances, n)
		v := told(160, 160, passes...)
		got := below(t, v)
		title, rest, _ := strings.Cut(got, "\n")
		sum := 0
		for _, m := range counts.FindAllStringSubmatch(title, -1) {
			n, err := strconv.Atoi(m[1])
			if err != nil {
				t.Fatal(err)
			}
			sum += n
		}
		if sum != instances {
			t.Errorf("round %d: %d of %d instances are counted: %s", round, sum, instances, title)
		}
		worst := 100
		for line := range strings.Lines(rest) {
			words := strings.Fields(line)
			if len(words) < 3 || !strings.HasPrefix(words[0], "order-") {
				continue
			}
			k, err := strconv.Atoi(strings.TrimPrefix(words[0], "order-"))
			if err != nil {
				t.Fatal(err)
			}
			if want := letters(passes, k); words[1] != want {
				t.Errorf("round %d, order-%d: %s, want %s", round, k, words[1], want)
			}
			rank := passes[n-1][k].Rank()
			if rank > worst {
				t.Errorf("round %d: the worst do not stand first:\n%s", round, got)
			}
			worst = rank
		}
		for k := range instances {
			if strings.Count(rest, fmt.Sprintf("   order-%d ", k)) != 1 {
				t.Errorf("round %d: order-%d does not stand there once:\n%s", round, k, got)
			}
		}
		changes := 0
		for i := 1; i < n; i++ {
			for k := range instances {
				if passes[i][k] != passes[i-1][k] {
					changes++
				}
			}
		}
		if told := strings.Count(rest, " → "); told != changes {
			t.Errorf("round %d: %d changes are told of %d:\n%s", round, told, changes, got)
		}
	}
}

// TestNewestFirst: the times of changes never rise on the way down.
func TestNewestFirst(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	at := regexp.MustCompile(`(?m)^ (\d\d:\d\d:\d\d) `)
	for range 20 {
		var times []string
		for _, m := range at.FindAllStringSubmatch(below(t, told(120, 100, random(r, 4, 20)...)), -1) {
			times = append(times, m[1])
		}
		if !slices.IsSortedFunc(times, func(a, b string) int { return strings.Compare(b, a) }) {
			t.Errorf("the times: %v", times)
		}
	}
}

// TestAnySize: nothing is wider or longer than there is room for, the row of the
// cursor is seen, and so is how its breaker stands where five lines are there.
func TestAnySize(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 150 {
		width, height := 1+r.IntN(200), 1+r.IntN(50)
		v := told(width, height, random(r, 1+r.IntN(30), 1+r.IntN(150))...)
		lines := pagetest.Drawn(t, breakers.New(), v)
		if height > 1 && width > 20 && pagetest.Lit(lines) == "" {
			t.Errorf("%dx%d: no cursor:\n%s", width, height, strings.Join(lines, "\n"))
		}
		if height > 7 && width > 40 && !strings.Contains(strings.Join(lines, "\n"), " order/payment ") {
			t.Errorf("%dx%d: nothing about the breaker:\n%s", width, height, strings.Join(lines, "\n"))
		}
	}
}

// TestLong: a strip of more passes than there are columns has the worst of each
// slice: a short outage is not lost.
func TestLong(t *testing.T) {
	passes := make([][]fleet.BreakerState, 120)
	for i := range passes {
		passes[i] = []fleet.BreakerState{closed}
	}
	passes[77][0] = open
	for _, width := range []int{60, 80, 100, 130, 200} {
		got := below(t, told(width, 20, passes...))
		line := strings.Split(got, "\n")[1]
		if n := strings.Count(line, "✗"); n != 1 {
			t.Errorf("%d columns: %d outages are seen: %s", width, n, line)
		}
	}
}

// TestStoryFollows: what stands below is about the row of the cursor, whichever way
// rows are sorted, and when it is chosen by its place.
func TestStoryFollows(t *testing.T) {
	v := view(100, 24, owner("order", "payment", open), owner("user", "db", closed), owner("held", "db", forced))
	p := breakers.New()
	for _, step := range []struct{ key, want string }{
		{"", "order/payment open on 1"}, {"down", "held/db forced open on 1"}, {"G", "user/db closed on 1"}, {"s", "user/db closed on 1"}, {"r", "user/db closed on 1"},
	} {
		if step.key != "" {
			p.See(v)
			pagetest.Press(t, p, v, step.key)
		}
		screen := pagetest.Screen(t, p, v)
		if !strings.Contains(screen, step.want) {
			t.Errorf("%q: %q is not seen:\n%s", step.key, step.want, screen)
		}
	}
	p.Aim(page.Place{Kind: page.Breakers, Key: fleet.Key{Ref: fleet.Ref{Source: "etcd", Name: "held"}}, Item: "db"})
	if screen := pagetest.Screen(t, p, v); !strings.Contains(screen, " held/db forced open on 1") {
		t.Errorf("aimed at:\n%s", screen)
	}
}

// TestWords: the filter has words, and says where.
func TestWords(t *testing.T) {
	a, b := owner("order", "payment", open), owner("order", "payment", closed)
	a.Context, b.Context = "prod", "stage"
	v := view(100, 20, a, b)
	p := breakers.New()
	p.Aim(page.Place{Kind: page.Breakers, Key: fleet.Key{Ref: b.Ref}, Item: "payment"})
	if screen := pagetest.Screen(t, p, v); !strings.Contains(screen, " stage:order/payment closed on 1") {
		t.Errorf("of which context it is, is not said:\n%s", screen)
	}
	for filter, want := range map[string]int{"": 2, "context=prod": 1, "context=*": 2, "context=prod closed": 0, "order": 2, "open": 1, "source=etcd": 2, "source=x": 0} {
		if err := p.SetFilter(filter); err != nil {
			t.Fatal(err)
		}
		p.See(v)
		if all, _ := p.Rows(); len(all) != want {
			t.Errorf("%q: %d rows, want %d", filter, len(all), want)
		}
	}
	if p.SetFilter("context=[") == nil || p.Filter() == "context=[" {
		t.Error("what is not understood was taken")
	}
}
