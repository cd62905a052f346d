package document

import (
	"time"

	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/document/value"
)

// ChangeStand is how a change stands.
type ChangeStand string

// Enum lists the words.
func (ChangeStand) Enum() []string {
	var words []string
	for _, s := range change.Stands() {
		words = append(words, string(s))
	}
	return words
}

// Actor is who made a change.
type Actor struct {
	Name     string `json:"name" doc:"the person: who they were before sudo"`
	User     string `json:"user" doc:"the account"`
	Host     string `json:"host" doc:"the machine"`
	Terminal string `json:"terminal" doc:"pts/3, or empty"`
	Run      string `json:"run" doc:"the CI run, or empty"`
	PID      int    `json:"pid" doc:"the process"`
}

// ChangeTarget is one target of a change that was made.
type ChangeTarget struct {
	Ref
	Instance string      `json:"instance" doc:"whom it is about"`
	Breaker  string      `json:"breaker" doc:"the breaker, or a proxy's server; empty where it is about the instance"`
	Address  string      `json:"address" doc:"where the instance is, where that mattered"`
	What     string      `json:"what" doc:"one line for people"`
	Was      string      `json:"was" doc:"what was there before"`
	Will     string      `json:"will" doc:"what was wanted"`
	State    ChangeState `json:"state" doc:"how it ended; intended: nobody knows yet"`
	Now      string      `json:"now" doc:"as read back after it was made"`
	Changed  bool        `json:"changed" doc:"it was another than before"`
	Error    string      `json:"error" doc:"why it was not done, or empty"`
	EndedAt  Time        `json:"endedAt" doc:"when its result was known"`
	Again    int         `json:"again" doc:"how often it was ordered again on an instance that forgot it"`
	InForce  bool        `json:"inForce" doc:"it holds something that somebody has to end"`
	Later    string      `json:"later" doc:"what became of it: undone, replaced, or empty"`
	LaterBy  string      `json:"laterBy" doc:"the id of the change that did it"`
	LaterAt  Time        `json:"laterAt" doc:"when"`
	Found    string      `json:"found" doc:"what is there now; empty where nobody looked"`
	Drifted  bool        `json:"drifted" doc:"what is there now is not what was left, and it was not us"`
}

// Changed is a change that was made, with all its targets.
type Changed struct {
	ID       string         `json:"id" doc:"as midwatch changes undo takes it"`
	Context  string         `json:"context" doc:"the context it was made in"`
	What     string         `json:"what" doc:"one line for people"`
	At       Time           `json:"at" doc:"when it was made"`
	Who      Actor          `json:"who" doc:"who made it"`
	Reason   string         `json:"reason" doc:"why, in their words"`
	Until    Time           `json:"until" doc:"when it is put back by itself; null: never"`
	Keeper   int            `json:"keeper" doc:"the process that puts it back; 0: none"`
	Reapply  bool           `json:"reapply" doc:"it is set again on instances that restart"`
	Override bool           `json:"override" doc:"it was made over what somebody else had in force"`
	Undoes   string         `json:"undoes" doc:"the id of the change that it takes back, or empty"`
	Retries  string         `json:"retries" doc:"the id of the change of which it did what had failed, or empty"`
	Now      ChangeStand    `json:"now" doc:"how it stands; drifted only where somebody looked"`
	Note     string         `json:"note" doc:"more about that, or empty"`
	Counts   ChangeCounts   `json:"counts" doc:"its targets"`
	Targets  []ChangeTarget `json:"targets" doc:"what it was made on, in the order of the plan"`
}

// ChangeCounts counts the targets of a change.
type ChangeCounts struct {
	Targets  int `json:"targets" doc:"all"`
	Done     int `json:"done" doc:"on which it was done"`
	InForce  int `json:"inForce" doc:"on which it holds something"`
	Undone   int `json:"undone" doc:"on which it was taken back"`
	Replaced int `json:"replaced" doc:"on which a later change is in its place"`
}

// Looked is a change as the journal has it, how it stands, and what a look at
// its targets found; no standings where nobody looked.
type Looked struct {
	Batch *change.Batch
	Stand change.Stand
	Note  string
	Now   []change.Standing
}

// Changes lists changes that were made.
func Changes(context string, at time.Time, changes []Looked, errs []Error) List[Changed] {
	items := make([]Changed, len(changes))
	for i, c := range changes {
		items[i] = changed(c)
	}
	return ListOf("Changes", context, at, items, errs)
}

func changed(l Looked) Changed {
	b, t := l.Batch, l.Batch.Tally()
	c := Changed{
		ID: b.ID, Context: b.Context, What: b.What, At: value.TimeOf(b.At), Reason: b.Reason, Until: value.TimeOf(b.Until), Keeper: b.Keeper.PID,
		Who:     Actor{b.Who.Name(), b.Who.User, b.Who.Host, b.Who.Terminal, b.Who.Run, b.Who.PID},
		Reapply: b.Reapply, Override: b.Override, Undoes: b.Undoes, Retries: b.Retries, Now: ChangeStand(l.Stand), Note: l.Note,
		Counts: ChangeCounts{t.All, t.Done, t.InForce, t.Undone, t.Replaced}, Targets: make([]ChangeTarget, len(b.Steps)),
	}
	for i := range b.Steps {
		c.Targets[i] = changeTarget(b, &b.Steps[i])
	}
	for _, s := range l.Now {
		if s.Step != nil && s.Step.N < len(c.Targets) {
			found := &c.Targets[s.Step.N]
			found.Found, found.Drifted = s.Now, s.Err == nil && !s.Holds
			if s.Err != nil {
				found.Error = s.Err.Error()
			}
		}
	}
	return c
}

func changeTarget(b *change.Batch, r *change.Record) ChangeTarget {
	t := r.Intent.Target
	return ChangeTarget{
		Ref: Ref{r.Intent.Context, t.Source, t.Namespace, t.Service}, Instance: t.Instance, Breaker: t.Breaker, Address: t.Address,
		What: r.What, Was: r.Was, Will: r.Will, State: ChangeState(r.State), Now: r.Now, Changed: r.Changed, Error: r.Error,
		EndedAt: value.TimeOf(r.Ended), Again: r.Again, InForce: r.InForce(b), Later: string(r.Put), LaterBy: r.PutBy, LaterAt: value.TimeOf(r.PutAt),
	}
}
