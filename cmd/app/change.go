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
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/document"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/wiring"
)

// Changing are the flags of commands that write.
type Changing struct {
	DryRun  bool
	Yes     bool
	Confirm string
}

// Add declares the flags.
func (c *Changing) Add(cmd *cobra.Command, a *App) {
	f := cmd.Flags()
	f.BoolVar(&c.DryRun, "dry-run", false, "show the plan and write nothing")
	f.BoolVarP(&c.Yes, "yes", "y", false, "do not ask; required where there is no terminal")
	f.StringVar(&c.Confirm, "confirm", "", "in a protected context: the service's `NAME`, instead of typing it")
	a.CompleteFunc(cmd, "confirm", a.ServiceNames)
}

// Writer is one source of one context that is to be written to.
type Writer struct {
	app     *App
	flags   *Changing
	fleet   *wiring.Fleet
	Source  string
	Context string
	desk    change.Desk
}

// Writer finds the source and refuses where nothing may be written.
func (s *Session) Writer(source string, flags *Changing) (*Writer, error) {
	f, src, err := s.Registry(source)
	if err != nil {
		return nil, err
	}
	if s.app.Global.ReadOnly || s.app.Getenv("MIDWATCH_READ_ONLY") != "" || f.ReadOnly {
		return nil, &Error{Code: NotWell, Err: errors.New("writes are refused here: read-only"), Hint: "the context, --read-only or MIDWATCH_READ_ONLY says so, and nothing else takes it back"}
	}
	env := change.Env{Registry: func(name string) (registry.Registry, error) { return f.Registry(name) }}
	return &Writer{app: s.app, flags: flags, fleet: f, Source: src.Name(), Context: f.Context, desk: change.NewDesk(env)}, nil
}

// ErrNotConfirmed is returned when the answer was no.
var ErrNotConfirmed = errors.New("nothing was changed")

// Make plans, shows, asks, does and reads back. The results are nil for a dry
// run.
func (w *Writer) Make(ctx context.Context, intents []change.Intent) ([]change.Result, error) {
	plan, err := w.desk.Plan(ctx, intents)
	if err != nil {
		return nil, planError(err)
	}
	if w.flags.DryRun {
		return nil, w.show(plan, nil, OK)
	}
	if err := w.confirm(ctx, plan); err != nil {
		return nil, err
	}
	// Read again before the first write: what was agreed to is what is done.
	again, err := w.desk.Plan(ctx, intents)
	if err != nil {
		return nil, planError(err)
	}
	if !same(plan, again) {
		return nil, &Error{Code: NotWell, Err: errors.New("what is there changed since the plan was shown: nothing was changed"), Hint: "run it again to see the new plan"}
	}
	results := w.desk.Apply(ctx, again)
	code := codeOfResults(results)
	if err := w.show(again, results, code); err != nil {
		return results, err
	}
	return results, End(code)
}

// Undo takes results back.
func (w *Writer) Undo(ctx context.Context, results []change.Result) error {
	for _, r := range w.desk.Undo(ctx, results) {
		if r.Err != nil {
			return fmt.Errorf("%s was not undone: %w", r.What, r.Err)
		}
	}
	return nil
}

func planError(err error) error {
	var known *fleet.Error
	switch {
	case errors.Is(err, change.ErrUnable):
		return &Error{Code: Usage, Err: err, Hint: "midwatch registries says which can"}
	case errors.Is(err, registry.ErrTaken) && errors.As(err, &known):
		return &Error{Code: NotWell, Err: err, Hint: known.Hint}
	}
	return err
}

func same(a, b change.Plan) bool {
	for i := range a.Steps {
		if a.Steps[i].Was != b.Steps[i].Was || !stands(a.Steps[i].Before, b.Steps[i].Before) {
			return false
		}
	}
	return len(a.Steps) == len(b.Steps)
}

// codeOfResults: all done is 0, none is 1, some is 4.
func codeOfResults(results []change.Result) Code {
	done := 0
	for _, r := range results {
		if r.State == change.Done {
			done++
		}
	}
	switch {
	case done == len(results):
		return OK
	case done == 0:
		return NotWell
	default:
		return Partial
	}
}

// confirm shows the plan and asks. The default answer is No.
func (w *Writer) confirm(ctx context.Context, plan change.Plan) error {
	a := w.app
	if !a.IO.Quiet {
		for _, s := range plan.Steps {
			fmt.Fprintln(a.IO.Err, term.Clean(s.What))
			fmt.Fprintln(a.IO.Err, term.Clean("  "+s.Was+"  ->  "+s.Will))
			for _, e := range s.SideEffects {
				fmt.Fprintln(a.IO.Err, term.Clean("  also: "+e))
			}
		}
	}
	if w.fleet.Protected {
		service, err := oneService(plan)
		if err != nil {
			return err
		}
		if w.flags.Confirm != "" {
			if w.flags.Confirm != service {
				return &Error{Code: NotWell, Err: fmt.Errorf("--confirm %s is not the service's name: nothing was changed", w.flags.Confirm), Hint: "the service is " + service}
			}
			return nil
		}
		ok, err := a.IO.TypeName(ctx, "Type the service's name to go on:", service)
		return answer(ok, err, "this context is protected: --confirm "+service)
	}
	if w.flags.Yes {
		return nil
	}
	ok, err := a.IO.Confirm(ctx, "Go on?")
	return answer(ok, err, "--yes, or --dry-run to see the plan")
}

// oneService is the service that a plan is about: one name that is typed must
// not let changes of other services through.
func oneService(plan change.Plan) (string, error) {
	name := plan.Steps[0].Intent.Target.Service
	for _, s := range plan.Steps {
		if other := s.Intent.Target.Service; other != name {
			return "", Usagef("change "+name+" and "+other+" one after the other", "this context is protected: one service at a time")
		}
	}
	return name, nil
}

func answer(ok bool, err error, hint string) error {
	switch {
	case errors.Is(err, term.ErrNoTerminal):
		return &Error{Code: Usage, Err: errors.New("nothing was changed: there is no terminal to ask on"), Hint: hint}
	case err != nil:
		return err
	case !ok:
		return &Error{Code: NotWell, Err: ErrNotConfirmed}
	}
	return nil
}

// show writes the plan, or what came of it.
func (w *Writer) show(plan change.Plan, results []change.Result, code Code) error {
	v := render.View{
		Document: document.Plan(w.app.Now(), plan, results, w.flags.DryRun, int(code)),
		Table:    render.Table{Columns: []render.Column{{Name: "CHANGE"}, {Name: "WAS", Flex: true}, {Name: "WILL BE", Flex: true}, {Name: "ALSO", Flex: true}}},
	}
	if results != nil {
		v.Table.Columns = []render.Column{{Name: "CHANGE"}, {Name: "RESULT"}, {Name: "WAS", Flex: true}, {Name: "NOW", Flex: true}}
	}
	for i, s := range plan.Steps {
		v.Names = append(v.Names, s.Intent.Target.Service+"/"+s.Intent.Target.Instance)
		if results == nil {
			v.Table.Rows = append(v.Table.Rows, render.Row{Cells: []render.Cell{render.Text(s.What), render.Text(s.Was), render.Text(s.Will), render.Text(strings.Join(s.SideEffects, "; "))}})
			continue
		}
		r := results[i]
		now := r.Now
		if r.Err != nil {
			now = r.Err.Error()
		}
		v.Table.Rows = append(v.Table.Rows, render.Row{Cells: []render.Cell{render.Text(s.What), render.Text(strings.ReplaceAll(string(r.State), "_", " ")), render.Text(s.Was), render.Text(now)}})
	}
	return render.Write(w.app.IO, w.app.Output, v)
}
