package sweep_test

import (
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/sweep"
)

// TestSideBySide: nothing until every context has been seen; then the newest of
// all, and only that, for who reads slowly.
func TestSideBySide(t *testing.T) {
	of := func(context string, services int) *fleet.Snapshot {
		return &fleet.Snapshot{Seq: 40, Context: context, Services: make([]fleet.ServiceView, services)}
	}
	b := sweep.SideBySide(2)
	b.Put(0, of("prod", 1))
	select {
	case s := <-b.Latest():
		t.Fatalf("half of it: %+v", s)
	default:
	}
	b.Put(1, of("test", 2))
	b.Put(0, of("prod", 4))
	if s := <-b.Latest(); s.Seq != 2 || s.Context != "" || len(s.Services) != 6 {
		t.Errorf("number %d of %q with %d services", s.Seq, s.Context, len(s.Services))
	}
	b.Put(1, of("test", 3))
	b.Close()
	if s := <-b.Latest(); s.Seq != 3 || len(s.Services) != 7 {
		t.Errorf("number %d with %d services", s.Seq, len(s.Services))
	}
	if s, ok := <-b.Latest(); ok {
		t.Errorf("after the end: %+v", s)
	}
	alone, one := sweep.SideBySide(1), of("prod", 1)
	alone.Put(0, one)
	if s := <-alone.Latest(); s != one {
		t.Errorf("one alone is %+v", s)
	}
}
