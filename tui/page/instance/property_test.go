package instance_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/probe/health"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/page/instance"
	"github.com/midwatch-cli/midwatch/tui/page/pagetest"
)

// forest are components in a random tree, sorted by their paths as probes give them.
func forest(r *rand.Rand, n int) (all []health.Component) {
	paths := []string{""}
	for i := range n {
		path := strings.TrimPrefix(paths[r.IntN(len(paths))]+fmt.Sprint("/c", i), "/")
		paths = append(paths, path)
		c := health.Component{Name: path, Word: health.Word(r.IntN(5)), Text: "WORD"}
		if r.IntN(3) == 0 {
			c.Detail = strings.Repeat("story ", r.IntN(40))
		}
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b health.Component) int { return strings.Compare(a.Name, b.Name) })
	if len(all) > 0 && r.IntN(3) == 0 { // one of which only the parts are told
		all = slices.DeleteFunc(all, func(c health.Component) bool { return c.Name == "c0" })
	}
	return all
}

// random is an instance with anything in it.
func random(r *rand.Rand) fleet.InstanceView {
	in := fleet.InstanceView{Key: key(), Status: fleet.Status(r.IntN(int(fleet.Down) + 1)), Attempts: r.IntN(3), Flaky: r.IntN(4) == 0}
	if r.IntN(3) > 0 {
		in = full()
	}
	if len(in.Probes) > 0 {
		in.Probes[0].Health.Components = forest(r, r.IntN(50))
	}
	for i := range r.IntN(5) {
		in.Breakers = append(in.Breakers, fleet.NewBreaker(fmt.Sprint("b", i), fleet.BreakerStates()[r.IntN(7)]))
	}
	if r.IntN(5) == 0 {
		in.Breakers, in.BreakersWhy = nil, fleet.Why{Reason: probe.ReasonAuth, Detail: "401"}
	}
	return in
}

// TestAnyKeys: whatever is pressed on whatever instance on whatever screen, there is
// one line with the cursor, it is seen, and nothing is wider or longer than there
// is room for.
func TestAnyKeys(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	keys := []string{"down", "down", "up", "pgdown", "pgup", "g", "G", "space", "space", "z", "enter"}
	for round := range 60 {
		p, v := instance.New(key()), view(1+r.IntN(40), random(r))
		v.Width = 20 + r.IntN(150)
		p.See(v)
		for step := range 40 {
			switch r.IntN(8) {
			case 0:
				next := view(v.Height, random(r))
				next.Snapshot.At = v.Snapshot.At.Add(5 * time.Second)
				v.Snapshot = next.Snapshot
				v.History.Add(v.Snapshot)
			case 1:
				v.Width, v.Height = 20+r.IntN(150), 1+r.IntN(40)
			case 2:
				p.Wheel(v, r.IntN(9)-4)
			case 3:
				p.Click(v, r.IntN(50)-2, r.IntN(50), r.IntN(2) == 0)
			default:
				p.See(v)
				pagetest.Press(t, p, v, keys[r.IntN(len(keys))])
			}
			lit := 0
			for _, line := range pagetest.Drawn(t, p, v) {
				if strings.HasPrefix(line, "▌") {
					lit++
				}
			}
			if lit != 1 {
				t.Fatalf("round %d, step %d: %d lines with the cursor:\n%s", round, step, lit, pagetest.Screen(t, p, v))
			}
		}
	}
}

// tree is what is drawn of components: the name of each with how deep it stands,
// in their order.
type drawn struct {
	depth int
	sign  string
	name  string
}

func parts(screen string) (all []drawn) {
	for line := range strings.Lines(screen) {
		rest := strings.TrimLeft(strings.TrimPrefix(line, "▌"), " ")
		words := strings.Fields(rest)
		if !strings.HasPrefix(rest, "└ ") || len(words) < 2 {
			continue
		}
		d := drawn{depth: (len(line) - len(rest) - 3) / 2, name: words[1]}
		if len(words) > 2 && strings.ContainsAny(words[1], "✓!✗?") {
			d.sign, d.name = words[1], words[2]
		}
		all = append(all, d)
	}
	return all
}

// TestEveryComponent: each is drawn once, below the one that it is a part of, and
// what is worse, itself or in its parts, never stands below what is better.
func TestEveryComponent(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	grave := map[string]int{"✗": 4, "!": 3, "?": 2, "✓": 0, "": 0}
	for round := range 150 {
		in := full()
		in.Probes = in.Probes[:1]
		all := forest(r, r.IntN(60))
		in.Probes[0].Health.Components = all
		p, v := instance.New(key()), view(400, in)
		screen := pagetest.Screen(t, p, v)
		if strings.Contains(screen, " are well") {
			on(t, p, v, "▸ ")
			pagetest.Press(t, p, v, "enter")
			screen = pagetest.Screen(t, p, v)
		}
		got := parts(screen)
		count := map[string]int{}
		var path []string
		worst := map[string]int{}
		var order []string
		for _, d := range got {
			path = append(path[:d.depth], d.name)
			at := strings.Join(path, "/")
			count[at]++
			order = append(order, at)
			for i := range path {
				above := strings.Join(path[:i+1], "/")
				worst[above] = max(worst[above], grave[d.sign])
			}
		}
		for _, c := range all {
			if count[c.Name] != 1 {
				t.Fatalf("round %d: %s is drawn %d times:\n%s", round, c.Name, count[c.Name], screen)
			}
		}
		last := map[string]int{} // of the siblings that were seen
		for _, at := range order {
			above := at[:max(0, strings.LastIndexByte(at, '/'))]
			if before, seen := last[above]; seen && worst[at] > before {
				t.Errorf("round %d: %s stands below what is better:\n%s", round, at, screen)
			}
			last[above] = worst[at]
		}
	}
}

// TestFoldTwice: a part that is folded and unfolded, on any of its lines, is as it
// was; another part never changes by it.
func TestFoldTwice(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 40 {
		p, v := instance.New(key()), view(300, random(r))
		before := strings.Split(strings.ReplaceAll(pagetest.Screen(t, p, v), "▌", " "), "\n")
		row := r.IntN(len(before))
		for range row {
			pagetest.Press(t, p, v, "down")
		}
		pagetest.Press(t, p, v, "space")
		folded := strings.Split(strings.ReplaceAll(pagetest.Screen(t, p, v), "▌", " "), "\n")
		for _, line := range folded {
			if !strings.Contains(line, "▸") && !slices.Contains(before, line) {
				t.Errorf("folding made the line %q", line)
			}
		}
		pagetest.Press(t, p, v, "space")
		if after := strings.Split(strings.ReplaceAll(pagetest.Screen(t, p, v), "▌", " "), "\n"); !slices.Equal(after, before) {
			t.Errorf("after folding twice on line %d:\n%s\nbefore:\n%s", row, strings.Join(after, "\n"), strings.Join(before, "\n"))
		}
	}
}

// TestFoldedOnly: with all parts folded nothing but titles, and what is above them,
// is left; every title that was there is there still.
func TestFoldedOnly(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 40 {
		p, v := instance.New(key()), view(300, random(r))
		before := pagetest.Screen(t, p, v)
		pagetest.Press(t, p, v, "z")
		after := pagetest.Screen(t, p, v)
		for i, line := range strings.Split(after, "\n") {
			if i > 0 && line != "" && !strings.Contains(line, "▸ ") {
				t.Errorf("%q is left:\n%s", line, after)
			}
		}
		for line := range strings.Lines(before) {
			title, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), " ▾ ")
			if ok && !strings.Contains(after, "▸ "+title) {
				t.Errorf("%q is lost:\n%s", title, after)
			}
		}
	}
}

// TestStays: an instance that vanishes while its page is read keeps its folds and
// its cursor, and so does one that comes back.
func TestStays(t *testing.T) {
	p, v := instance.New(key()), view(20, full())
	on(t, p, v, "errors")
	pagetest.Press(t, p, v, "up")
	lit := pagetest.Lit(pagetest.Drawn(t, p, v))
	there := v.Snapshot
	for _, s := range []*fleet.Snapshot{view(20).Snapshot, there, view(20).Snapshot, there} {
		v.Snapshot = s
		if got := pagetest.Lit(pagetest.Drawn(t, p, v)); got != lit {
			t.Errorf("the cursor is on %q, it was on %q", got, lit)
		}
	}
	var _ page.Pointed = p
}
