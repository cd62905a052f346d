// Package breakers is `midwatch breakers`: circuit breakers over the whole fleet.
package breakers

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/write"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/document"
	"github.com/midwatch-cli/midwatch/fleet/match"
	"github.com/midwatch-cli/midwatch/fleet/selection"
)

const grammar = `A breaker is written SERVICE/BREAKER, where SERVICE is its owner, the caller: the
first slash splits, the rest is the name. Both may be globs: */payment is everyone's
breaker towards payment. --breaker takes a name literally, whatever it holds.`

// New returns the command and those below it. By itself it lists.
func New(a *app.App) *cobra.Command {
	cmd := listing(a, "breakers [SERVICE|SERVICE/BREAKER...]")
	cmd.Short = "Circuit breakers of the whole fleet"
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := misspelt(cmd, args); err != nil {
			return err
		}
		return run(cmd, args)
	}
	list := listing(a, "list [SERVICE|SERVICE/BREAKER...]")
	cmd.AddCommand(list, showing(a), telling(a))
	for _, v := range orders() {
		cmd.AddCommand(v.command(a))
	}
	return cmd
}

// words are the commands below this one.
func words() []string {
	names := []string{"list", "show", "events"}
	for _, v := range orders() {
		names = append(names, string(v.name))
	}
	return names
}

// misspelt guesses at a first argument that is nearly a command: it would be
// looked for as a service.
func misspelt(cmd *cobra.Command, args []string) error {
	if len(args) < 2 {
		return nil
	}
	if near := match.Nearest(args[0], words()); len(near) > 0 {
		return app.Usagef("did you mean "+cmd.CommandPath()+" "+near[0]+"?", "there is no command %q", cmd.CommandPath()+" "+args[0])
	}
	return nil
}

// wanted is what the arguments ask for.
type wanted struct {
	look     app.Look
	name     string // --breaker
	breakers selection.Breakers
}

func (w *wanted) add(cmd *cobra.Command, a *app.App) {
	w.look.Asking = app.BreakersOnly
	w.look.Selection.Add(cmd, a)
	w.look.Probing.AddReading(cmd, a)
	cmd.Flags().StringVar(&w.name, "breaker", "", "only the breaker of this `NAME`, taken literally")
	a.CompleteFunc(cmd, "breaker", a.BreakerNames)
}

// parse reads the arguments, and returns the services to read.
func (w *wanted) parse(args []string) ([]string, error) {
	var err error
	if w.breakers, err = selection.ParseBreakers(args, w.name); err != nil {
		return nil, &app.Error{Code: app.Usage, Err: err, Hint: "midwatch breakers --help says how a breaker is written"}
	}
	return w.breakers.Services(), nil
}

// reading is what was found, and what was not.
type reading struct {
	app.Reading
	found   []selection.Found
	missing []selection.Missing
	unread  []*fleet.InstanceView
	silent  int // instances of which nobody says how their breakers are read
	holders func(k fleet.Key, b *fleet.Breaker) fleet.Hold
}

func (w *wanted) find(ctx context.Context, a *app.App, r app.Reading) reading {
	out := reading{Reading: r, unread: w.breakers.Unread(r.Snapshot), holders: a.Holders}
	if out.holders == nil {
		out.holders = write.Holders(ctx, a)
	}
	out.found, out.missing = w.breakers.Find(r.Snapshot)
	for i := range r.Snapshot.Services {
		for j := range r.Snapshot.Services[i].Instances {
			if r.Snapshot.Services[i].Instances[j].Plan.Admin == nil {
				out.silent++
			}
		}
	}
	return out
}

// hold is who holds a breaker: by what we know ourselves, else by the far side.
func (r *reading) hold(f selection.Found) fleet.Hold {
	if r.holders != nil {
		if h := r.holders(f.In.Key, f.Breaker); !h.IsZero() {
			return h
		}
	}
	return f.Breaker.Hold
}

func (r *reading) document() document.BreakersDoc {
	items := make([]document.Breaker, len(r.found))
	for i, f := range r.found {
		items[i] = document.BreakerOf(f.In, f.Breaker, r.hold(f))
	}
	return document.Breakers(r.Snapshot, items, r.unread)
}

// names are what midwatch accepts back, each once.
func (r *reading) names() (names []string) {
	seen := map[string]bool{}
	for _, f := range r.found {
		if name := selection.Address(f.In.Key, f.Breaker.Name); !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	return names
}

// end says on standard error what could not be found out, which makes the code
// 3.
func (r *reading) end(a *app.App) error {
	listed := r.Reading
	listed.Missing = slices.DeleteFunc(slices.Clone(listed.Missing), func(m app.Missing) bool { return m.Name == "*" })
	for i := range listed.Missing {
		if m := &listed.Missing[i]; len(m.Suggestions) == 0 {
			for _, word := range match.Nearest(m.Name, words()) {
				m.Suggestions = append(m.Suggestions, "midwatch breakers "+word)
			}
		}
	}
	err := a.Listed(listed)
	if len(r.Snapshot.Services) == 0 {
		return err
	}
	type trouble struct {
		ref    fleet.Ref
		reason fleet.Reason
	}
	with := map[trouble]int{}
	for _, in := range r.unread {
		with[trouble{in.Key.Ref, in.BreakersWhy.Reason}]++
	}
	for _, in := range r.unread {
		t := trouble{in.Key.Ref, in.BreakersWhy.Reason}
		if with[t] == 0 {
			continue // it was told with the first of its service
		}
		others := ""
		if n := with[t]; n > 1 {
			others = " and " + app.Count(n-1, "more instance")
		}
		with[t] = 0
		a.Complain("breakers of "+in.Key.String()+others+" could not be read: "+in.BreakersWhy.Detail, in.BreakersHint)
		err = app.End(app.CannotSay)
	}
	if len(r.found) == 0 && len(r.missing) == 0 && len(r.unread) == 0 {
		r.missing = []selection.Missing{{Of: r.all()}}
	}
	for _, m := range r.missing {
		if line, hint := nothing(m); line != "" {
			a.Complain(line, hint)
		}
		err = app.End(app.CannotSay)
	}
	return err
}

// nothing says why there is nothing of what was asked for; empty where that was
// said already: of the registry, or of instances that could not be read.
func nothing(m selection.Missing) (line, hint string) {
	silent, unread := 0, 0
	for _, in := range m.Of {
		if in.Plan.Admin == nil {
			silent++
		} else if in.BreakersWhy.Reason != "" {
			unread++
		}
	}
	whose := "of " + app.Count(len(m.Of), "instance")
	if m.Text != "" {
		whose = "of " + m.Text
	}
	switch {
	case len(m.Of) == 0 && m.Text != "" || unread > 0:
		return "", ""
	case silent == len(m.Of):
		return "nobody says how the breakers " + whose + " are read", "set profile or breakers.api; midwatch registries lists the APIs"
	case len(m.Suggestions) > 0:
		return "no such breaker: " + m.Text, "did you mean " + strings.Join(m.Suggestions, " or ") + "?"
	case strings.Contains(m.Text, "/"):
		return "no such breaker: " + m.Text, "midwatch breakers list shows what there is"
	}
	return "there are no breakers " + whose, "some appear at the first call; midwatch check --explain says where they were asked"
}

// all are the instances that were read.
func (r *reading) all() (all []*fleet.InstanceView) {
	for i := range r.Snapshot.Services {
		for j := range r.Snapshot.Services[i].Instances {
			all = append(all, &r.Snapshot.Services[i].Instances[j])
		}
	}
	return all
}
