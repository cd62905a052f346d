package desk_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/page/pagetest"
)

func ref(name string) fleet.Ref { return fleet.Ref{Context: "prod", Source: "etcd", Name: name} }

func key(n int) fleet.Key {
	return fleet.Key{Ref: ref("order"), Instance: fmt.Sprint("order-", n)}
}

// seen is a snapshot of order with instances, taken so long after the changes of
// tests.
func seen(after time.Duration, in ...fleet.InstanceView) *fleet.Snapshot {
	s := &fleet.Snapshot{At: pagetest.At().Add(after), Took: time.Second}
	s.Services = []fleet.ServiceView{{Ref: ref("gateway")}, {Ref: ref("order"), Instances: in}}
	return s
}

// has is an instance with a breaker payment, and another one.
func has(n int, state fleet.BreakerState, hold ...fleet.Hold) fleet.InstanceView {
	b := fleet.Breaker{Name: "payment", State: state}
	if len(hold) > 0 {
		b.Hold = hold[0]
	}
	return fleet.InstanceView{Key: key(n), Breakers: []fleet.Breaker{{Name: "user", State: fleet.BreakerOpen}, b}}
}

// TestSightOfBreakers: what is there now, and whether it drifted, by verb and state.
// What the snapshot does not say is nothing, never drift.
func TestSightOfBreakers(t *testing.T) {
	unread := has(1, fleet.BreakerClosed)
	unread.BreakersWhy.Reason = "auth"
	oneOpen := has(1, fleet.BreakerClosed)
	oneOpen.Breakers[1].OneOpen = true
	gone := has(1, fleet.BreakerClosed)
	gone.Breakers = gone.Breakers[:1]
	for _, c := range []struct {
		about string
		verb  fleet.Verb
		in    fleet.InstanceView
		want  desk.Sight
	}{
		{"tripped and open by force", fleet.Trip, has(1, fleet.BreakerForcedOpen), desk.Sight{Text: fleet.BreakerForcedOpen.Words()}},
		{"tripped and closed", fleet.Trip, has(1, fleet.BreakerClosed), desk.Sight{Text: fleet.BreakerClosed.Words(), Drifted: true}},
		{"tripped and open by itself", fleet.Trip, has(1, fleet.BreakerOpen), desk.Sight{Text: fleet.BreakerOpen.Words(), Drifted: true}},
		{"tripped, one of several", fleet.Trip, oneOpen, desk.Sight{Text: fleet.BreakerClosed.Words()}},
		{"bypassed, one of several is open", fleet.Bypass, oneOpen, desk.Sight{Text: fleet.BreakerClosed.Words(), Drifted: true}},
		{"bypassed", fleet.Bypass, has(1, fleet.BreakerDisabled), desk.Sight{Text: fleet.BreakerDisabled.Words()}},
		{"not known is no drift", fleet.Trip, has(1, fleet.BreakerUnknown), desk.Sight{Text: fleet.BreakerUnknown.Words()}},
		{"ours", fleet.Trip, has(1, fleet.BreakerForcedOpen, fleet.Hold{Change: "1A"}), desk.Sight{Text: fleet.BreakerForcedOpen.Words()}},
		{"in the hands of another change", fleet.Trip, has(1, fleet.BreakerForcedOpen, fleet.Hold{Change: "1B"}), desk.Sight{Text: fleet.BreakerForcedOpen.Words(), Drifted: true}},
		{"breakers were not read", fleet.Trip, unread, desk.Sight{}},
		{"the breaker is gone", fleet.Trip, gone, desk.Sight{}},
		{"another instance", fleet.Trip, has(2, fleet.BreakerClosed), desk.Sight{}},
	} {
		b := pagetest.Order("1A", c.verb, ref("order"), "payment", 1, pagetest.At(), 0).Batch
		eye := desk.Eye{Snapshot: seen(time.Minute, c.in)}
		if got := eye.Look(b, &b.Steps[0]); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.about, got, c.want)
		}
	}
}

// TestSightInTime: a snapshot that was begun before a step was done says nothing of
// it, nor does one of what holds nothing any more; of what was never read back nobody
// knows how it was left.
func TestSightInTime(t *testing.T) {
	drifted := desk.Sight{Text: fleet.BreakerClosed.Words(), Drifted: true}
	for _, c := range []struct {
		about string
		after time.Duration
		spoil func(b *change.Batch)
		want  desk.Sight
	}{
		{"later", time.Minute, nil, drifted},
		{"before it", -time.Minute, nil, desk.Sight{}},
		{"at that moment", 0, nil, desk.Sight{}},
		{"begun at that moment", time.Second, nil, desk.Sight{}},
		{"begun right after it", time.Second + 1, nil, drifted},
		{"it was put back", time.Minute, func(b *change.Batch) { b.Steps[0].Put = change.PutBack }, desk.Sight{}},
		{"it failed", time.Minute, func(b *change.Batch) { b.Steps[0].State = change.Failed }, desk.Sight{}},
		{"not known", time.Minute, func(b *change.Batch) { b.Steps[0].State = change.Unknown }, desk.Sight{Text: fleet.BreakerClosed.Words()}},
		{"of another context", time.Minute, func(b *change.Batch) { b.Steps[0].Intent.Context = "stage" }, desk.Sight{}},
		{"of another registry", time.Minute, func(b *change.Batch) { b.Steps[0].Intent.Target.Source = "consul" }, desk.Sight{}},
		{"of another namespace", time.Minute, func(b *change.Batch) { b.Steps[0].Intent.Target.Namespace = "shop" }, desk.Sight{}},
		{"of another breaker", time.Minute, func(b *change.Batch) { b.Steps[0].Intent.Target.Breaker = "stock" }, desk.Sight{}},
	} {
		b := pagetest.Order("1A", fleet.Trip, ref("order"), "payment", 1, pagetest.At(), 0).Batch
		if c.spoil != nil {
			c.spoil(b)
		}
		eye := desk.Eye{Snapshot: seen(c.after, has(1, fleet.BreakerClosed))}
		if got := eye.Look(b, &b.Steps[0]); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.about, got, c.want)
		}
	}
}

// TestSightOfDrains: only a registry says for certain that it hands out again what was
// taken out.
func TestSightOfDrains(t *testing.T) {
	for _, c := range []struct {
		about  string
		status fleet.Status
		d      change.Drain
		want   desk.Sight
	}{
		{"out", fleet.Maintenance, change.Drain{On: true, Via: change.ViaRegistry}, desk.Sight{Text: "out of use"}},
		{"out by its own API", fleet.Maintenance, change.Drain{On: true, Via: change.ViaAdmin}, desk.Sight{Text: "out of use"}},
		{"back", fleet.Up, change.Drain{On: true, Via: change.ViaRegistry}, desk.Sight{Text: "back in use", Drifted: true}},
		{"back, half well", fleet.Degraded, change.Drain{On: true, Via: change.ViaRegistry}, desk.Sight{Text: "back in use", Drifted: true}},
		{"up, by its own API", fleet.Up, change.Drain{On: true, Via: change.ViaAdmin}, desk.Sight{}},
		{"down says nothing", fleet.Down, change.Drain{On: true, Via: change.ViaRegistry}, desk.Sight{}},
		{"not known says nothing", fleet.Unknown, change.Drain{On: true, Via: change.ViaRegistry}, desk.Sight{}},
		{"put back into use holds nothing", fleet.Up, change.Drain{On: false, Via: change.ViaRegistry}, desk.Sight{}},
	} {
		b := pagetest.Drained("1A", key(1), pagetest.At()).Batch
		intent, err := change.DrainIntent("prod", b.Steps[0].Intent.Target, c.d)
		if err != nil {
			t.Fatal(err)
		}
		b.Steps[0].Intent = intent
		eye := desk.Eye{Snapshot: seen(time.Minute, fleet.InstanceView{Key: key(1), Status: c.status})}
		if got := eye.Look(b, &b.Steps[0]); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.about, got, c.want)
		}
	}
	b := pagetest.Drained("1A", key(1), pagetest.At()).Batch
	b.Steps[0].Intent.Params = []byte("{")
	eye := desk.Eye{Snapshot: seen(time.Minute, fleet.InstanceView{Key: key(1), Status: fleet.Up})}
	if got := eye.Look(b, &b.Steps[0]); got != (desk.Sight{}) {
		t.Errorf("of what cannot be read: %+v", got)
	}
}

// TestEyeProperty: going on where the last step was found finds the same as looking
// from the beginning, in whatever order steps and instances stand.
func TestEyeProperty(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 5))
	for range 200 {
		n := 1 + rnd.IntN(9)
		var in []fleet.InstanceView
		for i := range n {
			if rnd.IntN(5) > 0 {
				in = append(in, has(i+1, []fleet.BreakerState{fleet.BreakerClosed, fleet.BreakerForcedOpen, fleet.BreakerUnknown}[rnd.IntN(3)]))
			}
		}
		rnd.Shuffle(len(in), func(i, j int) { in[i], in[j] = in[j], in[i] })
		b := pagetest.Order("1A", fleet.Trip, ref("order"), "payment", n, pagetest.At(), 0).Batch
		foreign := pagetest.Order("1A", fleet.Trip, ref("gateway"), "order", 1, pagetest.At(), 0).Batch
		rnd.Shuffle(n, func(i, j int) { b.Steps[i], b.Steps[j] = b.Steps[j], b.Steps[i] })
		s := seen(time.Minute, in...)
		eye := desk.Eye{Snapshot: s}
		for i := range b.Steps {
			if rnd.IntN(3) == 0 {
				eye.Look(foreign, &foreign.Steps[0])
			}
			alone := desk.Eye{Snapshot: s}
			if got, want := eye.Look(b, &b.Steps[i]), alone.Look(b, &b.Steps[i]); got != want {
				t.Fatalf("step %d of %d: %+v, want %+v", i, n, got, want)
			}
		}
	}
	empty := desk.Eye{Snapshot: &fleet.Snapshot{At: pagetest.At().Add(time.Minute)}}
	b := pagetest.Order("1A", fleet.Trip, ref("order"), "payment", 1, pagetest.At(), 0).Batch
	if got := empty.Look(b, &b.Steps[0]); got != (desk.Sight{}) {
		t.Errorf("of nothing: %+v", got)
	}
}

// TestHolder: who holds a breaker by the journal; nobody where nothing was read.
func TestHolder(t *testing.T) {
	order := pagetest.Order("1A", fleet.Trip, ref("order"), "payment", 1, pagetest.At(), time.Minute)
	var none *desk.Holder
	closed, open := fleet.Breaker{Name: "payment", State: fleet.BreakerClosed}, fleet.Breaker{Name: "payment", State: fleet.BreakerForcedOpen}
	for name, c := range map[string]struct {
		of   *desk.Holder
		key  fleet.Key
		b    fleet.Breaker
		held bool
	}{
		"ours":              {desk.NewHolder([]desk.Change{order}), key(1), open, true},
		"another instance":  {desk.NewHolder([]desk.Change{order}), key(2), open, false},
		"another breaker":   {desk.NewHolder([]desk.Change{order}), key(1), fleet.Breaker{Name: "user", State: fleet.BreakerForcedOpen}, false},
		"nothing was read":  {none, key(1), open, false},
		"the zero one":      {&desk.Holder{}, key(1), open, false},
		"there are none":    {desk.NewHolder(nil), key(1), open, false},
		"it is not so now":  {desk.NewHolder([]desk.Change{order}), key(1), closed, false},
		"of another source": {desk.NewHolder([]desk.Change{order}), fleet.Key{Ref: fleet.Ref{Context: "prod", Source: "consul", Name: "order"}, Instance: "order-1"}, open, false},
	} {
		if got := c.of.Of(c.key, &c.b); (got.Change == "1A") != c.held || !c.held && got != (fleet.Hold{}) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestSame: two readings are the same for people where nothing that is shown differs;
// each difference that is shown is one.
func TestSame(t *testing.T) {
	made := func() []desk.Change {
		return []desk.Change{
			pagetest.Order("1A", fleet.Trip, ref("order"), "payment", 2, pagetest.At(), time.Minute),
			pagetest.Drained("1B", key(1), pagetest.At()),
		}
	}
	one := made()
	if !desk.Same(one, one) || !desk.Same(one, made()) || !desk.Same(nil, nil) || !desk.Same(nil, []desk.Change{}) {
		t.Error("the same is another")
	}
	local := made()
	local[0].Batch.Until = local[0].Batch.Until.In(time.FixedZone("X", 3600))
	if !desk.Same(one, local) {
		t.Error("a moment is another in another zone")
	}
	for name, differ := range map[string]func(all []desk.Change) []desk.Change{
		"fewer":        func(all []desk.Change) []desk.Change { return all[:1] },
		"order":        func(all []desk.Change) []desk.Change { return []desk.Change{all[1], all[0]} },
		"stand":        func(all []desk.Change) []desk.Change { all[0].Stand = change.StandOverdue; return all },
		"id":           func(all []desk.Change) []desk.Change { all[0].Batch.ID = "1C"; return all },
		"end":          func(all []desk.Change) []desk.Change { all[0].Batch.Until = pagetest.At(); return all },
		"finished":     func(all []desk.Change) []desk.Change { all[0].Batch.Finished = time.Time{}; return all },
		"keeper":       func(all []desk.Change) []desk.Change { all[0].Batch.Keeper.PID++; return all },
		"steps":        func(all []desk.Change) []desk.Change { all[0].Batch.Steps = all[0].Batch.Steps[:1]; return all },
		"state":        func(all []desk.Change) []desk.Change { all[0].Batch.Steps[1].State = change.Unknown; return all },
		"now":          func(all []desk.Change) []desk.Change { all[0].Batch.Steps[1].Now = "closed"; return all },
		"changed":      func(all []desk.Change) []desk.Change { all[0].Batch.Steps[1].Changed = false; return all },
		"error":        func(all []desk.Change) []desk.Change { all[0].Batch.Steps[1].Error = "403"; return all },
		"put back":     func(all []desk.Change) []desk.Change { all[0].Batch.Steps[1].Put = change.PutReplaced; return all },
		"by whom":      func(all []desk.Change) []desk.Change { all[0].Batch.Steps[1].PutBy = "1D"; return all },
		"done again":   func(all []desk.Change) []desk.Change { all[0].Batch.Steps[1].Again++; return all },
		"of the other": func(all []desk.Change) []desk.Change { all[1].Batch.Steps[0].State = change.Failed; return all },
	} {
		other := differ(made())
		if desk.Same(one, other) || desk.Same(other, one) {
			t.Errorf("%s: nothing is new", name)
		}
	}
}

// TestErrNone: that there is no desk is told from a journal that cannot be read, also
// where somebody says why.
func TestErrNone(t *testing.T) {
	if err := error(&fleet.Error{Detail: "a recording is played", Err: desk.ErrNone}); !errors.Is(err, desk.ErrNone) {
		t.Error(err)
	}
	if errors.Is(errors.New("locked"), desk.ErrNone) {
		t.Error("a locked journal is none")
	}
}

// FuzzDrain: whatever stands in the journal as what a drain was, an instance is said to
// have drifted only where a registry was told to take it out, and hands it out.
func FuzzDrain(f *testing.F) {
	for _, seed := range []string{`{"On":true,"Via":"registry"}`, `{"On":true}`, `{"On":false}`, `{`, `null`, `[]`, `{"On":"yes"}`, `{"on":true,"via":"admin"}`, ""} {
		f.Add([]byte(seed), "")
		f.Add([]byte(seed), "server")
	}
	f.Fuzz(func(t *testing.T, params []byte, breaker string) {
		b := pagetest.Drained("1A", key(1), pagetest.At()).Batch
		r := &b.Steps[0]
		r.Intent.Params, r.Intent.Target.Breaker = params, breaker
		for _, status := range []fleet.Status{fleet.StatusNone, fleet.Unknown, fleet.Down, fleet.Degraded, fleet.Up, fleet.Maintenance} {
			eye := desk.Eye{Snapshot: seen(time.Minute, fleet.InstanceView{Key: key(1), Status: status})}
			got := eye.Look(b, r)
			if serves := status == fleet.Up || status == fleet.Degraded; got.Drifted && (!serves || breaker != "" || got.Text == "") {
				t.Errorf("%v, %q: %+v", status, breaker, got)
			}
		}
	})
}
