package measured

import (
	"math"
	"strconv"

	"github.com/midwatch-cli/midwatch/fleet/document"
	"github.com/midwatch-cli/midwatch/fleet/document/jsontext"
	"github.com/midwatch-cli/midwatch/fleet/document/value"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
)

// Found is one element of a result, as Prometheus' HTTP API has it: a set of
// labels with value and histogram of an instant, or values and histograms of a
// range. Of those it has only what there is.
type Found struct {
	series *metrics.Series
	ranged bool
	text   *string // of a string, in the place of a number
}

// found makes the items of an answer.
func found(a *metrics.Answer, q *metrics.Question) document.Items[Found] {
	if a.Kind == metrics.String {
		one := metrics.Series{Points: []metrics.Point{{T: q.At.UnixMilli()}}}
		return value.ItemsOf([]Found{{series: &one, text: &a.Text}})
	}
	return value.ItemsFrom(func(yield func(Found) bool) {
		for i := range a.Series {
			if !yield(Found{series: &a.Series[i], ranged: a.Kind == metrics.Matrix}) {
				return
			}
		}
	})
}

// MarshalJSON is described at AppendJSON.
func (f Found) MarshalJSON() ([]byte, error) { return f.AppendJSON(nil), nil }

// AppendJSON writes the element: numbers as text, so that NaN and infinities
// have a place, times as seconds.
func (f *Found) AppendJSON(b []byte) []byte {
	if f.series == nil {
		return append(b, `{"metric":{}}`...)
	}
	b = append(b, `{"metric":{`...)
	for i, l := range f.series.Labels {
		if i > 0 {
			b = append(b, ',')
		}
		b = jsontext.Text(append(jsontext.Text(b, l.Name), ':'), l.Value)
	}
	b = append(b, '}')
	if f.ranged {
		b = many(b, `,"values":[`, f.series.Points, appendPoint)
		b = many(b, `,"histograms":[`, f.series.Histograms, appendHistogram)
		return append(b, '}')
	}
	if f.text != nil {
		b = appendTime(append(b, `,"value":[`...), f.series.Points[0].T)
		return append(jsontext.Text(append(b, ','), *f.text), "]}"...)
	}
	if n := len(f.series.Points); n > 0 {
		b = appendPoint(append(b, `,"value":`...), &f.series.Points[n-1])
	}
	if n := len(f.series.Histograms); n > 0 {
		b = appendHistogram(append(b, `,"histogram":`...), &f.series.Histograms[n-1])
	}
	return append(b, '}')
}

// many is a list under its name; nothing where it is empty.
func many[T any](b []byte, name string, list []T, one func([]byte, *T) []byte) []byte {
	if len(list) == 0 {
		return b
	}
	b = append(b, name...)
	for i := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = one(b, &list[i])
	}
	return append(b, ']')
}

func appendPoint(b []byte, p *metrics.Point) []byte {
	b = append(appendTime(append(b, '['), p.T), ',')
	return append(appendNumber(b, p.V), ']')
}

// appendTime writes milliseconds as seconds, with a fraction only where there is
// one.
func appendTime(b []byte, t int64) []byte {
	if t < 0 {
		b, t = append(b, '-'), -t
	}
	b = strconv.AppendInt(b, t/1000, 10)
	if rest := t % 1000; rest != 0 {
		b = append(b, '.', byte('0'+rest/100), byte('0'+rest/10%10), byte('0'+rest%10))
	}
	return b
}

// appendNumber writes a number as Prometheus does, in quotes.
func appendNumber(b []byte, v float64) []byte {
	return append(strconv.AppendFloat(append(b, '"'), v, numberForm(v), -1, 64), '"')
}

func numberForm(v float64) byte {
	if abs := math.Abs(v); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		return 'e'
	}
	return 'f'
}

// Number is a value as Prometheus writes it.
func Number(v float64) string { return strconv.FormatFloat(v, numberForm(v), -1, 64) }

func appendHistogram(b []byte, h *metrics.HistogramPoint) []byte {
	b = appendTime(append(b, '['), h.T)
	b = appendNumber(append(b, `,{"count":`...), h.Count)
	b = appendNumber(append(b, `,"sum":`...), h.Sum)
	b = many(b, `,"buckets":[`, h.Buckets, appendBucket)
	return append(b, "}]"...)
}

// appendBucket writes which of its bounds belong to a bucket (0 the upper, 1 the
// lower, 2 none, 3 both), the bounds, and what is in it.
func appendBucket(b []byte, k *metrics.Bucket) []byte {
	which := byte('2')
	switch {
	case k.LowerInclusive && k.UpperInclusive:
		which = '3'
	case k.LowerInclusive:
		which = '1'
	case k.UpperInclusive:
		which = '0'
	}
	b = append(b, '[', which)
	for _, v := range []float64{k.Lower, k.Upper, k.Count} {
		b = appendNumber(append(b, ','), v)
	}
	return append(b, ']')
}

// JSONSchema is that of an element of a result.
func (Found) JSONSchema() map[string]any {
	text := map[string]any{"type": "string"}
	pair := func(of any, doc string) map[string]any {
		return map[string]any{"type": "array", "items": map[string]any{"type": []any{"number", of}}, "description": doc}
	}
	list := func(of any, doc string) map[string]any {
		return map[string]any{"type": "array", "items": pair(of, ""), "description": doc}
	}
	return map[string]any{
		"type": "object", "required": []any{"metric"},
		"properties": map[string]any{
			"metric":     map[string]any{"type": "object", "additionalProperties": text, "description": "the labels; __name__ is the metric's name"},
			"value":      pair("string", "of an instant: seconds since 1970, and the number as text"),
			"values":     list("string", "of a range: such pairs"),
			"histogram":  pair("object", "of an instant, a native histogram: seconds, and count, sum and buckets"),
			"histograms": list("object", "of a range: such pairs"),
		},
	}
}
