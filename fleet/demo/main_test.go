package demo_test

import (
	"context"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/fleet/demo"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start runs a settled fleet until the test ends.
func start(t *testing.T, faults ...string) *demo.Fleet {
	t.Helper()
	var o demo.Options
	for _, text := range faults {
		fault, err := demo.ParseFault(text)
		if err != nil {
			t.Fatal(err)
		}
		o.Faults = append(o.Faults, fault)
	}
	o.Dir = t.TempDir()
	f, err := demo.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	settle(t, f)
	return f
}

// settle waits until the fleet shows what it will go on showing.
func settle(t *testing.T, f *demo.Fleet) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := f.Settle(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestStartIsFast(t *testing.T) {
	began := time.Now()
	f, err := demo.Start(t.Context(), demo.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	started := time.Since(began)
	settle(t, f)
	t.Logf("started in %v, settled in %v", started, time.Since(began))
	if started > 2*time.Second {
		t.Errorf("took %v to start", started)
	}
}
