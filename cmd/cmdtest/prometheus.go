package cmdtest

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/midwatch-cli/midwatch/fleet/document/measured"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/promql"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series"
)

// Prometheus is the URL of a server that answers as Prometheus does, over series
// that it is given.
func Prometheus(t *testing.T, over metrics.Querier) string {
	t.Helper()
	return "http://" + Handler(t, func(w http.ResponseWriter, r *http.Request) {
		q := metrics.Question{Expr: r.FormValue("query"), At: instant(r.FormValue("time"))}
		if step := r.FormValue("step"); step != "" {
			s, _ := strconv.ParseFloat(step, 64)
			q.Step = time.Duration(math.Round(s * float64(time.Second)))
			q.Start, q.End = instant(r.FormValue("start")), instant(r.FormValue("end"))
		}
		w.Header().Set("Content-Type", "application/json")
		a, err := over.Query(r.Context(), q)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			_ = json.NewEncoder(w).Encode(map[string]any{"status": "error", "errorType": "bad_data", "error": err.Error()})
			return
		}
		var result any = measured.Query(measured.Asked{Question: q, Answer: a}).Items
		if a.Kind == metrics.Scalar {
			p := a.Series[0].Points[0]
			result = []any{float64(p.T) / 1000, measured.Number(p.V)}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": map[string]any{"resultType": a.Kind, "result": result}})
	})
}

// instant reads seconds since 1970.
func instant(text string) time.Time {
	s, _ := strconv.ParseFloat(text, 64)
	return time.UnixMilli(int64(math.Round(s * 1000)))
}

// Sample is a value of a series at some time after the beginning of a test's
// world. Labels are pairs of names and values.
type Sample struct {
	After  time.Duration
	Name   string
	Labels []string
	V      float64
}

// Stored are samples in memory, in the order of their times, and who answers
// questions about them.
func Stored(start time.Time, samples []Sample) metrics.Querier {
	store := series.New(series.Options{Window: 24 * time.Hour})
	target := store.Target(nil)
	for i, s := range samples {
		at := start.Add(s.After).UnixMilli()
		if i == 0 || s.After != samples[i-1].After {
			target.Begin(at)
		}
		if id, ok := target.Series(labels.FromStrings(append(append([]string{}, s.Labels...), metrics.LabelName, s.Name)...)); ok {
			target.Append(id, at, s.V)
		}
		if i+1 == len(samples) || samples[i+1].After != s.After {
			target.Finish()
		}
	}
	return promql.New(store, 0)
}
