package pages_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series/plain"
	"github.com/midwatch-cli/midwatch/fleet/record"
	"github.com/midwatch-cli/midwatch/fleet/record/line"
	"github.com/midwatch-cli/midwatch/fleet/record/pages"
)

// BenchmarkWrite records pages of a thousand instances with a hundred series
// each, of which every third changes: what a pass takes, and what it adds to the
// file.
func BenchmarkWrite(b *testing.B) {
	const instances, each = 1000, 100
	rng := rand.New(rand.NewPCG(1, 1))
	store := series.New(series.Options{Window: 90 * time.Second})
	to, err := record.Create(filepath.Join(b.TempDir(), "a"+record.Extension), line.Header{Contexts: []string{""}}, false)
	if err != nil {
		b.Fatal(err)
	}
	out := pages.From(store, to)
	targets := make([]*series.Target, instances)
	ids := make([]series.ID, each)
	values := make([][each]float64, instances)
	for i := range targets {
		targets[i] = store.Target(metrics.NewLabels("source", "etcd", "service", fmt.Sprint("service-", i/5), "instance", fmt.Sprint("i-", i), "zone", "a", "version", "2.4.1"))
		for j := range each {
			ids[j], _ = targets[i].Series(plain.Set(metrics.NewLabels("__name__", "http_server_requests_seconds_bucket", "uri", fmt.Sprint("/api/", j/10), "le", fmt.Sprint(j%10))))
			values[i][j] = float64(rng.IntN(1e6))
		}
	}
	now, passes := start, 0
	pass := func() {
		now, passes = now.Add(5*time.Second), passes+1
		for i, t := range targets {
			at := now.UnixMilli() - int64(rng.IntN(300))
			t.Begin(at)
			for j, id := range ids {
				if j%3 == 0 {
					values[i][j] += float64(rng.IntN(40))
				}
				t.Append(id, at, values[i][j])
			}
			t.Finish()
		}
	}
	write := func() {
		out.Write("")
		if err := to.Pass(record.Pass{Snapshot: &fleet.Snapshot{Seq: uint64(passes), At: now}}); err != nil {
			b.Fatal(err)
		}
	}
	for range 20 {
		pass()
		write()
	}
	size, before := to.Size(), passes
	for b.Loop() {
		b.StopTimer()
		pass()
		b.StartTimer()
		write()
	}
	b.ReportMetric(float64(to.Size()-size)/float64(passes-before), "B/pass")
	if err := to.Close(now, ""); err != nil {
		b.Fatal(err)
	}
}
