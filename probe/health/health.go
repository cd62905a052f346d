// Package health reads what a service says about its own health: one dialect
// a file, each a pure function from an answer to a Verdict. It knows nothing
// of transports, fleets or screens.
package health

// Word is the meaning of a health word, whatever it was spelled like.
type Word uint8

// The meanings a word can have. NoWord is the zero value: the answer holds
// nothing that speaks of health.
const (
	NoWord  Word = iota // nothing was said
	Well                // up, ok, pass, healthy, ...
	Warn                // degraded, warning, partially available, ...
	Ill                 // down, fail, critical, unhealthy, ...
	Unknown             // the service itself does not know, or the word is in no table
)

// String returns the lower-case word used in traces and JSON.
func (w Word) String() string {
	switch w {
	case Well:
		return "well"
	case Warn:
		return "warn"
	case Ill:
		return "ill"
	case Unknown:
		return "unknown"
	case NoWord:
		return "none"
	}
	return "none"
}

// Unwell says whether the word speaks of trouble, small or great.
func (w Word) Unwell() bool { return w == Warn || w == Ill }

// Verdict is what one answer says. Every text in it comes from the service and
// is untrusted: whoever prints it cleans it first.
type Verdict struct {
	Dialect    string      // the dialect that spoke: spring, ietf, aspnet, ...; empty if none did
	Word       Word        // what it says
	Text       string      // the word as it was written
	Detail     string      // one line more, where the payload gives one
	Draining   bool        // it said explicitly that it is leaving or out of service
	Starting   bool        // it said explicitly that it is not ready yet
	Stale      bool        // a cache answered, not the service
	Unreadable bool        // the body began a known form and could not be read to its end
	Page       bool        // an HTML page: a login form or a single-page application
	Lie        bool        // the word is good and a component of it is not
	Components []Component // sorted by name; nested ones are joined with a slash
}

// Component is one part of a service, as the service reports it.
type Component struct {
	Name   string // path of names, outermost first: db, diskSpace, broker/primary
	Word   Word   // what the service says of it
	Text   string // the word as it was written
	Detail string // one line: an error text, a measurement
}

// Answer is what a dialect gets to see of a reply.
type Answer struct {
	Status int                      // HTTP status code
	Header func(name string) string // first value of a header, canonical or not; never nil
	Body   []byte                   // decoded, cut at the prober's bound
	Cut    bool                     // Body is not all of it
}
