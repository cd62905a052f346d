package record

import (
	"context"
	"fmt"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/cmd/write"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/record"
	"github.com/midwatch-cli/midwatch/fleet/record/pages"
)

// recorder writes passes as they come.
type recorder struct {
	app      *app.App
	session  *app.Session
	writer   *record.Writer
	start    time.Time
	limit    int64         // of the file, in bytes
	duration time.Duration // 0: no end
	part     bool          // not everything is recorded
	pages    *pages.Out    // the metrics; nil: none are read
	counts   fleet.Counts  // of the newest pass over each context
	newest   map[string]fleet.Counts
}

// record writes until the passes end, or there are enough, and says why it
// ended.
func (r *recorder) record(ctx context.Context, passes <-chan *fleet.Snapshot) (why string, err error) {
	var over <-chan time.Time
	if r.duration > 0 {
		timer := time.NewTimer(r.duration)
		defer timer.Stop()
		over = timer.C
	}
	progress := r.app.IO.Progress()
	defer progress.Done()
	progress.Set("recording: Ctrl-C ends it")
	for {
		select {
		case s, ok := <-passes:
			if !ok {
				return ended(ctx), nil
			}
			if err := r.session.ConfigError(); err != nil {
				return "a registry's file cannot be read", err
			}
			if err := r.pass(ctx, s); err != nil {
				return "", err
			}
			progress.Set(fmt.Sprintf("recording: %s, %s, %s · Ctrl-C ends it", counted(r.writer.Counts().Passes), term.Duration(r.app.Now().Sub(r.start)), term.Size(r.writer.Size())))
			if r.writer.Size() >= r.limit {
				return fmt.Sprintf("--max-size %s was reached", term.Size(r.limit)), nil
			}
		case <-over:
			return fmt.Sprintf("--duration %v was over", r.duration), nil
		}
	}
}

// ended says why the passes did.
func ended(ctx context.Context) string {
	if cause := context.Cause(ctx); cause != nil {
		return cause.Error()
	}
	return "there was nothing more to look at"
}

// pass writes one.
func (r *recorder) pass(ctx context.Context, s *fleet.Snapshot) error {
	p := record.Pass{Snapshot: s, Holds: r.holds(ctx, s)}
	if r.part {
		p.Known = r.session.Known(s.Context)
	}
	if r.newest == nil {
		r.newest = map[string]fleet.Counts{}
	}
	r.newest[s.Context] = s.Counts()
	r.counts = fleet.Counts{}
	for _, c := range r.newest {
		r.counts.Services += c.Services
		r.counts.Instances += c.Instances
	}
	if r.pages != nil {
		r.pages.Write(s.Context)
	}
	return r.writer.Pass(p)
}

// holds finds out who holds breakers, by our own journal: replay has no other.
func (r *recorder) holds(ctx context.Context, s *fleet.Snapshot) (all []record.Held) {
	holders := r.app.Holders
	if holders == nil {
		holders = write.Holders(ctx, r.app)
	}
	if holders == nil {
		return nil
	}
	for i := range s.Services {
		for j := range s.Services[i].Instances {
			in := &s.Services[i].Instances[j]
			for k := range in.Breakers {
				if h := holders(in.Key, &in.Breakers[k]); !h.IsZero() {
					all = append(all, record.Held{Key: in.Key, Breaker: in.Breakers[k].Name, Hold: h})
				}
			}
		}
	}
	return all
}
