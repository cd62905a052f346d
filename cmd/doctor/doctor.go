// Package doctor is `midwatch doctor`: registry, address, TCP, TLS and health
// of one instance, step by step, and what to do next.
package doctor

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/render"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/document"
	"github.com/midwatch-cli/midwatch/fleet/gate"
)

type options struct {
	sel     app.Selection
	probing app.Probing
}

const example = `  midwatch doctor payment                          its worst instance
  midwatch doctor payment --instance payment-2
  midwatch doctor payment -o json`

// New returns the command.
func New(a *app.App) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use: "doctor SERVICE", Short: "Find out what is wrong with a service, step by step", Example: example,
		Long: `doctor takes one instance (the worst one, or the one named) and walks the way a call
takes: registry, address, TCP, TLS, health, and then looks for its metrics, which change
nothing. It says what each step means and what to do next. It ends as check does: 0 well,
1 not well, 3 could not tell.`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: a.ServiceArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return run(cmd.Context(), a, &o, args[0]) },
	}
	o.sel.Add(cmd, a)
	o.probing.Add(cmd, a)
	a.AddOutput(cmd, false)
	return cmd
}

func run(ctx context.Context, a *app.App, o *options, name string) error {
	if err := o.probing.Check(); err != nil {
		return err
	}
	sel, err := o.sel.Compile([]string{name})
	if err != nil {
		return err
	}
	o.probing.Explain = true // the plan says where to go
	s, err := a.Open(ctx, o.probing)
	if err != nil {
		return err
	}
	defer s.Close()
	progress := a.IO.Progress()
	progress.Set("asking " + name)
	r, err := s.Pass(ctx, sel, app.HealthOnly, nil)
	progress.Done()
	if err != nil {
		return err
	}
	d := diagnose(ctx, s, r, name)
	code := app.CodeOf(d.outcome)
	if err := show(a, r.Snapshot, d); err != nil {
		return err
	}
	return app.End(code)
}

// diagnosis is what was found.
type diagnosis struct {
	head    string
	steps   []document.DoctorStep
	words   string // what it means
	next    string // what to do
	outcome gate.Outcome
}

func show(a *app.App, s *fleet.Snapshot, d diagnosis) error {
	text := a.Output.Format == "" || a.Output.Format == render.FormatTable || a.Output.Format == render.FormatWide
	if a.IO.OutTTY && text && a.Output.JQ == "" && a.Output.Template == "" && !a.IO.Quiet {
		return screen(a, d)
	}
	v := render.View{
		Document: document.Doctor(s.Context, s.At, d.steps, document.Failures(s)),
		Table:    render.Table{Columns: []render.Column{{Name: "INSTANCE"}, {Name: "STEP"}, {Name: "RESULT"}, {Name: "REASON"}, {Name: "DETAIL", Flex: true}}},
		Notes:    []string{d.words}, Hint: d.next,
	}
	for _, st := range d.steps {
		v.Names = append(v.Names, st.Service+"/"+st.Instance)
		v.Table.Rows = append(v.Table.Rows, render.Row{Cells: []render.Cell{
			render.Text(st.Instance), render.Text(st.Step), render.Text(string(st.Result)), render.Text(st.Reason), render.Text(st.Detail),
		}})
	}
	return render.Write(a.IO, a.Output, v)
}

// screen is the diagnosis for people.
func screen(a *app.App, d diagnosis) error {
	var b strings.Builder
	fmt.Fprintln(&b, "  "+term.Clean(d.head))
	for _, st := range d.steps {
		fmt.Fprintf(&b, "  %s %-11s %s\n", sign(st.Result, a.IO.ASCII), st.Step, term.Clean(st.Detail))
	}
	fmt.Fprintln(&b, "  "+term.Clean(d.words))
	if d.next != "" {
		fmt.Fprintln(&b, "  next: "+term.Clean(d.next))
	}
	_, err := fmt.Fprint(a.IO.Out, b.String())
	return err
}

func sign(r document.StepResult, ascii bool) string {
	signs := map[document.StepResult][2]string{"ok": {"✓", "+"}, "warning": {"!", "!"}, "failed": {"✗", "x"}, "skipped": {"–", "-"}}
	if ascii {
		return signs[r][1]
	}
	return signs[r][0]
}
