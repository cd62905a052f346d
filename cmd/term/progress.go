package term

// Progress says on standard error how far a long work is: one line that is
// redrawn on a terminal, a plain line every 30 s elsewhere, nothing when quiet.
type Progress struct{}

// Progress starts one. Done ends it, before anything else is written.
func (t *IO) Progress() *Progress { return &Progress{} }

// Set says how far the work is. The text is cleaned.
func (p *Progress) Set(text string) {}

// Done takes the line away.
func (p *Progress) Done() {}
