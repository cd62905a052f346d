// Package offer is what a line that is being typed may become: the places behind :,
// and the names, zones, versions and labels of filters. It is pure.
package offer

import (
	"cmp"
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/theme"
)

// fields are what can be asked for by name, and what instances say of it.
func fields() []field {
	return []field{
		{"zone", func(_ *fleet.ServiceView, in *fleet.InstanceView) string { return in.Zone }},
		{"version", func(_ *fleet.ServiceView, in *fleet.InstanceView) string { return in.Version }},
		{"instance", func(_ *fleet.ServiceView, in *fleet.InstanceView) string { return in.ID }},
		{"namespace", func(s *fleet.ServiceView, _ *fleet.InstanceView) string { return s.Namespace }},
		{"context", func(s *fleet.ServiceView, _ *fleet.InstanceView) string { return s.Context }},
		{"source", func(s *fleet.ServiceView, _ *fleet.InstanceView) string { return s.Source }},
	}
}

type field struct {
	name string
	of   func(*fleet.ServiceView, *fleet.InstanceView) string
}

// most is how many offers are made: nobody walks through more of them.
const most = 200

// Filter completes the last word of a filter, by what a snapshot has: each offer is
// a whole line. A word without an equals sign becomes a service, an instance
// (payment/payment-1), or the beginning of a condition (zone=); one with it the
// value of that.
func Filter(text string, s *fleet.Snapshot) []string {
	if s == nil {
		return nil
	}
	before, word := last(text)
	var offers []string
	if key, value, ok := strings.Cut(word, "="); ok {
		before += key + "="
		offers = values(s, strings.TrimSuffix(key, "!"), value)
	} else {
		name, not := strings.CutPrefix(word, "!")
		if not {
			before += "!"
		}
		begin, within := names(s, name)
		if offers = begin; !not {
			offers = append(offers, keys(s, name)...)
		}
		offers = append(offers, within...)
	}
	return lines(before, offers)
}

// Words completes the last word of a filter that looks for words in texts, beside
// those that say where a service is: services, breakers, context=.
func Words(text string, s *fleet.Snapshot) []string {
	if s == nil {
		return nil
	}
	before, word := last(text)
	where := fields()[3:]
	if key, value, ok := strings.Cut(word, "="); ok {
		if !slices.ContainsFunc(where, func(f field) bool { return f.name == key }) {
			return nil
		}
		return lines(before+key+"=", values(s, key, value))
	}
	begin, within := names(s, word)
	var b box
	each(s, func(_ *fleet.ServiceView, in *fleet.InstanceView) {
		for i := range in.Breakers {
			b.take(in.Breakers[i].Name, word)
		}
	})
	for _, name := range append(b.starts(), b.rest()...) {
		if !slices.Contains(begin, name) && !slices.Contains(within, name) {
			begin = append(begin, name)
		}
	}
	for _, f := range where {
		if slices.Contains(keys(s, f.name), f.name+"=") && strings.HasPrefix(f.name, word) {
			begin = append(begin, f.name+"=")
		}
	}
	return lines(before, append(begin, within...))
}

// last takes a line apart: its last word, and what stands before it.
func last(text string) (before, word string) {
	at := strings.LastIndexByte(text, ' ') + 1
	return text[:at], text[at:]
}

// lines are whole lines that end in what is offered.
func lines(before string, offers []string) []string {
	offers = offers[:min(len(offers), most)]
	for i := range offers {
		offers[i] = before + offers[i]
	}
	return offers
}

// hinted is how many offers are shown at once.
const hinted = 8

// Hint is the first few offers in a line: the last word of each.
func Hint(offers []string) string {
	var words []string
	for i, o := range offers {
		if i == hinted {
			words = append(words, "…")
			break
		}
		words = append(words, o[strings.LastIndexByte(o, ' ')+1:])
	}
	return strings.Join(words, "  ")
}

// names are services that begin with a text, and those that contain it; behind a
// slash the instances of one.
func names(s *fleet.Snapshot, text string) (begin, within []string) {
	var b box
	service, instance, slash := strings.Cut(text, "/")
	for i := range s.Services {
		svc := &s.Services[i]
		if !slash {
			b.take(svc.Name, text)
			continue
		}
		if svc.Name != service {
			continue
		}
		for k := range svc.Instances {
			b.take(svc.Instances[k].Key.Instance, instance)
		}
	}
	begin, within = b.starts(), b.rest()
	if slash {
		for _, offers := range [][]string{begin, within} {
			for i := range offers {
				offers[i] = service + "/" + offers[i]
			}
		}
	}
	return begin, within
}

// keys are the beginnings of conditions: fields and labels that somebody has.
func keys(s *fleet.Snapshot, text string) (offers []string) {
	there, labels := map[string]bool{}, box{}
	all := fields()
	each(s, func(svc *fleet.ServiceView, in *fleet.InstanceView) {
		for _, f := range all {
			there[f.name] = there[f.name] || f.of(svc, in) != ""
		}
		for name := range svc.Labels {
			labels.take(name, text)
		}
		for name := range in.Labels {
			labels.take(name, text)
		}
	})
	for _, f := range all {
		if there[f.name] && strings.HasPrefix(f.name, text) {
			offers = append(offers, f.name+"=")
		}
	}
	for _, name := range labels.starts() {
		if !slices.Contains(offers, name+"=") {
			offers = append(offers, name+"=")
		}
	}
	return offers
}

// values are what a field, or a label, has.
func values(s *fleet.Snapshot, key, text string) []string {
	all := fields()
	at := slices.IndexFunc(all, func(f field) bool { return f.name == key })
	var b box
	each(s, func(svc *fleet.ServiceView, in *fleet.InstanceView) {
		if at >= 0 {
			b.take(all[at].of(svc, in), text)
			return
		}
		b.take(svc.Labels[key], text)
		b.take(in.Labels[key], text)
	})
	return append(b.starts(), b.rest()...)
}

// each goes through all instances; a service without any is one that says nothing.
func each(s *fleet.Snapshot, do func(*fleet.ServiceView, *fleet.InstanceView)) {
	for i := range s.Services {
		svc := &s.Services[i]
		if len(svc.Instances) == 0 {
			do(svc, &fleet.InstanceView{})
		}
		for k := range svc.Instances {
			do(svc, &svc.Instances[k])
		}
	}
}

// box keeps words, each once: those that begin with a text, and those that have it
// elsewhere. What cannot be typed is left out.
type box struct {
	known       map[string]bool
	begin, have []string
}

func (b *box) take(word, text string) {
	if word == "" || b.known[word] {
		return
	}
	if b.known == nil {
		b.known = map[string]bool{}
	}
	b.known[word] = true
	if theme.Clean(word) != word || strings.ContainsAny(word, " \t,") {
		return
	}
	switch at := strings.Index(strings.ToLower(word), strings.ToLower(text)); {
	case at == 0:
		b.begin = append(b.begin, word)
	case at > 0:
		b.have = append(b.have, word)
	}
}

// starts are the words that begin with the text.
func (b *box) starts() []string {
	slices.SortFunc(b.begin, sorted)
	return b.begin
}

// rest are the words that have it elsewhere.
func (b *box) rest() []string {
	slices.SortFunc(b.have, sorted)
	return b.have
}

func sorted(a, b string) int {
	return cmp.Or(strings.Compare(strings.ToLower(a), strings.ToLower(b)), strings.Compare(a, b))
}
