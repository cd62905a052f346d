package app

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/render"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/selection"
)

// Look is one reading command: once, or again and again with -w.
type Look struct {
	Selection Selection
	Probing   Probing
	Watching  Watching
	Asking    Asking // the zero one asks for everything

	// Before is called with the open session before the first pass; nil: nothing.
	Before func(context.Context, *Session, *selection.Selection) error
}

// Run reads and hands each reading to show. The last one's end is the end of
// the command.
func (l *Look) Run(ctx context.Context, a *App, names []string, show func(Reading) error) error {
	return l.With(ctx, a, names, func(_ *Session, r Reading) error { return show(r) })
}

// With is Run for who needs the session beside the reading.
func (l *Look) With(ctx context.Context, a *App, names []string, show func(*Session, Reading) error) error {
	if l.Asking != Nothing {
		if err := l.Probing.Check(); err != nil {
			return err
		}
	}
	if err := l.Watching.Check(); err != nil {
		return err
	}
	sel, err := l.Selection.Compile(names)
	if err != nil {
		return err
	}
	s, err := a.Open(ctx, l.Probing)
	if err != nil {
		return err
	}
	defer s.Close()
	if l.Before != nil {
		if err := l.Before(ctx, s, sel); err != nil {
			return err
		}
	}
	if l.Watching.Watch {
		return l.watch(ctx, a, s, sel, func(r Reading) error { return show(s, r) })
	}
	r, err := l.once(ctx, a, s, sel)
	if err != nil {
		return err
	}
	return show(s, r)
}

func (l *Look) once(ctx context.Context, a *App, s *Session, sel *selection.Selection) (Reading, error) {
	progress := a.IO.Progress()
	defer progress.Done()
	return s.Pass(ctx, sel, l.Asking, func(done, total int) {
		progress.Count(done, total, "instances asked")
	})
}

func (l *Look) watch(ctx context.Context, a *App, s *Session, sel *selection.Selection, show func(Reading) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	snaps := s.Watch(ctx, sel, l.Watching.Interval, l.Asking)
	var last error
	for {
		select {
		case snap, ok := <-snaps:
			if !ok {
				return last
			}
			if err := s.ConfigError(); err != nil {
				return err
			}
			if a.IO.OutTTY && !a.IO.Quiet {
				fmt.Fprint(a.IO.Out, term.Redraw)
			}
			last = show(Reading{Snapshot: snap, Missing: s.MissingIn(sel)})
			var wrong *Error
			if errors.As(last, &wrong) && wrong.Code == Usage {
				return last // it will not be right at the next pass either
			}
		case <-a.IO.Gone():
			return last // nobody reads any more: the last verdict stays
		}
	}
}

// Listed is the end of a command that lists: what could not be found out is
// said on standard error and makes the code 3.
func (a *App) Listed(r Reading) error {
	code := OK
	say := func(line, hint string) {
		code = CannotSay
		a.Complain(line, hint)
	}
	for _, m := range r.Missing {
		hint := "midwatch services lists what the registries hold"
		if len(m.Suggestions) > 0 {
			hint = "did you mean " + strings.Join(m.Suggestions, " or ") + "?"
		}
		say("no such service: "+m.Name, hint)
	}
	for i := range r.Snapshot.Sources {
		if src := &r.Snapshot.Sources[i]; src.Reason != "" {
			say("registry "+src.Name+": "+src.Detail, src.Hint)
		}
	}
	if len(r.Snapshot.Services) == 0 && code == OK {
		say("no service matched", "midwatch services lists what the registries hold")
	}
	return End(code)
}

// Complain says on standard error what could not be found out, and what to do
// about it; nothing when quiet.
func (a *App) Complain(line, hint string) {
	if a.IO.Quiet {
		return
	}
	fmt.Fprintln(a.IO.Err, "error: "+term.Clean(line))
	if hint != "" {
		fmt.Fprintln(a.IO.Err, "hint: "+term.Clean(hint))
	}
}

// Count is a number of things in words: "1 service", "3 services".
func Count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// Several says whether a column is worth its place: there is more than one
// source, or a namespace at all.
func Several(s *fleet.Snapshot) (contexts, sources, namespaces bool) {
	seen := map[[2]string]bool{}
	first := ""
	for i := range s.Sources {
		src := &s.Sources[i]
		seen[[2]string{src.Context, src.Name}] = true
		contexts = contexts || i > 0 && src.Context != first
		first = src.Context
	}
	for i := range s.Services {
		namespaces = namespaces || s.Services[i].Namespace != ""
	}
	return contexts, len(seen) > 1, namespaces
}

// Listing makes cmd one that shows what the registries hold and asks nobody.
func (a *App) Listing(cmd *cobra.Command, view func(*fleet.Snapshot) render.View) *cobra.Command {
	look := Look{Asking: Nothing}
	cmd.ValidArgsFunction = a.ServiceArgs
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return look.Run(cmd.Context(), a, args, func(r Reading) error {
			if err := render.Write(a.IO, a.Output, view(r.Snapshot)); err != nil {
				return err
			}
			return a.Listed(r)
		})
	}
	look.Selection.Add(cmd, a)
	look.Watching.Add(cmd)
	a.AddOutput(cmd, false)
	return cmd
}
