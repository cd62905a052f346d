package selection

import (
	"fmt"
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/match"
)

// Breakers says which breakers are meant. Each is written SERVICE/BREAKER: the
// first slash splits, the rest is the name, and both sides may be globs; SERVICE
// is the owner, the caller. A bare SERVICE means all of its breakers. None at
// all means every breaker there is.
type Breakers struct{ patterns []breakerPattern }

type breakerPattern struct {
	text    string
	service Pattern
	name    match.Glob // "": a bare service
	literal bool       // the name is one, not a glob
}

// ParseBreakers reads patterns. With a name, which is taken literally, every
// text is a SERVICE and nothing is split. Errors repeat the text.
func ParseBreakers(texts []string, name string) (Breakers, error) {
	if len(texts) == 0 && name != "" {
		texts = []string{"*"}
	}
	var all Breakers
	for _, text := range texts {
		p := breakerPattern{text: text, name: match.Glob(name), literal: name != ""}
		service := text
		if p.literal {
			p.text += "/" + name
		}
		if before, after, slash := strings.Cut(text, "/"); slash && name == "" {
			if before == "" || after == "" {
				return all, fmt.Errorf("breaker %q: want SERVICE/BREAKER, such as order/payment or */payment", text)
			}
			if _, err := match.ParseGlob(after); err != nil {
				return all, fmt.Errorf("breaker %q: the name is %w", text, err)
			}
			service, p.name = before, match.Glob(after)
		}
		var err error
		if p.service, err = ParsePattern(service); err != nil {
			return all, err
		}
		if p.service.Not {
			return all, fmt.Errorf("breaker %q: a negated name means no breaker", text)
		}
		all.patterns = append(all.patterns, p)
	}
	return all, nil
}

// OneBreaker is a breaker of a service, or of one of its instances, by its very
// name.
type OneBreaker struct {
	Key     fleet.Key // without an Instance: of all of them
	Breaker string
}

// ExactBreakers means these breakers and no others: names are taken literally.
func ExactBreakers(all ...OneBreaker) Breakers {
	var b Breakers
	for _, one := range all {
		p := breakerPattern{text: Address(one.Key, one.Breaker), service: exactly(one.Key), name: match.Glob(one.Breaker), literal: one.Breaker != ""}
		if one.Key.Instance != "" {
			p.text = one.Key.String() + " " + one.Breaker
		}
		b.patterns = append(b.patterns, p)
	}
	return b
}

// of says whether an instance is of those whose breakers are meant.
func (p *breakerPattern) of(k fleet.Key) bool {
	if p.service.key != nil {
		return p.service.MatchInstance(k)
	}
	return p.service.Match(k.Ref)
}

// Means says whether a breaker of an instance is meant, whether it is there or
// not.
func (b Breakers) Means(k fleet.Key, breaker string) bool {
	return len(b.patterns) == 0 || slices.ContainsFunc(b.patterns, func(p breakerPattern) bool { return p.of(k) && p.matches(breaker) })
}

// Services are the names of a Selector that reads all that is meant.
func (b Breakers) Services() (names []string) {
	for _, p := range b.patterns {
		names = append(names, p.service.Text)
	}
	return names
}

// matches says whether a name is meant. A star stands for slashes too: the names
// of some proxies are paths.
func (p *breakerPattern) matches(name string) bool {
	if p.name == "" || string(p.name) == name {
		return true
	}
	flat := func(s string) string { return strings.ReplaceAll(s, "/", "\x00") }
	return !p.literal && match.Glob(flat(string(p.name))).Match(flat(name))
}

// Found is a breaker of one instance of a snapshot.
type Found struct {
	In      *fleet.InstanceView
	Breaker *fleet.Breaker
}

// Missing is what was asked for and is nowhere.
type Missing struct {
	Text        string
	Suggestions []string              // names that were perhaps meant, as midwatch accepts them
	Of          []*fleet.InstanceView // the instances of the services that are meant
}

// Find returns the breakers that are meant, in the order of the snapshot, and
// the patterns that mean none of those that could be read.
func (b Breakers) Find(s *fleet.Snapshot) (found []Found, missing []Missing) {
	found, met := b.find(s)
	for n := range b.patterns {
		if !met[n] {
			missing = append(missing, Missing{b.patterns[n].text, b.patterns[n].near(s), b.patterns[n].instances(s)})
		}
	}
	return found, missing
}

// find also says which patterns were met.
func (b Breakers) find(s *fleet.Snapshot) (found []Found, met []bool) {
	met = make([]bool, len(b.patterns))
	for i := range s.Services {
		for j := range s.Services[i].Instances {
			in := &s.Services[i].Instances[j]
			for k := range in.Breakers {
				wanted := len(b.patterns) == 0
				for n := range b.patterns {
					p := &b.patterns[n]
					if p.of(in.Key) && p.matches(in.Breakers[k].Name) {
						met[n], wanted = true, true
					}
				}
				if wanted {
					found = append(found, Found{in, &in.Breakers[k]})
				}
			}
		}
	}
	return found, met
}

// instances are those of the services that a pattern names.
func (p *breakerPattern) instances(s *fleet.Snapshot) (all []*fleet.InstanceView) {
	for i := range s.Services {
		for j := range s.Services[i].Instances {
			if in := &s.Services[i].Instances[j]; p.of(in.Key) {
				all = append(all, in)
			}
		}
	}
	return all
}

// near lists addresses that a pattern may have meant.
func (p *breakerPattern) near(s *fleet.Snapshot) (addresses []string) {
	names := map[string]bool{}
	for _, f := range p.there(s) {
		names[f.Breaker.Name] = true
	}
	var all []string
	for name := range names {
		all = append(all, name)
	}
	for _, name := range match.Nearest(string(p.name), all) {
		addresses = append(addresses, p.service.Text+"/"+name)
	}
	return addresses
}

// there are all breakers of the services that a pattern names.
func (p *breakerPattern) there(s *fleet.Snapshot) []Found {
	found, _ := Breakers{[]breakerPattern{{service: p.service}}}.find(s)
	return found
}

// Targets is Find for whoever writes: what is meant has to be there, and a bare
// service is one only where it has exactly one breaker. Of what is named and could
// not be read nowhere it says nothing (see Named). The error is a
// *fleet.Error that lists what there is.
func (b Breakers) Targets(s *fleet.Snapshot) ([]Found, error) {
	found, missing := b.Find(s)
	if missing = slices.DeleteFunc(missing, b.unheard); len(missing) > 0 {
		hint := "midwatch breakers list shows what there is"
		if near := missing[0].Suggestions; len(near) > 0 {
			hint = "did you mean " + strings.Join(near, " or ") + "?"
		}
		return nil, &fleet.Error{Detail: "no such breaker: " + missing[0].Text, Hint: hint, Err: fleet.ErrNotFound}
	}
	for n := range b.patterns {
		p := &b.patterns[n]
		if p.name != "" {
			continue
		}
		var addresses []string
		for _, f := range p.there(s) {
			if address := Address(f.In.Key, f.Breaker.Name); !slices.Contains(addresses, address) {
				addresses = append(addresses, address)
			}
		}
		if len(addresses) > 1 {
			return nil, &fleet.Error{Detail: fmt.Sprintf("%s has %d breakers: say which", p.text, len(addresses)), Hint: strings.Join(addresses, "  ")}
		}
	}
	return found, nil
}

// unheard says that nothing is known of what is missing: it is named, and not one
// instance of its services could be read.
func (b Breakers) unheard(m Missing) bool {
	for _, in := range m.Of {
		if _, exact := b.Named(in.Key.Ref); !exact || in.BreakersWhy.Reason == "" {
			return false
		}
	}
	return len(m.Of) > 0
}

// Unread returns the instances of the services that are meant whose breakers
// could not be read.
func (b Breakers) Unread(s *fleet.Snapshot) (unread []*fleet.InstanceView) {
	for i := range s.Services {
		for j := range s.Services[i].Instances {
			in := &s.Services[i].Instances[j]
			meant := len(b.patterns) == 0 || slices.ContainsFunc(b.patterns, func(p breakerPattern) bool { return p.of(in.Key) })
			if meant && in.BreakersWhy.Reason != "" {
				unread = append(unread, in)
			}
		}
	}
	return unread
}

// Address is a breaker as midwatch accepts it back: order/payment.
func Address(k fleet.Key, breaker string) string { return k.Name + "/" + breaker }

// Named returns the breakers of a service that are meant by their very names,
// whatever could be read. It is not exact where a glob, or a bare service, may
// mean others too.
func (b Breakers) Named(r fleet.Ref) (names []string, exact bool) {
	exact = len(b.patterns) > 0
	for n := range b.patterns {
		p := &b.patterns[n]
		switch {
		case !p.service.Match(r):
		case p.literal || p.name != "" && !p.name.Wild():
			names = append(names, string(p.name))
		default:
			exact = false
		}
	}
	return names, exact
}
