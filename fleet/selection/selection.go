// Package selection says which services and instances are meant: the same words
// in every command, in files and on screens. It is pure.
package selection

import (
	"fmt"
	"slices"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/match"
)

// Pattern is a service, or one of its instances, as people write it; see
// match.Pattern.
type Pattern struct {
	match.Pattern
	key *fleet.Key // the very one that is meant, however it is spelt; nil: as it is written
}

// ParsePattern reads a pattern; the error repeats it.
func ParsePattern(text string) (Pattern, error) {
	p, err := match.ParsePattern(text)
	return Pattern{Pattern: p}, err
}

// exactly is a pattern of one service, or of one instance, and no other.
func exactly(k fleet.Key) Pattern {
	text := k.Name
	if k.Instance != "" {
		text = k.String()
	}
	return Pattern{match.Pattern{Text: text}, &k}
}

// Match says whether a service is meant, whatever Not says.
func (p Pattern) Match(r fleet.Ref) bool {
	if p.key != nil {
		return p.key.Ref == r
	}
	return p.Pattern.Match(match.Name(r), "")
}

// MatchInstance says whether this instance is meant, by itself or with its
// whole service, whatever Not says.
func (p Pattern) MatchInstance(k fleet.Key) bool {
	if p.key != nil {
		return p.key.Ref == k.Ref && (p.key.Instance == "" || p.key.Instance == k.Instance)
	}
	return p.Pattern.Match(match.Name(k.Ref), k.Instance)
}

// Selector says which services and instances are meant; zero fields ask for
// nothing. Namespace, Zone, Version and Instance may be globs.
type Selector struct {
	Names     []string // see Pattern
	Labels    string   // see match.Labels
	Context   string
	Source    string
	Namespace string
	Zone      string
	Version   string
	Instance  string
}

// Selection is a Selector that was read.
type Selection struct {
	names                                             []Pattern
	labels                                            match.Labels
	context, source, namespace, zone, version, instID match.Glob
}

// Compile reads a selector. Errors name the flag and the place.
func (s Selector) Compile() (*Selection, error) {
	out := &Selection{}
	for _, n := range s.Names {
		p, err := ParsePattern(n)
		if err != nil {
			return nil, err
		}
		out.names = append(out.names, p)
	}
	var err error
	if out.labels, err = match.ParseLabels(s.Labels); err != nil {
		return nil, err
	}
	for _, f := range []struct {
		flag, text string
		glob       *match.Glob
	}{
		{"--context", s.Context, &out.context},
		{"source", s.Source, &out.source},
		{"--namespace", s.Namespace, &out.namespace},
		{"--zone", s.Zone, &out.zone},
		{"--service-version", s.Version, &out.version},
		{"--instance", s.Instance, &out.instID},
	} {
		if f.text == "" {
			continue
		}
		if *f.glob, err = match.ParseGlob(f.text); err != nil {
			return nil, fmt.Errorf("%s %q is %w", f.flag, f.text, err)
		}
	}
	return out, nil
}

// Exactly means these services, or these instances, and no others: names are
// taken literally, as keys of a snapshot are.
func Exactly(keys ...fleet.Key) *Selection {
	s := &Selection{names: make([]Pattern, len(keys))}
	for i, k := range keys {
		s.names[i] = exactly(k)
	}
	return s
}

// Apply returns the services that are meant, each with those of its instances
// that are, in the order given, and the names that meant no service at all. A
// service without instances is selected unless a single instance was asked for.
func (s *Selection) Apply(services []fleet.Service) (selected []fleet.Service, unknown []string) {
	if len(s.names)+len(s.labels) == 0 && s.context+s.source+s.namespace+s.zone+s.version+s.instID == "" {
		return services, nil
	}
	met := make([]bool, len(s.names))
	for i := range services {
		all := services[i].Instances
		kept := make([]fleet.Instance, 0, len(all))
		named := s.named(fleet.Key{Ref: services[i].Ref}, met)
		for j := range all {
			if s.named(fleet.Key{Ref: services[i].Ref, Instance: all[j].ID}, met) && s.keeps(&services[i], &all[j]) {
				kept = append(kept, all[j])
			}
		}
		if len(kept) == 0 && (len(all) > 0 || !named || !s.keeps(&services[i], &fleet.Instance{})) {
			continue
		}
		one := services[i]
		if one.Instances = kept; len(kept) == len(all) {
			one.Instances = all
		}
		selected = append(selected, one)
	}
	for i, p := range s.names {
		if !met[i] && !p.Not {
			unknown = append(unknown, p.Text)
		}
	}
	return selected, unknown
}

// Meant says whether an instance of a snapshot is meant; nil asks about its
// service, which has none.
func (s *Selection) Meant(svc *fleet.ServiceView, in *fleet.InstanceView) bool {
	of := fleet.Service{Ref: svc.Ref, Labels: svc.Labels}
	k, one := fleet.Key{Ref: svc.Ref}, &fleet.Instance{}
	if in != nil {
		k, one = in.Key, &in.Instance
	}
	return s.named(k, nil) && s.keeps(&of, one)
}

// named says whether the names ask for an instance, and notes which were met
// where somebody wants to know.
func (s *Selection) named(k fleet.Key, met []bool) bool {
	wanted, refused := !slices.ContainsFunc(s.names, func(p Pattern) bool { return !p.Not }), false
	for i, p := range s.names {
		if p.MatchInstance(k) {
			if met != nil {
				met[i] = true
			}
			wanted, refused = wanted || !p.Not, refused || p.Not
		}
	}
	return wanted && !refused
}

// keeps says whether an instance passes what is asked beside names.
func (s *Selection) keeps(svc *fleet.Service, in *fleet.Instance) bool {
	ok := func(g match.Glob, text string) bool { return g == "" || g.Match(text) }
	return ok(s.context, svc.Context) && ok(s.source, svc.Source) && ok(s.namespace, svc.Namespace) && ok(s.zone, in.Zone) && ok(s.version, in.Version) && ok(s.instID, in.ID) &&
		s.labels.Match(func(key string) (string, bool) {
			if v, found := in.Labels[key]; found {
				return v, true
			}
			v, found := svc.Labels[key]
			return v, found
		})
}
