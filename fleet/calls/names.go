package calls

import (
	"errors"
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/match"
)

// DependsOn is where the warnings of Declared are.
const DependsOn = "dependsOn"

// Declared resolves the names of dependencies to edges between the services of a
// snapshot, by index. Known are the services they may name; nil are those of the
// snapshot. A name that means none or several is a warning, never a guess.
func Declared(s *fleet.Snapshot, known []fleet.Ref) (deps [][]int, warnings []fleet.Warning) {
	deps = make([][]int, len(s.Services))
	if !slices.ContainsFunc(s.Services, func(v fleet.ServiceView) bool { return len(v.DependsOn) > 0 }) {
		return deps, nil
	}
	names := newNames(s, known)
	for i := range s.Services {
		own := s.Services[i].Ref
		for _, name := range s.Services[i].DependsOn {
			to, err := names.declared(own, name)
			if err == nil && to == i {
				err = errors.New("it names itself")
			}
			if err != nil {
				warnings = append(warnings, fleet.Warning{Where: DependsOn + " of " + own.String(), Detail: err.Error()})
			} else if to != Outside && !slices.Contains(deps[i], to) {
				deps[i] = append(deps[i], to)
			}
		}
	}
	return deps, warnings
}

// Words are what a name of a component or a breaker may hold of a service's name,
// in lower case: the whole, and the parts of those that are paths
// (broker/primary) or names of clusters (outbound|8080||payment.shop.svc).
func Words(name string) []string {
	name = strings.ToLower(name)
	return append([]string{name}, parts(name)...)
}

func parts(name string) []string {
	return strings.FieldsFunc(name, func(r rune) bool { return strings.ContainsRune("/|:.@#", r) })
}

// names finds services by what others call them.
type names struct {
	at    map[fleet.Ref]int // those of the snapshot
	exact match.Index       // as people write them
	loose match.Index       // in lower case, as programs may have them
	lower map[fleet.Ref]int // services of the snapshot in lower case
}

// newNames enters the services that may be named.
func newNames(s *fleet.Snapshot, known []fleet.Ref) *names {
	n := &names{at: make(map[fleet.Ref]int, len(s.Services)), exact: match.Index{}, loose: match.Index{}, lower: make(map[fleet.Ref]int, len(s.Services))}
	for i := range s.Services {
		own := s.Services[i].Ref
		n.at[own], n.lower[lower(own)] = i, i
		n.loose.Add(match.Name(lower(own)))
		if known == nil {
			n.exact.Add(match.Name(own))
		}
	}
	for _, r := range known {
		n.exact.Add(match.Name(r))
	}
	return n
}

func lower(r fleet.Ref) fleet.Ref {
	r.Source, r.Namespace, r.Name = strings.ToLower(r.Source), strings.ToLower(r.Namespace), strings.ToLower(r.Name)
	return r
}

// declared is the service that a dependency means; Outside where that is none of
// the snapshot.
func (n *names) declared(from fleet.Ref, name string) (int, error) {
	ref, err := n.exact.Find(match.Name(from), name)
	if err != nil {
		return Outside, err
	}
	if at, ok := n.at[fleet.Ref(ref)]; ok {
		return at, nil
	}
	return Outside, nil
}

// guarded is the service that the name of a breaker means: by the whole name, else
// by its first part that means one, alone or with the namespace behind it; a part that is the caller's own name is
// skipped, and means itself where no other part means one. For what is outside name
// is what the caller calls it: the first part of a path.
func (n *names) guarded(from fleet.Ref, breaker string) (to int, name string, err error) {
	from = lower(from)
	to, err = n.find(from, strings.ToLower(breaker))
	if name, _, _ = strings.Cut(breaker, "/"); name == "" {
		name = breaker
	}
	if err == nil || several(err) {
		return to, name, err
	}
	own := Outside
	words := parts(strings.ToLower(breaker))
	for i, word := range words {
		to, err = Outside, nil
		if i+1 < len(words) {
			to, err = n.find(from, words[i+1]+"/"+word)
		}
		if to == Outside {
			to, err = n.find(from, word)
		}
		switch {
		case to != Outside && to == n.lower[from]:
			own = to
		case to != Outside, several(err):
			return to, name, err
		}
	}
	return own, name, nil
}

// find is the service that a name in lower case means.
func (n *names) find(from fleet.Ref, name string) (int, error) {
	ref, err := n.loose.Find(match.Name(from), name)
	if err != nil {
		return Outside, err
	}
	return n.lower[fleet.Ref(ref)], nil
}

// several says that a name could mean one service or another.
func several(err error) bool {
	var s *match.Several
	return errors.As(err, &s)
}
