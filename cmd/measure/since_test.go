package measure

import (
	"testing"
	"time"
)

// TestSinceHoldsTheFirstMillisecond: a sample of the millisecond in which the
// first pass began is after the beginning of the time, wherever in a millisecond
// the two ends are: samples have whole ones, and who asks cuts off the rest.
func TestSinceHoldsTheFirstMillisecond(t *testing.T) {
	const began = 1_795_918_038_394
	for from := range 10 {
		for to := range 10 {
			start := time.UnixMilli(began).Add(time.Duration(from) * 100 * time.Microsecond)
			end := time.UnixMilli(began + 370).Add(time.Duration(to) * 100 * time.Microsecond)
			r := Reading{At: end, start: start}
			if after := r.At.UnixMilli() - r.Since().Milliseconds(); after >= began {
				t.Errorf("from .%d to .%d: after %d, the sample is of %d", from, to, after, int64(began))
			}
		}
	}
}
