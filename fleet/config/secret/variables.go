package secret

import (
	"maps"
	"slices"
	"sync"
)

// Variables are those of an environment. They remember which of them were used, so
// that another process can be given the same. They are safe for concurrent use.
type Variables struct {
	env  func(string) string
	mu   sync.Mutex
	used map[string]bool
}

// NewVariables returns those of an environment.
func NewVariables(env func(string) string) *Variables {
	return &Variables{env: env, used: map[string]bool{}}
}

// Get is the value of a variable; one that is empty is not used.
func (v *Variables) Get(name string) string {
	value := v.env(name)
	if value != "" {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.used[name] = true
	}
	return value
}

// Used are the names of those that were, sorted.
func (v *Variables) Used() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Sorted(maps.Keys(v.used))
}
