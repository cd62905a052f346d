package sources_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/page/pagetest"
	"github.com/midwatch-cli/midwatch/tui/page/sources"
)

// random are services of a few sources, of which any may fail.
func random(r *rand.Rand) *fleet.Snapshot {
	s := &fleet.Snapshot{At: at()}
	for i := range 1 + r.IntN(4) {
		src := fleet.SourceView{Context: []string{"", "prod"}[r.IntN(2)], Name: fmt.Sprint("src", i), URL: "etcd://x", AsOf: at()}
		if r.IntN(3) == 0 {
			src.Reason, src.Since = probe.ReasonRefused, at()
		}
		for range r.IntN(12) {
			src.Warnings = append(src.Warnings, fleet.Warning{Where: "x", Detail: "odd"})
		}
		for k := range r.IntN(5) {
			svc := fleet.ServiceView{Ref: fleet.Ref{Context: src.Context, Source: src.Name, Name: fmt.Sprint("s", k)}}
			for j := range r.IntN(8) {
				in := fleet.InstanceView{Key: fleet.Key{Ref: svc.Ref, Instance: fmt.Sprint(j)}, Status: fleet.Status(r.IntN(int(fleet.Down) + 1))}
				if r.IntN(2) == 0 {
					in.Probes = []probe.Result{{Answered: r.IntN(2) == 0}}
				}
				in.Version = []string{"", "1"}[r.IntN(2)]
				in.Labels = map[string]string{fmt.Sprint("l", r.IntN(30)): "x"}
				svc.Instances = append(svc.Instances, in)
			}
			s.Services = append(s.Services, svc)
		}
		s.Sources = append(s.Sources, src)
	}
	return s
}

// TestAddsUp: the statuses of a source's instances add up to all of them, and as
// many answer as do; sources share none of them.
func TestAddsUp(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	answer := regexp.MustCompile(`answer +(\d+) of (\d+) instances(.*)`)
	each := regexp.MustCompile(` (\d+) (up|degraded|maintenance|unknown|down)`)
	number := func(text string) int {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for range 100 {
		s := random(r)
		all, answered := 0, 0
		p, v := sources.New(), pagetest.View(s, 200, 60)
		for range s.Sources {
			screen := pagetest.Screen(t, p, v)
			pagetest.Press(t, p, v, "down")
			m := answer.FindStringSubmatch(screen)
			if m == nil {
				continue
			}
			sum := 0
			for _, one := range each.FindAllStringSubmatch(m[3], -1) {
				sum += number(one[1])
			}
			if sum != number(m[2]) {
				t.Errorf("%d of %s instances have a status:\n%s", sum, m[2], screen)
			}
			answered, all = answered+number(m[1]), all+number(m[2])
		}
		if c := s.Counts(); all != c.Instances || answered != c.Answered {
			t.Errorf("%d of %d answer, by source %d of %d", c.Answered, c.Instances, answered, all)
		}
	}
}

// TestAnySize: nothing is wider or longer than there is room for, on any screen.
func TestAnySize(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 150 {
		v := pagetest.View(random(r), 1+r.IntN(200), 1+r.IntN(40))
		v.Unwell, v.Wide = r.IntN(3) == 0, r.IntN(2) == 0
		p := sources.New()
		for _, key := range []string{"down", "s", "r", "G", "g"} {
			pagetest.Drawn(t, p, v)
			pagetest.Press(t, p, v, key)
		}
	}
}

// TestClicks: a click chooses a row, one on the name of a column sorts, and the
// wheel scrolls.
func TestClicks(t *testing.T) {
	p, v := sources.New(), view(30, all()...)
	p.See(v)
	p.Click(v, 3, 4, false)
	if got := pagetest.Lit(pagetest.Drawn(t, p, v)); !strings.HasPrefix(got, "✗ files") {
		t.Errorf("the cursor is on %q", got)
	}
	p.Click(v, 0, 4, false)
	p.See(v)
	if got := strings.Join(p.Notes(v), ""); got != "sort: source" {
		t.Errorf("notes %q", got)
	}
	places, row := p.Rows()
	if len(places) != 4 || places[row].Item != "files" || places[0].Item != "consul" {
		t.Errorf("the rows are %v, the cursor is on %d", places, row)
	}
	v.Height = 3
	p.See(v)
	p.Wheel(v, 2)
	p.See(v)
	if lines := pagetest.Drawn(t, p, v); !strings.Contains(lines[1], "files") {
		t.Errorf("scrolled:\n%s", strings.Join(lines, "\n"))
	}
	if got := p.Place(); got != (page.Place{Kind: page.Sources}) {
		t.Errorf("the place is %+v", got)
	}
}
