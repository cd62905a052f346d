package promql

import (
	"time"

	"github.com/prometheus/prometheus/storage"
)

// NewBounded is New with other bounds; 0 leaves one as it is.
func NewBounded(over storage.Queryable, samples int, timeout time.Duration) *Engine {
	o := Options(0)
	if samples > 0 {
		o.MaxSamples = samples
	}
	if timeout > 0 {
		o.Timeout = timeout
	}
	return newEngine(over, o)
}
