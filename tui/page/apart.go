package page

import "github.com/midwatch-cli/midwatch/fleet"

// Apart is what tells services apart beside their names: columns that are worth
// their place.
type Apart struct{ Contexts, Sources, Namespaces bool }

// TellsApart says what does in a snapshot.
func TellsApart(s *fleet.Snapshot) (a Apart) {
	for i := range s.Sources {
		first := &s.Sources[0]
		a.Contexts = a.Contexts || s.Sources[i].Context != first.Context
		a.Sources = a.Sources || s.Sources[i].Context == first.Context && s.Sources[i].Name != first.Name
	}
	for i := range s.Services {
		a.Contexts = a.Contexts || s.Services[i].Context != s.Services[0].Context
		a.Namespaces = a.Namespaces || s.Services[i].Namespace != ""
	}
	return a
}

// Several says whether services of several contexts are in a snapshot: then names
// are not enough to tell them apart.
func Several(s *fleet.Snapshot) bool { return s.Context == "" && TellsApart(s).Contexts }

// In is a name with the context before it, as :go takes it.
func In(context, name string) string { return context + ":" + name }
