package sweep

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
)

// Pace is how often loops make passes. Any goroutine may change it while they run.
type Pace struct {
	mu    sync.Mutex
	every time.Duration
	asked uint64        // how many passes were asked for
	news  chan struct{} // closed when one of the two is not what it was
}

// NewPace is a pass in so long, with 20% jitter; 0 is fleet.Interval.
func NewPace(every time.Duration) *Pace { return &Pace{every: every, news: make(chan struct{})} }

// Now asks for a pass: it begins at once or, where one is being made, after that.
// What is asked for before it begins is the same pass.
func (p *Pace) Now() { p.tell(func() { p.asked++ }) }

// Every has passes made so often from here on: from the start of the last one.
func (p *Pace) Every(d time.Duration) { p.tell(func() { p.every = d }) }

func (p *Pace) tell(what func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	what()
	close(p.news)
	p.news = make(chan struct{})
}

// stands is what the pace is now, and what is closed when it is another one.
func (p *Pace) stands() (every time.Duration, asked uint64, news <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	every = p.every
	if every <= 0 {
		every = fleet.Interval
	}
	return every, p.asked, p.news
}

// jitter spreads the passes of several watchers around an interval: it is what
// one is multiplied by.
func jitter() float64 { return 1 + fleet.IntervalJitter*(rand.Float64()-0.5) }
