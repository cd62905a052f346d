package scrape

import (
	"context"
	"math"
	"net/http"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/midwatch-cli/midwatch/fleet/metrics/scrape/exposition"
)

// Label is one label of a sample.
type Label struct{ Name, Value string }

// Sample is one value of a page.
type Sample struct {
	Name   string
	Labels []Label // by name; without the sample's own
	Value  float64
	At     time.Time // as the page says it; zero where it does not, as most
}

// Label returns the value of a label; empty where there is none.
func (s *Sample) Label(name string) string {
	for _, l := range s.Labels {
		if l.Name == name {
			return l.Value
		}
	}
	return ""
}

// Page is a page that was read whole.
type Page struct {
	Samples []Sample      // in the page's order; native histograms are left out
	At      time.Time     // when the answer had come
	Took    time.Duration // from the question to that
}

// Get asks for a page. Its errors are *fleet.Error with a reason; what of a
// page could be read is not returned beside one. The client sends what proves
// who we are, and ctx has the deadline.
func Get(ctx context.Context, client *http.Client, url string) (Page, error) {
	var a Asker
	answer, err := a.Ask(ctx, client, url, false)
	if err != nil {
		return Page{}, err
	}
	defer answer.Release()
	samples, err := Read(answer.Body, answer.Type)
	if err != nil {
		return Page{}, answer.Wrong(err)
	}
	return Page{samples, answer.At, answer.Took}, nil
}

// noTime stands for the time of a sample that has none of its own.
const noTime = math.MinInt64

// Read reads a page of the media type as it was sent. Its errors are those of
// Decoder.Decode, and that it has more series than are kept.
func Read(page []byte, kind string) ([]Sample, error) {
	var d exposition.Decoder
	var s samples
	report, err := d.Decode(page, kind, noTime, &s)
	switch {
	case err != nil:
		return nil, err
	case report.Beyond > 0:
		return nil, refused("it has more than %d series", exposition.MaxSeries)
	}
	return s.kept, nil
}

// samples keeps what it is visited with.
type samples struct {
	series []Sample // by id
	kept   []Sample
}

func (s *samples) New(l labels.Labels) (uint32, bool) {
	series := Sample{Labels: make([]Label, 0, max(l.Len()-1, 0))}
	l.Range(func(l labels.Label) {
		if l.Name == model.MetricNameLabel {
			series.Name = l.Value
		} else {
			series.Labels = append(series.Labels, Label{l.Name, l.Value})
		}
	})
	s.series = append(s.series, series)
	return uint32(len(s.series) - 1), true
}

func (s *samples) Value(id uint32, at int64, v float64) {
	sample := s.series[id]
	if sample.Value = v; at != noTime {
		sample.At = time.UnixMilli(at).UTC()
	}
	s.kept = append(s.kept, sample)
}

func (s *samples) Histogram(uint32, int64, *histogram.FloatHistogram) {}
