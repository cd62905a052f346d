package tui

import (
	"context"
	"errors"
	"io"

	tea "charm.land/bubbletea/v2"

	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/spoken"
)

// Speak is Run for who hears the dashboard: lines go to out, lines come from in. It
// needs no terminal, and ends with the last line of in as with q.
func Speak(ctx context.Context, in io.Reader, out io.Writer, o Options) error {
	o.Theme.Words, o.Theme.Colorless = true, true
	o.Fixed = true // nobody is asked for the ground
	o.World.NoClipboard = true
	app := New(o)
	app.resize(spoken.Width, spoken.Height)
	err := spoken.Run(ctx, in, out, voice{app})
	app.part(out)
	if ctx.Err() != nil && !errors.Is(err, tea.ErrProgramPanic) {
		return context.Cause(ctx)
	}
	return err
}

// voice is the root as spoken.Dashboard has it.
type voice struct{ *App }

func (v voice) Handle(msg tea.Msg) tea.Cmd {
	_, cmd := v.Update(msg)
	return cmd
}

// within does something as Update does.
func (v voice) within(do func()) tea.Cmd {
	v.soon = nil
	do()
	v.see()
	return v.after()
}

func (v voice) Press(key, text string) tea.Cmd {
	return v.within(func() { v.press(key, text) })
}

func (v voice) Answer(want page.Intent, over bool) tea.Cmd {
	return v.within(func() {
		v.note = ""
		if over {
			v.dialogs = v.dialogs[:len(v.dialogs)-1]
		}
		v.obey(want)
	})
}

func (v voice) Enter(sign, text string) (cmd tea.Cmd, err error) {
	cmd = v.within(func() {
		v.press(sign, sign)
		if !v.asking.Asks() {
			err = errors.New("there is nothing to filter here")
			return
		}
		err = v.asking.Take(text)
	})
	return cmd, err
}

func (v voice) Told() spoken.Told {
	t := spoken.Told{View: v.view(), Context: v.o.Context, Recorded: v.tape.On(), Path: v.trail.Path(), Page: v.top(), Keys: v.keys(), Note: v.note, Events: v.events}
	t.State, _ = v.state()
	switch {
	case v.shown != nil:
		t.Notes = v.top().Notes(&t.View)
	case v.ended:
		t.Wait, t.Over = "Nothing was read; ctrl-c quits.", true
	case v.tape.On():
		t.Wait = "Reading the recording."
	default:
		t.Wait = "Reading the registries, asking every instance."
	}
	if len(v.dialogs) > 0 {
		t.Dialog = v.dialogs[len(v.dialogs)-1]
	}
	return t
}
