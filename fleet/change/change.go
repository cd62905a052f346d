// Package change is the one way to write: a change is planned by reading,
// shown, confirmed by whoever holds the Desk, done, read back, and can be
// undone. An Intent is all that another process needs to undo it.
package change

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/registry"
)

// Intent is what is to be changed. It holds no secret.
type Intent struct {
	Kind    string          // a row of Kinds
	Context string          // the configured context; empty where there is none
	Target  Target          // what is changed
	Params  json.RawMessage // what the kind needs besides
}

// Target is what is changed: an instance in a source, or something of it.
type Target struct {
	Source    string
	Namespace string `json:",omitempty"`
	Service   string
	Instance  string
	Address   string                `json:",omitempty"` // its own, where the change goes to the instance
	Breaker   string                `json:",omitempty"` // a breaker of it, or a proxy's server
	Admin     *fleet.Administration `json:",omitempty"` // by which API; nil where the registry is written to
}

// Key is the target as the registry knows it: without context and source.
func (t Target) Key() fleet.Key {
	return fleet.Key{Ref: fleet.Ref{Namespace: t.Namespace, Name: t.Service}, Instance: t.Instance}
}

// Name is the target as people write it: payment/payment-2.
func (t Target) Name() string {
	name := t.Service + "/" + t.Instance
	if t.Breaker != "" {
		name += " " + t.Breaker
	}
	return name
}

// site is where the target is administered.
func (t Target) site(contextName string) breaker.Site {
	k := t.Key()
	k.Context, k.Source = contextName, t.Source
	s := breaker.Site{Key: k, Addr: t.Address}
	if t.Admin != nil {
		s.Base = t.Admin.Base
	}
	return s
}

// keyOf is the target under the id that its entry has.
func (t Target) keyOf(e *registry.Entry) fleet.Key {
	k := t.Key()
	if e != nil {
		k.Instance = e.Instance.ID
	}
	return k
}

// Before is what a change found when it was planned, as JSON: with it, and the
// Intent, it can be undone, by another process too.
type Before = json.RawMessage

// Seen is what is there after a change, as read back.
type Seen struct {
	Text    string // for people
	OK      bool   // it is what was wanted
	Changed bool   // it is not what was there before
	Back    bool   // it is as before, or as near to it as it can be put back
}

// Marks are what a far system that keeps such things is told with a change.
type Marks struct {
	By     string        // who orders it
	Reason string        // why
	Change string        // the batch's id
	TTL    time.Duration // after which the far side may end it by itself; 0: never
}

// marked is a Change whose far system may keep marks.
type marked interface{ mark(m Marks) }

// Change is one change, opened. Its methods may be called from any goroutine,
// one at a time.
type Change interface {
	// String says what it does: "register payment/payment-4 at 10.0.0.7:9000 in etcd".
	String() string
	// Prepare only reads. Its answer is what Undo goes back to.
	Prepare(ctx context.Context) (Before, error)
	// Describe says in words what was there and what will be, and what else
	// happens: "consul agent on n3".
	Describe(ctx context.Context, b Before) (was, will string, sideEffects []string, err error)
	// Do makes the change; twice is the same as once.
	Do(ctx context.Context, b Before) error
	// After reads back what is there now. It reads also when ctx has ended, since
	// the change was made all the same, but for no longer than ReadBack.
	After(ctx context.Context, b Before) (Seen, error)
	// Undo goes back to Before. It succeeds if Do never happened, and leaves
	// alone what somebody else put in its place.
	Undo(ctx context.Context, b Before) error
}

// ReadBack is how long reading back, or undoing, one change may take where the
// context that began it gives no limit any more.
const ReadBack = 5 * time.Second

// outlive is a context for what has to be finished when ctx has ended.
func outlive(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), ReadBack)
}

// Env is where the far systems of a context come from.
type Env struct {
	// Registry returns the open registry of a source.
	Registry func(source string) (registry.Registry, error)
	// Admin returns what administers breakers as an Administration says. It may
	// be nil where nothing is administered.
	Admin func(a fleet.Administration) (breaker.Admin, error)
}

// Kind is one kind of change.
type Kind struct {
	Name    string
	Summary string
	open    func(env Env, i Intent) (Change, error)
}

// Kinds is the explicit table of what can be changed.
func Kinds() []Kind {
	return []Kind{
		{"register", "add or replace an instance's entry in a registry", openRegister},
		{"deregister", "remove an instance's entry from a registry", openDeregister},
		{"breaker", "give an order to a circuit breaker of an instance", openBreaker},
		{"drain", "take an instance out of use so that its calls finish, or put it back", openDrain},
	}
}

// Open makes the change an intent describes.
func Open(env Env, i Intent) (Change, error) {
	for _, k := range Kinds() {
		if k.Name == i.Kind {
			return k.open(env, i)
		}
	}
	return nil, fmt.Errorf("no change is called %q: %w", i.Kind, fleet.ErrNotFound)
}

// ErrUnable is wrapped when the far system has not the ability a change needs.
var ErrUnable = errors.New("the registry cannot do that")

// registrar finds the source's ability to write.
func registrar(env Env, t Target) (registry.Registry, registry.Registrar, error) {
	reg, err := env.Registry(t.Source)
	if err != nil {
		return nil, nil, err
	}
	w, ok := registry.As[registry.Registrar](reg)
	if !ok {
		return nil, nil, fmt.Errorf("%s: entries cannot be written here: %w", t.Source, ErrUnable)
	}
	return reg, w, nil
}

// entryOf reads the entry of a key; nil where there is none.
func entryOf(ctx context.Context, reg registry.Registry, k fleet.Key) (*registry.Entry, error) {
	set, err := reg.List(ctx)
	if err != nil {
		return nil, err
	}
	return find(set, k), nil
}

// words is an entry for people.
func words(e *registry.Entry) string {
	if e == nil {
		return "no entry"
	}
	parts := []string{e.Instance.Addr}
	if e.Instance.Version != "" {
		parts = append(parts, "version "+e.Instance.Version)
	}
	if e.Instance.Zone != "" {
		parts = append(parts, "zone "+e.Instance.Zone)
	}
	return strings.Join(parts, ", ")
}

// sideEffects asks the source what else a write does.
func sideEffects(ctx context.Context, reg registry.Registry, k fleet.Key, verb string) ([]string, error) {
	s, ok := registry.As[registry.Sider](reg)
	if !ok {
		return nil, nil
	}
	effects, err := s.SideEffects(ctx, k, verb)
	if errors.Is(err, fleet.ErrNotFound) {
		return nil, nil
	}
	return effects, err
}
