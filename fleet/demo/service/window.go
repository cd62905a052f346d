package service

import (
	"sync"
	"time"
)

const (
	windowLength = 10 * time.Second
	windowSlot   = 500 * time.Millisecond
	windowSlots  = int64(windowLength / windowSlot)

	minSamples = 5 // fewer calls prove nothing
)

// MaxErrors is the share of failed calls above which an instance is not well.
const MaxErrors = 0.20

// window counts the calls of the last ten seconds and how many of them failed.
// It is safe for concurrent use.
type window struct {
	mu    sync.Mutex
	slots [windowSlots]slot
}

// slot is one stretch of the window.
type slot struct {
	number        int64 // which stretch of time it holds
	total, failed int
}

// add counts a call that ended now.
func (w *window) add(ok bool) {
	number := time.Now().UnixNano() / int64(windowSlot)
	w.mu.Lock()
	defer w.mu.Unlock()
	s := &w.slots[number%windowSlots]
	if s.number != number {
		*s = slot{number: number}
	}
	s.total++
	if !ok {
		s.failed++
	}
}

// count returns the calls of the window.
func (w *window) count() (total, failed int) {
	oldest := time.Now().UnixNano()/int64(windowSlot) - windowSlots
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.slots {
		if s.number > oldest {
			total += s.total
			failed += s.failed
		}
	}
	return total, failed
}

// failing says whether too large a share of the calls failed.
func (w *window) failing() bool {
	total, failed := w.count()
	return total >= minSamples && float64(failed) > MaxErrors*float64(total)
}
