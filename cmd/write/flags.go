// Package write is what commands that write have in common: plan, show, ask,
// write down, do, read back, say how to undo it.
package write

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/cmd/write/screen"
	"github.com/midwatch-cli/midwatch/fleet/change"
)

// Flags are those of commands that write.
type Flags struct {
	DryRun    bool
	Yes       bool
	Confirm   string
	Reason    string
	NoJournal bool
	Override  bool
	Expect    int // 0: whatever there is

	Batch       int
	Pause       time.Duration
	MaxFailures int

	TTL     time.Duration
	Wait    bool
	Reapply bool

	MaxUnavailable string
	AllowEmpty     bool

	Retry string // the id of a change
}

// Add declares the flags that every command that writes has.
func (w *Flags) Add(cmd *cobra.Command, a *app.App) {
	f := cmd.Flags()
	f.BoolVar(&w.DryRun, "dry-run", false, "show the plan and write nothing")
	f.BoolVarP(&w.Yes, "yes", "y", false, "do not ask; required where there is no terminal")
	f.StringVar(&w.Confirm, "confirm", "", "in a protected context: the service's `NAME`, instead of typing it")
	f.StringVar(&w.Reason, "reason", "", "why, for the journal and for others: `TEXT`")
	f.BoolVar(&w.NoJournal, "no-journal", false, "write nothing down, so that nothing knows how to undo it; wants --reason")
	f.BoolVar(&w.Override, "override", false, "also what somebody else has in force")
	f.IntVar(&w.Expect, "expect", 0, "refuse unless the plan has exactly so many targets (default: any)")
	a.CompleteFunc(cmd, "confirm", a.ServiceNames)
	a.NoComplete(cmd, "reason", "expect")
}

// AddMany declares the flags of commands that may write to many.
func (w *Flags) AddMany(cmd *cobra.Command, a *app.App) {
	f := cmd.Flags()
	f.IntVar(&w.Batch, "batch", 0, "so many targets, then a pause (default: all)")
	f.DurationVar(&w.Pause, "pause", 10*time.Second, "between two batches")
	f.IntVar(&w.MaxFailures, "max-failures", 0, "stop when so many targets failed (default: go on)")
	a.NoComplete(cmd, "batch", "pause", "max-failures")
}

// AddTTL declares the flags of changes that can end by themselves.
func (w *Flags) AddTTL(cmd *cobra.Command, a *app.App) {
	f := cmd.Flags()
	f.DurationVar(&w.TTL, "ttl", 0, "put it back after so long, also when the terminal is gone (default: never)")
	f.BoolVar(&w.Wait, "wait", false, "with --ttl: stay here, and put it back at its end or at Ctrl-C")
	f.BoolVar(&w.Reapply, "reapply", false, "with --ttl: set it again on an instance that restarted meanwhile")
	a.NoComplete(cmd, "ttl")
}

// AddTakingOut declares the flags of commands that take instances out of use.
func (w *Flags) AddTakingOut(cmd *cobra.Command, a *app.App) {
	f := cmd.Flags()
	f.StringVar(&w.MaxUnavailable, "max-unavailable", usualUnavailable, "refuse if more of a service's instances would not serve: `N` or N%")
	f.BoolVar(&w.AllowEmpty, "allow-empty", false, "also take out the last instance that serves")
	a.NoComplete(cmd, "max-unavailable")
}

// AddRetry declares --retry.
func (w *Flags) AddRetry(cmd *cobra.Command, a *app.App) {
	cmd.Flags().StringVar(&w.Retry, "retry", "", "do what the `CHANGE` did not do: its failed targets only")
	a.CompleteFunc(cmd, "retry", func(ctx context.Context) []string { return IDs(ctx, a) })
}

// Page is where a plan with these flags is shown, off a terminal.
func (w *Flags) Page() screen.Page {
	return screen.Page{Options: change.Options{
		Reason: w.Reason, TTL: w.TTL, Reapply: w.Reapply, Override: w.Override,
		Batch: w.Batch, Pause: w.Pause, MaxFailures: w.MaxFailures,
	}}
}

// longestReason is how long a reason may be: some far systems take it in a URL.
const longestReason = 1000

// check refuses what makes no sense.
func (w *Flags) check() error {
	switch {
	case w.NoJournal && w.Reason == "":
		return app.Usagef("add --reason TEXT", "--no-journal wants --reason: somebody will ask")
	case w.TTL < 0, w.Pause < 0:
		return app.Usagef("durations look like 30s, 10m", "--ttl and --pause must not be negative")
	case w.Batch < 0 || w.MaxFailures < 0:
		return app.Usagef("", "--batch and --max-failures must not be negative")
	case w.Expect < 0:
		return app.Usagef("", "--expect %d: must not be negative", w.Expect)
	case (w.Wait || w.Reapply) && w.TTL == 0:
		return app.Usagef("add --ttl, such as --ttl 10m", "--wait and --reapply go with --ttl")
	case w.NoJournal && w.TTL > 0 && !w.Wait:
		return app.Usagef("add --wait to stay and put it back, or leave --no-journal out", "--ttl without a journal: no keeper would know of it")
	case len(w.Reason) > longestReason:
		return app.Usagef("name a ticket instead", "--reason: %d bytes, at most %d: far systems keep it with the change", len(w.Reason), longestReason)
	case w.Reason != term.Clean(w.Reason):
		return app.Usagef("", "--reason: holds characters that cannot be printed")
	}
	return nil
}
