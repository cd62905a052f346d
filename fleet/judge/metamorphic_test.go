package judge_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/quick"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/diff"
)

// everyLetters calls try with every service of up to four instances.
func everyLetters(try func(letters string)) {
	var grow func(string)
	grow = func(letters string) {
		if try(letters); len(letters) < 4 {
			for _, next := range "ug?dm-" {
				grow(letters + string(next))
			}
		}
	}
	grow("")
}

func alone(letters string) fleet.ServiceView {
	return assemble(fixture{name: "x", letters: letters}).Services[0]
}

// TestWorseIsNeverBetter: an instance that gets worse makes no service better,
// and no more of it serve. One that is lost from sight makes no service up.
func TestWorseIsNeverBetter(t *testing.T) {
	worse := map[byte]string{'u': "gd?-", 'g': "d?-", '?': "d", '-': "d"}
	everyLetters(func(letters string) {
		was := alone(letters)
		for i := range len(letters) {
			for _, next := range worse[letters[i]] {
				changed := letters[:i] + string(next) + letters[i+1:]
				is := alone(changed)
				if lost := next == '?' || next == '-'; !lost && is.Status < was.Status || lost && is.Status == fleet.Up || is.Serving > was.Serving {
					t.Errorf("%q is %v (%d serve), and worse as %q it is %v (%d)", letters, was.Status, was.Serving, changed, is.Status, is.Serving)
				}
			}
		}
	})
}

// TestOrderOfInstancesIsNoMatter: the status is the set's, and one more instance
// that is well never makes worse what is not well.
func TestOrderOfInstancesIsNoMatter(t *testing.T) {
	everyLetters(func(letters string) {
		was := alone(letters)
		turned := []byte(letters)
		slices.Reverse(turned)
		if is := alone(string(turned)); is.Status != was.Status || is.Serving != was.Serving {
			t.Errorf("%q: %v with %d, turned round %v with %d", letters, was.Status, was.Serving, is.Status, is.Serving)
		}
		more := alone(letters + "u")
		if known := was.Status == fleet.Degraded || was.Status == fleet.Down; known && more.Status > was.Status || more.Serving != was.Serving+1 {
			t.Errorf("%q is %v, with one more that is up %v", letters, was.Status, more.Status)
		}
	})
}

// TestStatusByItsDefinition says the rule of the semantics page again, in other
// words, and compares over every service there is.
func TestStatusByItsDefinition(t *testing.T) {
	everyLetters(func(letters string) {
		n := func(which string) (sum int) {
			for _, l := range which {
				sum += strings.Count(letters, string(l))
			}
			return sum
		}
		want := fleet.Up
		switch total := len(letters); {
		case total == 0:
			want = fleet.Down
		case n("m") == total:
			want = fleet.Maintenance
		case n("ugd") == 0:
			want = fleet.Unknown
		case n("d") > 0 && n("ug") < total-n("ug"):
			want = fleet.Down
		case n("gd?-") > 0:
			want = fleet.Degraded
		}
		got := alone(letters)
		if got.Status != want || got.Serving != n("ug") {
			t.Errorf("%q: %v with %d serving, want %v with %d", letters, got.Status, got.Serving, want, n("ug"))
		}
		if (got.Status == fleet.Up) != (got.Why == fleet.Why{}) {
			t.Errorf("%q: %v because %+v", letters, got.Status, got.Why)
		}
	})
}

// TestOrderOfReadingIsNoMatter: registries answer in whatever order they like.
func TestOrderOfReadingIsNoMatter(t *testing.T) {
	property := func(seed uint64) bool {
		fixtures := randomFleet(seed)
		want := assemble(fixtures...)
		rng := rand.New(rand.NewPCG(seed, 4))
		for range 3 {
			rng.Shuffle(len(fixtures), func(i, j int) { fixtures[i], fixtures[j] = fixtures[j], fixtures[i] })
			if got := assemble(fixtures...); !reflect.DeepEqual(plain(got), plain(want)) {
				t.Logf("%+v:\n%+v\n%+v", fixtures, plain(got), plain(want))
				return false
			}
		}
		return true
	}
	if err := quick.Check(property, &quick.Config{MaxCount: 300}); err != nil {
		t.Error(err)
	}
}

// plain is all that is said of a fleet, in lines.
func plain(s *fleet.Snapshot) (lines []string) {
	for _, v := range s.Services {
		lines = append(lines, fmt.Sprintf("%v %v %+v %d blocked by %v", v.Ref, v.Status, v.Why, v.Serving, names(v.BlockedBy)))
		for _, in := range v.Instances {
			lines = append(lines, fmt.Sprintf("  %v %v %+v", in.Key, in.Status, in.Why))
		}
	}
	for _, w := range s.Warnings {
		lines = append(lines, w.Where+": "+w.Detail)
	}
	return append(lines, story(s)...)
}

// TestStrangersChangeNothing: a service that nobody depends on and that depends
// on nobody changes nothing of what is said about the others.
func TestStrangersChangeNothing(t *testing.T) {
	property := func(seed uint64, which uint8) bool {
		fixtures := randomFleet(seed)
		stranger := fixture{name: "consul:apart/stranger", letters: []string{"u", "d", "", "??", "gm"}[which%5]}
		want, got := assemble(fixtures...), assemble(append(fixtures, stranger)...)
		drop := func(lines []string) []string {
			return slices.DeleteFunc(lines, func(line string) bool { return strings.Contains(line, "stranger") })
		}
		if a, b := drop(plain(want)), drop(plain(got)); !slices.Equal(a, b) {
			t.Logf("%q\n%q", a, b)
			return false
		}
		return len(got.Services) == len(want.Services)+1
	}
	if err := quick.Check(property, &quick.Config{MaxCount: 500}); err != nil {
		t.Error(err)
	}
}

// TestWellDependenciesBlockNobody: without a failing service there are no
// victims, whatever the graph looks like; and recovery of all ends everything.
func TestWellDependenciesBlockNobody(t *testing.T) {
	property := func(seed uint64) bool {
		fixtures := randomFleet(seed)
		for i := range fixtures {
			fixtures[i].letters = strings.ReplaceAll(fixtures[i].letters, "d", "g") + "u"
		}
		for _, r := range assemble(fixtures...).Roots {
			if len(r.Victims) > 0 {
				t.Logf("%+v: %v has victims", fixtures, r)
				return false
			}
		}
		for i := range fixtures {
			fixtures[i].letters, fixtures[i].breakers = "uu", ""
		}
		s := assemble(fixtures...)
		return len(s.Roots) == 0 && !slices.ContainsFunc(s.Services, func(v fleet.ServiceView) bool { return v.Status != fleet.Up || v.BlockedBy != nil })
	}
	if err := quick.Check(property, &quick.Config{MaxCount: 500}); err != nil {
		t.Error(err)
	}
}

// TestCyclesOfEverySize: a ring is one cause, whoever of it is down; those that
// call it are its victims, those it calls are not.
func TestCyclesOfEverySize(t *testing.T) {
	for _, n := range []int{2, 3, 7, 60} {
		for _, sick := range []int{0, n / 2, n - 1} {
			fixtures := []fixture{{"caller", "u", "r00", ""}, {"far", "u", "caller", ""}, {"below", "u", "", ""}}
			for i := range n {
				f := fixture{fmt.Sprintf("r%02d", i), "uuu", fmt.Sprintf("r%02d", (i+1)%n), ""}
				if i == sick {
					f.letters = "ddu"
				}
				if i == 0 {
					f.depends += ",below"
				}
				fixtures = append(fixtures, f)
			}
			s := assemble(fixtures...)
			if len(s.Roots) != 1 || len(s.Roots[0].Cycle) != n || s.Roots[0].Ref.Name != fmt.Sprintf("r%02d", sick) {
				t.Fatalf("a ring of %d, %d is sick: %v", n, sick, story(s))
			}
			if got := names(s.Roots[0].Victims); !slices.Equal(got, []string{"caller", "far"}) {
				t.Errorf("a ring of %d, %d is sick: victims %v", n, sick, got)
			}
			if len(s.Warnings) != 1 || !strings.HasPrefix(s.Warnings[0].Detail, "a cycle: r00, r01") || n > 3 && !strings.Contains(s.Warnings[0].Detail, fmt.Sprintf("%d more", n-3)) {
				t.Errorf("a ring of %d: %v", n, s.Warnings)
			}
		}
	}
}

// TestRingsOfRings: two rings that touch in one service are one; one ring that
// calls another is its victim.
func TestRingsOfRings(t *testing.T) {
	for _, c := range []struct {
		name     string
		fixtures []fixture
		want     []string
	}{
		{"touching", []fixture{{"a", "u", "b", ""}, {"b", "d", "a,c", ""}, {"c", "u", "b", ""}}, []string{"b[a b c]:"}},
		{"calling", []fixture{{"a", "u", "b", ""}, {"b", "u", "a,c", ""}, {"c", "u", "d", ""}, {"d", "d", "c", ""}}, []string{"d[c d]: b a"}},
		{"apart", []fixture{{"a", "d", "b", ""}, {"b", "u", "a", ""}, {"c", "d", "d", ""}, {"d", "d", "c", ""}}, []string{"a[a b]:", "c[c d]:"}},
		{"both sick, one names the other", []fixture{{"a", "d", "b", ""}, {"b", "d", "a,c", "c"}, {"c", "d", "d", ""}, {"d", "u", "c", ""}}, []string{"c[c d]: b a"}},
	} {
		if got := story(assemble(c.fixtures...)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestDependenciesAcross: names find the service next door before the one far
// away, across namespaces and sources, and the longest name finds any.
func TestDependenciesAcross(t *testing.T) {
	for _, c := range []struct {
		name    string
		depends string
		others  []fixture
		want    string // who is the root, with its source; or the warning
	}{
		{"next door", "pay", []fixture{{"etcd:pay", "d", "", ""}, {"consul:pay", "u", "", ""}}, "etcd:pay"},
		{"another source, the same namespace", "pay", []fixture{{"consul:pay", "d", "", ""}, {"consul:shop/pay", "u", "", ""}}, "consul:pay"},
		{"the only one there is", "pay", []fixture{{"consul:shop/pay", "d", "", ""}}, "consul:shop/pay"},
		{"by its source", "consul:pay", []fixture{{"etcd:pay", "u", "", ""}, {"consul:pay", "d", "", ""}}, "consul:pay"},
		{"by its namespace", "shop/pay", []fixture{{"etcd:pay", "u", "", ""}, {"etcd:shop/pay", "d", "", ""}}, "etcd:shop/pay"},
		{"by both", "consul:shop/pay", []fixture{{"etcd:shop/pay", "u", "", ""}, {"consul:shop/pay", "d", "", ""}, {"consul:pay", "u", "", ""}}, "consul:shop/pay"},
		{"two elsewhere", "pay", []fixture{{"consul:a/pay", "d", "", ""}, {"consul:b/pay", "d", "", ""}}, "pay could be consul:a/pay or consul:b/pay: say which"},
		{"in another spelling", "Pay", []fixture{{"etcd:pay", "d", "", ""}}, "Pay is not known to any source"},
		{"nobody", "pay", nil, "pay is not known to any source"},
		{"a source that has none", "consul:pay", []fixture{{"etcd:pay", "d", "", ""}}, "consul:pay is not known to any source"},
	} {
		s := assemble(append(c.others, fixture{"order", "u", c.depends, ""})...)
		var got []string
		for _, v := range s.Services {
			if v.Name == "order" {
				for _, r := range v.BlockedBy {
					got = append(got, r.String())
				}
			}
		}
		for _, w := range s.Warnings {
			got = append(got, w.Detail)
		}
		if !slices.Equal(got, []string{c.want}) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// turned is an event seen from the other end of time.
func turned(e fleet.Event) string {
	kind := map[fleet.EventKind]fleet.EventKind{
		fleet.EventServiceNew: fleet.EventServiceGone, fleet.EventServiceGone: fleet.EventServiceNew,
		fleet.EventInstanceNew: fleet.EventInstanceGone, fleet.EventInstanceGone: fleet.EventInstanceNew,
		fleet.EventSourceLost: fleet.EventSourceBack, fleet.EventSourceBack: fleet.EventSourceLost,
	}[e.Kind]
	if kind == "" {
		kind = e.Kind
	}
	return fmt.Sprintf("%s %v %v: %s > %s", kind, e.Key.Ref, e.Key.Instance, e.To, e.From)
}

// alter makes the next moment of a fleet: instances come, go, move, change.
func alter(s *fleet.Snapshot, seed uint64) *fleet.Snapshot {
	rng := rand.New(rand.NewPCG(seed, 5))
	next := &fleet.Snapshot{Seq: s.Seq + 1, At: s.At.Add(time.Second), Sources: slices.Clone(s.Sources)}
	for _, v := range s.Services {
		if rng.IntN(5) == 0 {
			continue
		}
		v.Instances = slices.Clone(v.Instances)
		v.Instances = slices.DeleteFunc(v.Instances, func(fleet.InstanceView) bool { return rng.IntN(5) == 0 })
		for i := range v.Instances {
			in := &v.Instances[i]
			switch rng.IntN(6) {
			case 0:
				in.Addr = fmt.Sprintf("10.0.0.%d:80", rng.IntN(3))
			case 1:
				in.Version = fmt.Sprint(rng.IntN(3))
			case 2:
				claimed := fleet.Status(1 + rng.IntN(5))
				in.Claimed = &claimed
			case 3:
				in.Status = fleet.Status(1 + rng.IntN(5))
			}
		}
		next.Services = append(next.Services, v)
	}
	return next
}

// TestDiffInvariants: nothing happens between a fleet and itself, and what is
// new one way is gone the other.
func TestDiffInvariants(t *testing.T) {
	property := func(one, two uint64) bool {
		a, b := assemble(randomFleet(one)...), assemble(randomFleet(two)...)
		count := func(events []fleet.Event, kind fleet.EventKind) (n int) {
			for _, e := range events {
				if e.Kind == kind {
					n++
				}
			}
			return n
		}
		there, back := diff.Between(a, b), diff.Between(b, a)
		return len(diff.Between(a, a)) == 0 && len(there) == len(back) &&
			count(there, fleet.EventServiceNew) == count(back, fleet.EventServiceGone) &&
			count(there, fleet.EventInstanceNew) == count(back, fleet.EventInstanceGone) &&
			count(there, fleet.EventStatus) == count(back, fleet.EventStatus)
	}
	if err := quick.Check(property, &quick.Config{MaxCount: 500}); err != nil {
		t.Error(err)
	}
}

// TestDiffTurnedRound: what happened from one moment to the next is, word by
// word, what would have happened the other way round.
func TestDiffTurnedRound(t *testing.T) {
	property := func(seed uint64) bool {
		a := assemble(randomFleet(seed)...)
		a.Sources = []fleet.SourceView{{Context: "", Name: "etcd"}}
		b := alter(a, seed)
		var there, back []string
		for _, e := range diff.Between(a, b) {
			if e.Seq != b.Seq || !e.At.Equal(b.At) || e.From == e.To {
				t.Logf("%+v", e)
				return false
			}
			there = append(there, turned(e))
		}
		for _, e := range diff.Between(b, a) {
			back = append(back, fmt.Sprintf("%s %v %v: %s > %s", e.Kind, e.Key.Ref, e.Key.Instance, e.From, e.To))
		}
		slices.Sort(there)
		slices.Sort(back)
		if !slices.Equal(there, back) {
			t.Logf("%q\n%q", there, back)
			return false
		}
		return true
	}
	if err := quick.Check(property, &quick.Config{MaxCount: 500}); err != nil {
		t.Error(err)
	}
}

// TestDiffTellsAll: whoever has the old fleet and the events has the new one.
func TestDiffTellsAll(t *testing.T) {
	state := func(s *fleet.Snapshot) map[string]string {
		m := map[string]string{}
		for _, v := range s.Services {
			m[v.Ref.String()] = "there"
			for _, in := range v.Instances {
				m[v.Ref.String()+"/"+in.ID] = in.Status.String()
			}
		}
		return m
	}
	property := func(seed uint64) bool {
		a, b := assemble(randomFleet(seed)...), assemble(randomFleet(seed+1)...)
		known := state(a)
		for _, e := range diff.Between(a, b) {
			instance := e.Key.Ref.String() + "/" + e.Key.Instance
			switch e.Kind {
			case fleet.EventServiceNew:
				known[e.Key.Ref.String()] = "there"
			case fleet.EventServiceGone:
				delete(known, e.Key.Ref.String())
			case fleet.EventInstanceNew, fleet.EventStatus:
				known[instance] = e.To
			case fleet.EventInstanceGone:
				delete(known, instance)
			}
		}
		return reflect.DeepEqual(known, state(b))
	}
	if err := quick.Check(property, &quick.Config{MaxCount: 500}); err != nil {
		t.Error(err)
	}
}

// TestOutageIsNoNews: whatever the set of a source that does not answer looks
// like, nothing of it is gone, and when it is back all that is gone is told.
func TestOutageIsNoNews(t *testing.T) {
	property := func(seed uint64) bool {
		a := assemble(randomFleet(seed)...)
		a.Sources = []fleet.SourceView{{Name: "etcd"}}
		dead := &fleet.Snapshot{Seq: 8, Sources: []fleet.SourceView{{Name: "etcd", Reason: "refused"}}}
		for _, e := range diff.Between(a, dead) {
			if e.Kind != fleet.EventSourceLost {
				return false
			}
		}
		kept := *a // the last set, as a keeper shows it
		kept.Sources = dead.Sources
		back := alter(a, seed)
		events := diff.Between(&kept, back)
		return len(events) > 0 && events[0].Kind == fleet.EventSourceBack && len(events) == 1+len(diff.Between(a, back))
	}
	if err := quick.Check(property, &quick.Config{MaxCount: 300}); err != nil {
		t.Error(err)
	}
}
