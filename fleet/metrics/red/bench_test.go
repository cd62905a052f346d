package red_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red"
)

// BenchmarkCompute is a minute of scrapes of so many instances.
func BenchmarkCompute(b *testing.B) {
	page := readPage(b, "wire/go-client.prom")
	for _, n := range []int{1, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			m := newMemory()
			for i := range n {
				target := metrics.NewLabels("service", fmt.Sprint("s", i%50), "instance", fmt.Sprint(i))
				for at := range 12 {
					m.scrape(page, target, began.Add(time.Duration(at)*5*time.Second), float64(1+at))
				}
			}
			m.fill()
			o := red.Options{At: began.Add(time.Minute), Window: time.Minute}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := red.Compute(b.Context(), m, o); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(n), "µs/instance")
		})
	}
}
