package all_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker/all"
)

func TestDrivers(t *testing.T) {
	names := all.Names()
	if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("the table is not sorted, or a name is in it twice: %v", names)
	}
	for _, d := range all.Drivers() {
		got, err := all.Driver(d.Name)
		if err != nil || got.Name != d.Name || d.Summary == "" || len(d.Schemes) == 0 || d.Open == nil {
			t.Errorf("%s: %+v, %v", d.Name, got, err)
		}
		for _, v := range d.Verbs {
			if !slices.Contains(fleet.Verbs(), v) {
				t.Errorf("%s: %s is no order", d.Name, v)
			}
		}
	}
}

func TestUnknownDriver(t *testing.T) {
	for name, hint := range map[string]string{"httapi": "did you mean httpapi?", "nothing-like-it": "known are "} {
		_, err := all.Driver(name)
		var said *fleet.Error
		if !errors.Is(err, fleet.ErrNotFound) || !errors.As(err, &said) || !strings.HasPrefix(said.Hint, hint) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
