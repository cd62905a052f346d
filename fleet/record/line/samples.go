package line

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/record/line/figure"
	"github.com/midwatch-cli/midwatch/probe/health/rawjson"
)

// Series are label sets of one target, numbered one after the other. Each is
// written once.
type Series struct {
	First  uint64           // number of the first of them
	Target metrics.Labels   // that each of them has: of whose page they are
	Labels []metrics.Labels // without those
}

// Append appends the line, without its end.
func (s *Series) Append(b []byte) []byte {
	b = appendJSON(b, Head{Kind: KindSeries, Count: len(s.Labels)})
	b = append(b[:len(b)-1], `,"first":`...)
	b = strconv.AppendUint(b, s.First, 10)
	b = appendLabels(append(b, `,"target":`...), s.Target)
	b = append(b, `,"series":[`...)
	for i, labels := range s.Labels {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendLabels(b, labels)
	}
	return append(b, "]}"...)
}

func appendLabels(b []byte, labels metrics.Labels) []byte {
	b = append(b, '{')
	for i, l := range labels {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendJSON(b, l.Name), ':')
		b = appendJSON(b, l.Value)
	}
	return append(b, '}')
}

func labelsOf(pairs map[string]string) metrics.Labels {
	labels := make(metrics.Labels, 0, len(pairs))
	for name, value := range pairs {
		labels = append(labels, metrics.Label{Name: name, Value: value})
	}
	slices.SortFunc(labels, func(a, b metrics.Label) int { return strings.Compare(a.Name, b.Name) })
	return labels
}

// DecodeSeries reads it.
func DecodeSeries(data []byte) (Series, error) {
	var s struct {
		Count  int                 `json:"count"`
		First  uint64              `json:"first"`
		Target map[string]string   `json:"target"`
		Series []map[string]string `json:"series"`
	}
	if err := json.Unmarshal(data, &s); err != nil {
		return Series{}, fault(err)
	}
	if s.Count != len(s.Series) {
		return Series{}, fmt.Errorf("it says that there are %d series, and holds %d", s.Count, len(s.Series))
	}
	out := Series{First: s.First, Target: labelsOf(s.Target), Labels: make([]metrics.Labels, len(s.Series))}
	for i, pairs := range s.Series {
		out.Labels[i] = labelsOf(pairs)
	}
	return out, nil
}

// Samples are values of series at one time: that of their page, or one of their
// own.
type Samples struct {
	T          int64 // Unix milliseconds
	Own        bool  // the page they were on has another time; it is that of the next samples of their target
	Points     []Sample
	Histograms []Histogram
}

// Count is how many there are.
func (s *Samples) Count() int { return len(s.Points) + len(s.Histograms) }

// Sample is the value of one series.
type Sample struct {
	Series uint64
	V      float64 // a NaN of any kind is kept as it is where it is Stale, else as any NaN
}

// Stale is the value that ends a series, as Prometheus has it: a NaN that is
// told from others by its bits.
func Stale() float64 { return math.Float64frombits(staleBits) }

const staleBits = 0x7ff0000000000002

// Values turns samples into lines and back. It remembers the last value of each
// series, which is not written again: most of a page is as it was. The zero one
// remembers nothing; both sides forget at the same lines.
type Values struct {
	last map[uint64]uint64 // bits
}

// Forget forgets all values: the next line has them whole.
func (v *Values) Forget() { v.last = nil }

// Append appends the line, without its end: values in runs of series whose
// numbers follow each other, each run after the number of its first, null where
// a value is as it was.
func (v *Values) Append(b []byte, s *Samples) []byte {
	if v.last == nil {
		v.last = make(map[uint64]uint64, len(s.Points))
	}
	b = appendJSON(b, Head{Kind: KindSamples, At: figure.MomentOf(time.UnixMilli(s.T)), Count: s.Count()})
	b = b[:len(b)-1]
	if s.Own {
		b = append(b, `,"own":true`...)
	}
	b = append(b, `,"runs":[`...)
	for i, p := range s.Points {
		switch {
		case i == 0:
			b = strconv.AppendUint(append(b, '['), p.Series, 10)
		case p.Series != s.Points[i-1].Series+1:
			b = strconv.AppendUint(append(b, "],["...), p.Series, 10)
		}
		b = append(b, ',')
		bits := math.Float64bits(p.V)
		if math.IsNaN(p.V) && bits != staleBits {
			bits = math.Float64bits(math.NaN())
		}
		if was, known := v.last[p.Series]; known && was == bits {
			b = append(b, "null"...)
			continue
		}
		v.last[p.Series] = bits
		if bits == staleBits {
			b = append(b, `"stale"`...)
			continue
		}
		b = figure.AppendNumber(b, p.V)
	}
	if len(s.Points) > 0 {
		b = append(b, ']')
	}
	b = append(b, ']')
	if len(s.Histograms) > 0 {
		b = appendJSON(append(b, `,"histograms":`...), each(s.Histograms, histogramOf))
	}
	return append(b, '}')
}

// Decode reads it. Series with a number of known or more are not there yet, and
// the line is wrong.
func (v *Values) Decode(data []byte, known uint64) (Samples, error) {
	text, ok := rawjson.Parse(data)
	if !ok {
		return Samples{}, fault(json.Unmarshal(data, new(json.RawMessage)))
	}
	if v.last == nil {
		v.last = map[uint64]uint64{}
	}
	line, _ := text.Object()
	var at figure.Moment
	if err := at.UnmarshalJSON([]byte(line.Get("at"))); err != nil {
		return Samples{}, err
	}
	out := Samples{T: at.Time().UnixMilli(), Own: line.Get("own") == "true"}
	runs, ok := line.Get("runs").Array()
	if !ok {
		return out, errors.New("samples without runs")
	}
	for _, run := range runs {
		values, _ := run.Array()
		if len(values) < 2 {
			return out, fmt.Errorf("%.40q is no run of samples", string(run))
		}
		first, err := strconv.ParseUint(string(values[0]), 10, 64)
		if n := uint64(len(values) - 1); err != nil || first >= known || n > known-first {
			return out, fmt.Errorf("series %.40q and %d more: there are %d", string(values[0]), len(values)-2, known)
		}
		for i, value := range values[1:] {
			p, err := v.sample(first+uint64(i), value)
			if err != nil {
				return out, err
			}
			out.Points = append(out.Points, p)
		}
	}
	var err error
	if out.Histograms, err = decodeHistograms(line.Get("histograms"), known); err != nil {
		return out, err
	}
	if count, _ := strconv.Atoi(string(line.Get("count"))); count != out.Count() {
		return out, fmt.Errorf("it says that there are %d samples, and holds %d", count, out.Count())
	}
	return out, nil
}

func (v *Values) sample(series uint64, text rawjson.Value) (Sample, error) {
	var bits uint64
	switch text {
	case "null":
		var known bool
		if bits, known = v.last[series]; !known {
			return Sample{}, fmt.Errorf("series %d is said to be as it was, and was not there", series)
		}
	case `"stale"`:
		bits = staleBits
	default:
		var n figure.Number
		if err := n.UnmarshalJSON([]byte(text)); err != nil {
			return Sample{}, err
		}
		bits = math.Float64bits(float64(n))
	}
	v.last[series] = bits
	return Sample{series, math.Float64frombits(bits)}, nil
}
