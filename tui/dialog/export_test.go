package dialog

// What the tests see of it.
var (
	Wrap     = wrap
	Tail     = tail
	CutLast  = cutLast
	Duration = duration
	Short    = short
)
