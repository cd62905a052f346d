package fleet_test

import (
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
)

func TestEventWorded(t *testing.T) {
	e := fleet.Event{Kind: fleet.EventBreaker, Key: fleet.Key{Ref: fleet.Ref{Name: "order"}}, Breaker: "a_b", From: "half_open", To: "forced_open"}
	if got := e.Worded().Sentence(); got != "order breaker a_b half open -> forced open" {
		t.Errorf("%q", got)
	}
	e.Kind = fleet.EventVersion
	if got := e.Worded(); got != e {
		t.Errorf("%+v", got)
	}
}
