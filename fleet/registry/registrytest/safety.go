package registrytest

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
)

// safeSecret gathers all a registry ever says and looks for the secret in it.
func safeSecret(s *session) {
	if s.cannot(HandSecret) {
		return
	}
	r := s.open()
	var said []string
	note := func(what string, things ...any) {
		for _, x := range things {
			said = append(said, what+": "+fmt.Sprintf("%v %+v %#v", x, x, x))
			if err, ok := x.(error); ok {
				for ; err != nil; err = errors.Unwrap(err) {
					said = append(said, fmt.Sprintf("%s (cause): %v %+v %#v", what, err, err, err))
				}
			}
		}
	}
	set, err := r.List(s.within(s.settle()))
	note("the set", set, err)
	for _, f := range Faults() {
		if s.cannot(Hand(f)) {
			continue
		}
		heal := s.Break(s, f)
		_, err := r.List(s.within(500 * time.Millisecond))
		note("List under "+string(f), err)
		err = r.Watch(s.within(500*time.Millisecond), func(registry.Set) error { return errStop })
		note("Watch under "+string(f), err)
		if reg, ok := registry.As[registry.Registrar](r); ok {
			_, err := reg.Register(s.within(500*time.Millisecond), s.entry(18500))
			note("Register under "+string(f), err)
		}
		heal()
	}
	note("the registry", r)
	said = append(said, "the log: "+s.logs.String())
	for _, text := range said {
		if strings.Contains(text, s.Secret) {
			s.Errorf("the secret is in %s", strings.ReplaceAll(text, s.Secret, "<<<SECRET>>>"))
		}
	}
}

// safeConcurrent lets eight callers read at once, while things change.
func safeConcurrent(s *session) {
	r := s.open()
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			for range 5 {
				set, err := r.List(s.within(s.settle()))
				if err != nil {
					s.Errorf("List: %v", err)
				} else if missing := s.missingSeeds(set); len(missing) > 0 {
					s.Errorf("a set without %v", missing)
				}
			}
		})
	}
	for range 2 {
		wg.Go(func() {
			err := r.Watch(s.within(s.settle()), func(set registry.Set) error {
				if missing := s.missingSeeds(set); len(missing) > 0 {
					s.Errorf("a set without %v", missing)
				}
				return errStop
			})
			if !errors.Is(err, errStop) {
				s.Errorf("Watch: %v", err)
			}
		})
	}
	for i := range 5 {
		s.Put(s, s.service("suite-busy", 18600+i))
	}
	wg.Wait()
}

func optionsDefaults(s *session) {
	first, second := s.Driver.NewOptions(), s.Driver.NewOptions()
	if first == second && reflect.TypeOf(first).Elem().Size() > 0 {
		s.Error("NewOptions returns the same pointer twice: one user would see what another set")
	}
	if err := registry.Decode[string](first, nil); err != nil {
		s.Errorf("the defaults are refused: %v", err)
	}
	if !reflect.DeepEqual(first, second) {
		s.Errorf("setting nothing changed the defaults from %+v to %+v", second, first)
	}
	seen := map[string]bool{}
	for _, o := range registry.Describe(first) {
		if o.Help == "" {
			s.Errorf("option %s has no help", o.Name)
		}
		if seen[o.Name] {
			s.Errorf("two options are called %s", o.Name)
		}
		seen[o.Name] = true
	}
}

func optionsUnknown(s *session) {
	s.refused("nosuchoption", "1", "nosuchoption", "")
	for _, o := range registry.Describe(s.Driver.NewOptions()) {
		if len(o.Name) > 4 {
			s.refused(o.Name+"x", "1", o.Name+"x", "did you mean "+o.Name)
		}
	}
}

// refused checks that one option is refused as wrong configuration.
func (s *session) refused(key, value, named, hint string) {
	s.Helper()
	err := registry.Decode(s.Driver.NewOptions(), map[string]string{key: value})
	var said *fleet.Error
	if !errors.Is(err, registry.ErrConfig) || !errors.As(err, &said) || !strings.Contains(said.Detail, named) || !strings.Contains(said.Hint, hint) {
		s.Errorf("%s=%s: got %v (%+v), want wrong configuration that names %s, hint %q", key, value, err, said, named, hint)
	}
}

func optionsBadValue(s *session) {
	for _, o := range registry.Describe(s.Driver.NewOptions()) {
		switch {
		case o.Type == "reference":
			s.refused(o.Name, "literally-a-secret", "option "+o.Name+":", "")
			err := registry.Decode(s.Driver.NewOptions(), map[string]string{o.Name: "literally-a-secret"})
			if strings.Contains(fmt.Sprintf("%v %+v", err, err), "literally-a-secret") {
				s.Errorf("option %s: the error repeats a literal secret: %v", o.Name, err)
			}
		case o.Type == "yes/no" || o.Type == "number" || o.Type == "duration" || len(o.OneOf) > 0:
			s.refused(o.Name, "nonsense", "option "+o.Name+":", "")
		}
	}
}
