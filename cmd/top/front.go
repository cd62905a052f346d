package top

import (
	"context"

	"github.com/midwatch-cli/midwatch/cmd/write"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/tui/desk"
)

// front is the dashboard's person, as the write.Front of one change.
type front struct {
	person desk.Person
	shown  []string // a plan that nobody had to be asked about
	end    desk.End
}

// Width is none: the dashboard breaks lines itself.
func (f *front) Width() int { return 0 }

func (f *front) Tell(line string) { f.person.Tell(line) }

func (f *front) Show(q write.Question) { f.shown = q.Lines }

func (f *front) Ask(ctx context.Context, q write.Question) (bool, error) {
	f.shown = nil
	agreed, err := f.person.Ask(ctx, desk.Question{Lines: q.Lines, Type: q.Name, Again: q.Again})
	f.end.Agreed = agreed && err == nil
	return agreed, err
}

func (f *front) Working(of int) (tell func(change.Result), done func()) {
	return func(r change.Result) { f.person.Done(r, of) }, func() {}
}

// End keeps what came of it. Where nothing had to be done, nobody was asked, and the
// plan says why.
func (f *front) End(e write.Ended) error {
	f.end.Agreed = true
	f.end.Lines = append(f.shown, e.Lines...)
	if e.Outcome == nil {
		return nil
	}
	f.end.Results = e.Outcome.Results
	if e.Outcome.Batch != nil {
		f.end.Change = e.Outcome.Batch.ID
	}
	return nil
}
