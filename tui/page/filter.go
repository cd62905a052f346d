package page

import (
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/selection"
)

// Filter is words that select, as they select in commands: names and globs
// (ord*, !canary), zone=b, version=2*, instance=ID, namespace=N, context=C,
// source=S, and conditions on labels (team=shop, team!=shop). A bare word also finds
// names that contain it, so that one sees something while one is typing.
type Filter struct {
	Text  string
	words []string // that a text has to contain, in lower case
	sel   *selection.Selection
}

// ParseFilter reads one. An empty text selects everything.
func ParseFilter(text string) (Filter, error) {
	f := Filter{Text: strings.TrimSpace(text), words: strings.Fields(strings.ToLower(text))}
	if f.Text == "" {
		return f, nil
	}
	var s selection.Selector
	var labels []string
	for _, word := range strings.Fields(f.Text) {
		key, value, isPair := strings.Cut(word, "=")
		field := map[string]*string{"zone": &s.Zone, "version": &s.Version, "instance": &s.Instance, "namespace": &s.Namespace, "context": &s.Context, "source": &s.Source}[key]
		switch {
		case isPair && field != nil:
			*field = value
		case isPair:
			labels = append(labels, word)
		case strings.ContainsAny(word, "*?[!/:"):
			s.Names = append(s.Names, word)
		default:
			s.Names = append(s.Names, "*"+word+"*")
		}
	}
	s.Labels = strings.Join(labels, ",")
	var err error
	f.sel, err = s.Compile()
	return f, err
}

// ParseWords reads words that are looked for in texts, in whatever case, beside
// those that say where a service is: context=C, source=S, namespace=N.
func ParseWords(text string) (f Filter, err error) {
	var s selection.Selector
	var words []string
	for _, word := range strings.Fields(text) {
		key, value, _ := strings.Cut(word, "=")
		if field := map[string]*string{"namespace": &s.Namespace, "context": &s.Context, "source": &s.Source}[key]; field != nil {
			*field = value
			continue
		}
		words = append(words, strings.ToLower(word))
	}
	f.Text, f.words = strings.TrimSpace(text), words
	if len(words) < len(strings.Fields(text)) {
		f.sel, err = s.Compile()
	}
	return f, err
}

// About says whether a text about a service has every word, and the service is
// where it shall be.
func (f *Filter) About(r fleet.Ref, text string) bool {
	return f.Any(text) && (f.sel == nil || f.sel.Meant(&fleet.ServiceView{Ref: r}, nil))
}

// Service says whether a service is meant, by itself or by one of its instances.
func (f *Filter) Service(s *fleet.ServiceView) bool {
	if f.sel == nil {
		return true
	}
	for i := range s.Instances {
		if f.sel.Meant(s, &s.Instances[i]) {
			return true
		}
	}
	return len(s.Instances) == 0 && f.sel.Meant(s, nil)
}

// Instance says whether an instance is meant. On the page of its own service the
// names mean instances.
func (f *Filter) Instance(s *fleet.ServiceView, in *fleet.InstanceView) bool {
	return f.sel == nil || f.sel.Meant(s, in) || f.names(in.Key.Instance)
}

// names says whether a single bare word is part of a name.
func (f *Filter) names(name string) bool {
	return !strings.ContainsAny(f.Text, " =*?[!/:") && strings.Contains(name, f.Text)
}

// Any says whether a text has every word.
func (f *Filter) Any(text string) bool {
	if len(f.words) == 0 {
		return true
	}
	text = strings.ToLower(text)
	return !slices.ContainsFunc(f.words, func(word string) bool { return !strings.Contains(text, word) })
}
