package match

import (
	"fmt"
	"strings"
)

// Name is a service by all its names; it has the fields of a fleet.Ref.
type Name struct{ Context, Source, Namespace, Name string }

// spellings are the ways to write it.
func (n Name) spellings() []string {
	all := []string{n.Name, n.Source + ":" + n.Name}
	if n.Namespace != "" {
		all = append(all, n.Namespace+"/"+n.Name, n.Source+":"+n.Namespace+"/"+n.Name)
	}
	return all
}

// String is the longest way to write it, without the context.
func (n Name) String() string {
	all := n.spellings()
	return all[len(all)-1]
}

// Pattern is a service, or one of its instances, as people write it: names and
// globs, with or without source and namespace, and the whole turned round by !:
//
//	order  ord*  !canary  consul:payment  shop/payment  etcd:shop/payment  order/order-2
type Pattern struct {
	Text   string
	Not    bool
	source Glob // "": any
	rest   Glob // name, namespace/name, or either with /instance behind it
}

// ParsePattern reads a pattern; the error repeats it.
func ParsePattern(text string) (Pattern, error) {
	p := Pattern{Text: text}
	rest, not := strings.CutPrefix(text, "!")
	p.Not = not
	// A colon behind a slash or a bracket belongs to an instance's address.
	source, name, found := strings.Cut(rest, ":")
	var err error
	if found && !strings.ContainsAny(source, "/[") {
		if p.source, err = ParseGlob(source); err != nil {
			return p, fmt.Errorf("service %q: the source before the colon is %w", text, err)
		}
		rest = name
	}
	if p.rest, err = ParseGlob(rest); err != nil {
		return p, fmt.Errorf("service %q: the name is %w", text, err)
	}
	return p, nil
}

// Of says whether services of a source may be meant.
func (p Pattern) Of(source string) bool { return p.source == "" || p.source.Match(source) }

// Match says whether a service is meant (instance ""), or one of its instances:
// by its own name or with its whole service. It does not look at Not.
func (p Pattern) Match(n Name, instance string) bool {
	if p.source != "" && !p.source.Match(n.Source) {
		return false
	}
	fits := func(name string) bool {
		return p.rest.Match(name) || instance != "" && p.rest.Match(name+"/"+instance)
	}
	return fits(n.Name) || n.Namespace != "" && fits(n.Namespace+"/"+n.Name)
}

// Index finds services by the names people write in dependencies.
type Index map[string][]Name

// Add enters a service under every way to write its name.
func (x Index) Add(n Name) {
	for _, s := range n.spellings() {
		x[s] = append(x[s], n)
	}
}

// Find picks what a name in the words of another service means: same source and
// namespace first, then same namespace, then anywhere in the context. A
// namespace in the name stands for the own one. Two hits or none are an error,
// never a guess.
func (x Index) Find(from Name, name string) (Name, error) {
	for level := range 3 {
		var found []Name
		for _, n := range x[name] {
			namespace := n.Namespace == from.Namespace || n.Namespace != "" && strings.HasSuffix(name, n.Namespace+"/"+n.Name)
			if n.Context == from.Context && (level > 0 || n.Source == from.Source) && (level > 1 || namespace) {
				found = append(found, n)
			}
		}
		if len(found) == 1 {
			return found[0], nil
		}
		if len(found) > 1 {
			return Name{}, &Several{name, [2]Name{found[0], found[1]}}
		}
	}
	return Name{}, fmt.Errorf("%s is not known to any source", name)
}

// Several is why a name finds nothing: it could mean more than one service.
type Several struct {
	Text  string
	Among [2]Name // two of them
}

// Error names two of them.
func (s *Several) Error() string {
	return fmt.Sprintf("%s could be %v or %v: say which", s.Text, s.Among[0], s.Among[1])
}
