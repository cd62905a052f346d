package change

// Boundary is a place in a change where a process may be killed: around each
// commit of the journal and each request.
type Boundary string

// The boundaries, in the order they are passed.
const (
	BeforeBegin   Boundary = "before-begin"   // planned, nothing written down
	InsideBegin   Boundary = "inside-begin"   // all rows written, not committed
	AfterBegin    Boundary = "after-begin"    // the intent is on disk, nothing sent
	BeforeRequest Boundary = "before-request" // of each step
	AfterRequest  Boundary = "after-request"  // sent, not read back
	AfterReadBack Boundary = "after-read-back"
	BeforeRecord  Boundary = "before-record" // results known, not written down
	InsideRecord  Boundary = "inside-record"
	AfterRecord   Boundary = "after-record"
	BeforeFinish  Boundary = "before-finish"
	AfterFinish   Boundary = "after-finish"
)

// Boundaries lists them in their order.
func Boundaries() []Boundary {
	return []Boundary{
		BeforeBegin, InsideBegin, AfterBegin, BeforeRequest, AfterRequest, AfterReadBack,
		BeforeRecord, InsideRecord, AfterRecord, BeforeFinish, AfterFinish,
	}
}
