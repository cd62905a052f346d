package change

import "time"

// Stand is how a batch stands, by the journal alone.
type Stand string

// How batches stand.
const (
	StandInForce     Stand = "in_force"    // it holds something
	StandOverdue     Stand = "overdue"     // it holds something that should have ended
	StandPartial     Stand = "partial"     // a part of it is taken back or replaced, and a part holds
	StandRunning     Stand = "running"     // it is being made
	StandInterrupted Stand = "interrupted" // its maker ended before it knew all results
	StandUndone      Stand = "undone"      // it was taken back
	StandReplaced    Stand = "replaced"    // later changes are in its place
	StandFailed      Stand = "failed"      // nothing of it was done
	StandDone        Stand = "done"        // it was done, and holds nothing
	StandDrifted     Stand = "drifted"     // what it holds by the journal is not so any more, by a look
)

// Stands lists the words.
func Stands() []Stand {
	return []Stand{
		StandInForce, StandOverdue, StandPartial, StandRunning, StandInterrupted, StandUndone, StandReplaced, StandFailed, StandDone, StandDrifted,
	}
}

// Open says that somebody may still have to do something about it.
func (s Stand) Open() bool {
	switch s {
	case StandInForce, StandOverdue, StandPartial, StandRunning, StandInterrupted, StandDrifted:
		return true
	case StandUndone, StandReplaced, StandFailed, StandDone:
	}
	return false
}

// Rank sorts first what somebody may have to do something about.
func (s Stand) Rank() int {
	switch {
	case s == StandOverdue, s == StandInterrupted:
		return 0
	case s.Open():
		return 1
	}
	return 2
}

// Tally counts the steps of a batch.
type Tally struct {
	All, Done, InForce, Undone, Replaced int
}

// Tally counts the steps.
func (b *Batch) Tally() Tally {
	t := Tally{All: len(b.Steps)}
	for i := range b.Steps {
		r := &b.Steps[i]
		if r.State == Done {
			t.Done++
		}
		switch {
		case r.InForce(b):
			t.InForce++
		case r.Put == PutBack:
			t.Undone++
		case r.Put == PutReplaced:
			t.Replaced++
		}
	}
	return t
}

// longest is how long a change is believed to be at work. After it the process
// of its number is another's, or of a machine that nobody can ask.
const longest = 24 * time.Hour

// Stand says how the batch stands. Alive says whether a process lives.
func (b *Batch) Stand(now time.Time, alive func(host string, pid int) bool) Stand {
	t := b.Tally()
	switch {
	case b.Due(now):
		return StandOverdue
	case b.Finished.IsZero() && now.Sub(b.At) < longest && alive(b.Who.Host, b.Who.PID):
		return StandRunning
	case b.Finished.IsZero() && t.Undone+t.Replaced < t.All:
		return StandInterrupted
	case t.InForce > 0 && t.Undone+t.Replaced > 0:
		return StandPartial
	case t.InForce > 0:
		return StandInForce
	case t.Undone > 0:
		return StandUndone
	case t.Replaced > 0:
		return StandReplaced
	case t.Done == 0:
		return StandFailed
	}
	return StandDone
}
