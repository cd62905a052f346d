package query_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql/parser"
	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/promql"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// now is the moment of snapshots in tests.
var now = time.Unix(1000, 0)

// data answers over series that a test wrote down.
type data struct {
	metrics.Querier
	asked atomic.Int32
	err   error // instead of any answer
}

// Query counts, and asks the engine.
func (d *data) Query(ctx context.Context, q metrics.Question) (metrics.Answer, error) {
	d.asked.Add(1)
	if d.err != nil {
		return metrics.Answer{}, d.err
	}
	return d.Querier.Query(ctx, q)
}

// over reads lines such as `up{service="a"} 0 1 1`: values 15 s apart, the last one
// at the moment that is asked about.
func over(t testing.TB, lines ...string) *data {
	t.Helper()
	store := series.New(series.Options{})
	target := store.Target(nil)
	most := 0
	values := make([][]parser.SequenceValue, len(lines))
	ids := make([]series.ID, len(lines))
	for i, line := range lines {
		l, v, err := parser.NewParser(parser.Options{}).ParseSeriesDesc(line)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		ids[i], _ = target.Series(l)
		values[i], most = v, max(most, len(v))
	}
	for step := range most {
		at := now.Add(time.Duration(step+1-most) * 15 * time.Second).UnixMilli()
		target.Begin(at)
		for i, v := range values {
			if k := step - most + len(v); k >= 0 && !v[k].Omitted {
				target.Append(ids[i], at, v[k].Value)
			}
		}
		target.Commit()
	}
	return &data{Querier: promql.New(store, 0)}
}

// snap is a snapshot made of lines such as "payment up down".
func snap(lines ...string) *fleet.Snapshot {
	s := &fleet.Snapshot{At: now}
	for _, line := range lines {
		words := strings.Fields(line)
		v := fleet.ServiceView{Ref: fleet.Ref{Source: "memory", Name: words[0]}}
		for i, word := range words[1:] {
			st, err := fleet.ParseStatus(word)
			if err != nil {
				panic(err)
			}
			id := fmt.Sprintf("%s-%d", words[0], i+1)
			v.Instances = append(v.Instances, fleet.InstanceView{Key: fleet.Key{Ref: v.Ref, Instance: id}, Instance: fleet.Instance{ID: id}, Status: st, Why: fleet.Why{Detail: word}})
		}
		s.Services = append(s.Services, v)
	}
	return s
}

// only matches the service of a name.
func only(name string) func(fleet.Ref) bool {
	return func(r fleet.Ref) bool { return r.Name == name }
}
