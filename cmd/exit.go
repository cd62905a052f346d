package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
)

// signalled is the cause of a context that a signal ended.
type signalled struct{ sig os.Signal }

func (s signalled) Error() string { return "ended by " + s.sig.String() }

func (s signalled) code() app.Code {
	switch s.sig {
	case syscall.SIGHUP:
		return app.HungUp
	case syscall.SIGTERM:
		return app.Killed
	default:
		return app.Interrupt
	}
}

// withSignals ends the context at the first INT, TERM or HUP. A second one
// ends the process in the usual way.
func withSignals(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	done := make(chan struct{})
	go func() {
		select {
		case sig := <-signals:
			signal.Stop(signals)
			cancel(signalled{sig})
		case <-done:
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel(nil)
	}
}

// finish turns what a command returned into the exit code, and says on
// standard error what has not been said yet.
func finish(ctx context.Context, a *app.App, err error) app.Code {
	code, warned := codeOf(ctx, err)
	var ended app.Ended
	// With -q the code is the answer; wrong usage is said all the same.
	if err != nil && !errors.As(err, &ended) && (!a.IO.Quiet || code == app.Usage) {
		complain(ctx, a, err)
	}
	if a.Global.ExitZero && errors.As(err, &ended) && (code == app.NotWell || code == app.CannotSay || code == app.TimedOut) {
		return app.OK
	}
	if a.Global.ExitStyle == "nagios" {
		if code == app.OK && warned {
			return 1
		}
		return app.Code(nagiosOf(code))
	}
	return code
}

// codeOf finds the code of an error; warned is a pass with a warning.
func codeOf(ctx context.Context, err error) (code app.Code, warned bool) {
	var sig signalled
	var ended app.Ended
	var said *app.Error
	switch {
	case errors.As(context.Cause(ctx), &sig):
		return sig.code(), false
	case err == nil:
		return app.OK, false
	case errors.As(err, &ended):
		return ended.Code, ended.Warned
	case errors.As(err, &said):
		return said.Code, false
	case errors.Is(err, registry.ErrConfig):
		return app.Usage, false
	default:
		return app.CannotSay, false
	}
}

// complain prints an error and its hint.
func complain(ctx context.Context, a *app.App, err error) {
	var sig signalled
	var said *app.Error
	isSaid := errors.As(err, &said)
	if errors.As(context.Cause(ctx), &sig) && (!isSaid || said.Code != app.Partial) {
		return // whoever sent the signal knows, but not what was left changed
	}
	hint := ""
	var known *fleet.Error
	switch {
	case isSaid && said.Hint != "":
		hint = said.Hint
	case errors.As(err, &known):
		hint = known.Hint
	}
	fmt.Fprintln(a.IO.Err, "error: "+term.CleanLines(err.Error()))
	if hint != "" {
		fmt.Fprintln(a.IO.Err, "hint: "+term.CleanLines(hint))
	}
}
