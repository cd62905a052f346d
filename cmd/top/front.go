package top

import (
	"context"
	"strings"

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
	if e.Outcome != nil {
		f.end.Results = e.Outcome.Results
		if e.Outcome.Batch != nil {
			f.end.Change = e.Outcome.Batch.ID
		}
	}
	f.end.Lines = append(f.shown, brief(e.Lines, f.end.Change)...)
	return nil
}

// brief are the sentences of an end without its id, and how to undo it: the dashboard
// has its own ways to say that.
func brief(lines []string, id string) (all []string) {
	for _, line := range lines {
		for part := range strings.SplitSeq(line, " · ") {
			part = strings.TrimSuffix(part, " change "+id)
			if !strings.HasPrefix(part, "undo: ") && part != "" {
				all = append(all, strings.ToUpper(part[:1])+part[1:])
			}
		}
	}
	return all
}
