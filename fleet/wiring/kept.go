package wiring

import (
	"sync"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
)

// again is how long a thing that could not be made stays so: a secret or a file
// may come later.
const again = fleet.Interval

// kept makes one thing for each key. A thing is made by the first who wants it;
// meanwhile only those who want the same one wait, as a secret may come from a
// program that takes its time. The zero kept is ready.
type kept[K comparable, V any] struct {
	mu   sync.Mutex
	made map[K]*thing[V]
}

type thing[V any] struct {
	mu   sync.Mutex
	is   V
	err  error     // why it could not be made
	made time.Time // when that was tried; zero: never
}

// of returns the thing of a key.
func (k *kept[K, V]) of(key K, now func() time.Time, produce func() (V, error)) (V, error) {
	k.mu.Lock()
	it := k.made[key]
	if it == nil {
		it = &thing[V]{}
		if k.made == nil {
			k.made = map[K]*thing[V]{}
		}
		k.made[key] = it
	}
	k.mu.Unlock()
	it.mu.Lock()
	defer it.mu.Unlock()
	if it.made.IsZero() || it.err != nil && now().Sub(it.made) >= again {
		it.is, it.err = produce()
		it.made = now()
	}
	return it.is, it.err
}

// each hands out what was made.
func (k *kept[K, V]) each(do func(V)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, it := range k.made {
		it.mu.Lock()
		if it.err == nil && !it.made.IsZero() {
			do(it.is)
		}
		it.mu.Unlock()
	}
}
