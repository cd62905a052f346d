package etcd_test

import (
	"testing"

	"github.com/midwatch-cli/midwatch/fleet/registry/registrytest"
)

func TestMain(m *testing.M) { registrytest.Main(m) }

// TestConformance runs the suite on an etcd in the process, which is the real
// one embedded, and on the machine's own server where there is one.
func TestConformance(t *testing.T) {
	for name, start := range map[string]func(testing.TB) string{"embedded": startEmbedded, "real": startReal} {
		t.Run(name, func(t *testing.T) {
			far := newFarEnd(t, start(t))
			registrytest.Run(t, far.world)
		})
	}
}
