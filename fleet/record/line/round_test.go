package line_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/record/line"
	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/probe/health"
)

// filler sets every exported field of what it is given to something that is not
// its zero value, and no two alike where that can be: what a line forgets, or
// puts in another's place, is seen. With chance it leaves some empty, and makes
// lists of no or of several members.
type filler struct {
	n      int64
	chance *rand.Rand // nil: everything is filled, lists have two members
}

func (f *filler) pass() line.Pass {
	p := line.Pass{}
	f.fill(reflect.ValueOf(&p).Elem(), "Pass")
	return p
}

func (f *filler) next() int64 {
	f.n++
	return f.n
}

// one of the values there are.
func one[T any](f *filler, all ...T) T { return all[f.next()%int64(len(all))] }

// words are the values of types that are lists of words.
func (f *filler) words(v reflect.Value) bool {
	var x any
	switch v.Interface().(type) {
	case fleet.Status:
		x = one(f, fleet.Up, fleet.Maintenance, fleet.Unknown, fleet.Degraded, fleet.Down)
	case probe.Outcome:
		x = one(f, probe.Pass, probe.Warn, probe.Fail)
	case health.Word:
		x = one(f, health.Well, health.Warn, health.Ill, health.Unknown)
	case fleet.BreakerState:
		x = one(f, fleet.BreakerStates()[1:]...)
	case time.Time:
		x = time.Date(2026, 1, 2, 3, 4, 5, int(f.next()), time.UTC)
	default:
		return false
	}
	v.Set(reflect.ValueOf(x))
	return true
}

func (f *filler) fill(v reflect.Value, path string) {
	if path == "Pass.Snapshot.Pass" {
		return // a recording has each pass once
	}
	if f.chance != nil && f.chance.IntN(4) == 0 {
		return
	}
	if f.words(v) {
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			f.fill(v.Field(i), path+"."+v.Type().Field(i).Name)
		}
	case reflect.Slice:
		n := 2
		if f.chance != nil {
			n = f.chance.IntN(4)
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			f.fill(v.Index(i), path)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf(fmt.Sprint("name ", f.next())), reflect.ValueOf(fmt.Sprint("value ", f.next())))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem(), path)
	case reflect.String:
		v.SetString(fmt.Sprintf("%s \x00\x1b\"<&>\\ ü %d", path[strings.LastIndexByte(path, '.')+1:], f.next()))
	case reflect.Bool:
		v.SetBool(f.chance == nil || f.chance.IntN(2) == 0)
	case reflect.Int, reflect.Int64:
		v.SetInt(f.next() * 1_000_000_007)
	case reflect.Int32:
		v.SetInt(-f.next())
	case reflect.Uint32:
		v.SetUint(uint64(f.next()))
	case reflect.Uint64:
		v.SetUint(math.MaxUint64 - uint64(f.next()))
	case reflect.Float64:
		v.SetFloat(float64(f.next()) / 7)
	default:
		panic(path + ": a field of a kind that lines do not know: " + v.Kind().String())
	}
}

// whole makes the record of a pass from its line.
func whole(t *testing.T, text []byte) *line.Record {
	t.Helper()
	r, err := line.Decode(text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return r
}

// TestEveryFieldSurvives: whatever a snapshot points at is in its line. Who adds
// a field to a noun and forgets it here fails.
func TestEveryFieldSurvives(t *testing.T) {
	want := (&filler{}).pass()
	got := whole(t, line.RecordOf(want).Append(nil)).Pass()
	if missing := differences(reflect.ValueOf(want), reflect.ValueOf(got), "Pass"); missing != nil {
		t.Errorf("lost or changed:\n%s", strings.Join(missing, "\n"))
	}
	e := fleet.Event{}
	(&filler{}).fill(reflect.ValueOf(&e).Elem(), "Event")
	if got, err := line.DecodeEvent(line.AppendEvent(nil, &e)); err != nil || got != e {
		t.Errorf("%v\n got %+v\nwant %+v", err, got, e)
	}
}

// differences lists the fields that are not the same.
func differences(want, got reflect.Value, path string) (list []string) {
	if reflect.DeepEqual(want.Interface(), got.Interface()) {
		return nil
	}
	switch {
	case want.Kind() == reflect.Pointer && !want.IsNil() && !got.IsNil():
		return differences(want.Elem(), got.Elem(), path)
	case want.Kind() == reflect.Struct && want.Type() != reflect.TypeFor[time.Time]():
		for i := range want.NumField() {
			list = append(list, differences(want.Field(i), got.Field(i), path+"."+want.Type().Field(i).Name)...)
		}
		return list
	case want.Kind() == reflect.Slice && want.Len() == got.Len():
		for i := range want.Len() {
			list = append(list, differences(want.Index(i), got.Index(i), fmt.Sprintf("%s[%d]", path, i))...)
		}
		return list
	}
	return []string{fmt.Sprintf("%s: %#v, was %#v", path, got, want)}
}

// TestChangesAddUp: whatever two passes hold, the line between them makes the
// one of the other, many times in a row, and nothing that was handed out before
// changes with it.
func TestChangesAddUp(t *testing.T) {
	for seed := range uint64(300) {
		f := &filler{chance: rand.New(rand.NewPCG(seed, 7))}
		pass := func() line.Pass {
			p := f.pass()
			if p.Snapshot == nil {
				p.Snapshot = &fleet.Snapshot{}
			}
			return p
		}
		before := pass()
		was := line.RecordOf(before)
		read := whole(t, was.Append(nil))
		for range 4 {
			handed := read.Pass()
			after := pass()
			is := line.RecordOf(after)
			text := is.AppendChange(nil, was)
			if h, err := line.HeadOf(text); err != nil || h.Kind != line.KindChange || h.Seq != after.Snapshot.Seq || !h.Time().Equal(after.Snapshot.At) {
				t.Fatalf("seed %d: head %+v, %v of %s", seed, h, err, text)
			}
			if err := read.Change(text); err != nil {
				t.Fatalf("seed %d: %v\n%s", seed, err, text)
			}
			if d := differences(reflect.ValueOf(after), reflect.ValueOf(read.Pass()), "Pass"); d != nil {
				t.Fatalf("seed %d: after the change\n%s\nby %s", seed, strings.Join(d, "\n"), text)
			}
			if d := differences(reflect.ValueOf(before), reflect.ValueOf(handed), "Pass"); d != nil {
				t.Fatalf("seed %d: what was handed out changed:\n%s", seed, strings.Join(d, "\n"))
			}
			before, was = after, is
		}
	}
}
