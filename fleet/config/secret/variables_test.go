package secret_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet/config/secret"
)

// TestVariablesThatWereUsed: each once, whoever asks, and not those that are not set.
func TestVariablesThatWereUsed(t *testing.T) {
	v := secret.NewVariables(func(name string) string { return map[string]string{"TOKEN": "t", "A": "a", "OTHER": "o"}[name] })
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if v.Get("TOKEN") != "t" || v.Get("A") != "a" || v.Get("UNSET") != "" {
				t.Error("it is another environment")
			}
		})
	}
	all.Wait()
	if got := v.Used(); !slices.Equal(got, []string{"A", "TOKEN"}) {
		t.Errorf("used %v", got)
	}
}
