package change

import (
	"crypto/rand"
	"encoding/binary"
	"strings"
	"time"
)

// Batch is what people call a change: one plan that was carried out, with all
// its targets. It is all that another process needs to undo it. It holds no
// secret.
type Batch struct {
	ID       string
	At       time.Time
	What     string // one line for people: trip order/payment
	Context  string
	Who      Who
	Reason   string
	Origin   Origin
	Until    time.Time // when it is put back by itself; zero: never
	Keeper   Keeper    // who puts it back; zero: nobody but those who settle
	Reapply  bool      // it is set again on an instance that forgot it
	Undoes   string    // the id of the batch that this one takes back
	Retries  string    // the id of the batch of which this one does what failed
	Override bool      // it was made over what somebody else had in force
	Finished time.Time // when whoever made it had seen all its results; zero: it never did
	Steps    []Record
}

// Who is who makes a change.
type Who struct {
	User     string // the name of the account
	SudoUser string `json:",omitempty"` // who became that account
	Host     string
	Terminal string `json:",omitempty"` // pts/3
	Run      string `json:",omitempty"` // the CI run's address, where it was one
	PID      int    // of the process on the host
}

// Name is the person: who they were before sudo.
func (w Who) Name() string {
	if w.SudoUser != "" {
		return w.SudoUser
	}
	return w.User
}

// String is the person and where they sit: alice@bastion-1.
func (w Who) String() string {
	if w.Host == "" {
		return w.Name()
	}
	return w.Name() + "@" + w.Host
}

// Is says whether two are the same operator: a person, or the same job of a CI
// system, on whatever terminal.
func (w Who) Is(o Who) bool { return w.Name() == o.Name() && w.Host == o.Host && w.Run == o.Run }

// Keeper is a process that puts changes back when they end.
type Keeper struct {
	PID  int
	Host string
	Beat time.Time `json:"-"` // when it was last seen alive
	Env  []string  `json:"-"` // names of the variables it has, of those that hold secrets
}

// Same says that two are the same process.
func (k Keeper) Same(o Keeper) bool { return k.PID == o.PID && k.Host == o.Host && k.PID != 0 }

// IsZero says that there is none.
func (k Keeper) IsZero() bool { return k.PID == 0 }

// Origin is how a batch's context was opened, so that another process can open
// it again.
type Origin struct {
	Config     string   // absolute path of the configuration file; empty: none
	Context    string   // its context; empty: the registries alone
	Registries []string `json:",omitempty"` // [NAME=]URL, where no context was named
	Env        []string `json:",omitempty"` // names of the variables that hold its secrets
	UserAgent  string   `json:",omitempty"`
}

// Record is one step of a batch as the journal keeps it.
type Record struct {
	N       int // its place in the plan, from 0
	Of      int // of an undo or a retry: its place in the other batch
	Undo    bool
	Intent  Intent
	What    string
	Was     string
	Will    string
	Before  Before
	State   State // Intended until its result is known
	Now     string
	Changed bool
	Error   string
	Began   time.Time
	Ended   time.Time
	Again   int // how often it was set again on an instance that forgot it

	// What became of it later; Put is empty while nothing did.
	Put   Put
	PutBy string // the id of the batch that did it
	PutAt time.Time
}

// Put is what became of a step that was done.
type Put string

// What becomes of a step: it is taken back, or a later change of the same
// target is in its place.
const (
	PutBack     Put = "undone"
	PutReplaced Put = "replaced"
)

// InForce says that a step holds something in the far system that somebody has
// to end: a forced breaker, a drained instance, or whatever has an end.
func (r *Record) InForce(b *Batch) bool {
	return r.Put == "" && !r.Undo && (r.State == Done || r.State == Unknown || r.State == Intended) &&
		(!b.Until.IsZero() || r.Intent.Holds())
}

// Making is how long after its end a change that is still being made is left to
// its maker, who begins nothing any more: what is in hand then takes twice
// ReadBack at most. Put back sooner, it would be made again by what is in hand.
const Making = 3 * ReadBack

// Due says that a batch should have been put back.
func (b *Batch) Due(now time.Time) bool {
	end := b.Until
	if b.Finished.IsZero() {
		end = end.Add(Making)
	}
	if b.Until.IsZero() || now.Before(end) {
		return false
	}
	for i := range b.Steps {
		if b.Steps[i].InForce(b) {
			return true
		}
	}
	return false
}

// Letters are those of ids: digits and letters that are not taken for one
// another.
const Letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// idEpoch is when ids begin, and idTick what they count: seven letters of
// eighths of a second last for 136 years.
const (
	idEpoch = 1577836800 // 2020-01-01
	idTick  = time.Second / 8
	idTime  = 7
	idAll   = 10
)

// NewID makes an id: ten letters that sort by time, short enough to be typed.
// Two made in the same eighth of a second differ by chance only; a journal
// refuses the second, and another is made.
func NewID(at time.Time) string {
	var chance [8]byte
	_, _ = rand.Read(chance[:]) // it never fails
	n := uint64(max(at.Sub(time.Unix(idEpoch, 0))/idTick, 0))
	n = n<<(5*(idAll-idTime)) | binary.BigEndian.Uint64(chance[:])>>(64-5*(idAll-idTime))
	var id [idAll]byte
	for i := idAll - 1; i >= 0; i-- {
		id[i] = Letters[n&31]
		n >>= 5
	}
	return string(id[:])
}

// CleanID is an id, or the beginning of one, as it is kept: what people write
// in small letters, or with o for 0, is meant all the same.
func CleanID(s string) string {
	return strings.NewReplacer("O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(strings.TrimSpace(s)))
}
