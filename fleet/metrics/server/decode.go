package server

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/web"
)

// reply is what the API answers, without its data.
type reply struct {
	status    string
	errorType string
	said      string
	partial   bool // VictoriaMetrics: some of its nodes did not answer
	kind      string
	has       bool // data
	answer    metrics.Answer
}

// read takes an answer as it comes, one series at a time.
func read(s *web.Stream, q metrics.Question) (metrics.Answer, error) {
	if !s.Head.OK() {
		return metrics.Answer{}, refused(s, q)
	}
	r, first := reply{}, first{}
	if err := r.decode(json.NewDecoder(io.TeeReader(s, &first))); err != nil {
		return metrics.Answer{}, unreadable(s, first.bytes, err)
	}
	switch {
	case r.status == "error" || r.errorType != "":
		return metrics.Answer{}, r.failed(s.Head, q)
	case r.status != "success" || !r.has:
		return metrics.Answer{}, unreadable(s, first.bytes, errShape)
	}
	if r.partial {
		r.answer.Warnings = append(r.answer.Warnings, "the answer is partial: not all that the server knows of could be read")
	}
	return r.answer, nil
}

// first keeps the first bytes that are written to it.
type first struct{ bytes []byte }

func (f *first) Write(p []byte) (int, error) {
	f.bytes = append(f.bytes, p[:min(len(p), 512-len(f.bytes))]...)
	return len(p), nil
}

var (
	errShape = errors.New("it is shaped otherwise")
	errValue = errors.New("a value is no number")
)

// decode reads the object that every answer is. Keys may come in any order, and
// those that nobody knows are passed over.
func (r *reply) decode(d *json.Decoder) error {
	err := object(d, func(key string) error {
		switch key {
		case "status":
			return d.Decode(&r.status)
		case "errorType":
			return d.Decode(&r.errorType)
		case "error":
			return d.Decode(&r.said)
		case "warnings":
			return d.Decode(&r.answer.Warnings)
		case "infos":
			return d.Decode(&r.answer.Infos)
		case "isPartial":
			return d.Decode(&r.partial)
		case "data":
			return r.data(d)
		}
		return skip(d)
	})
	if err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return cmp.Or(err, errShape)
	}
	return nil
}

// data reads the kind of a result and the result. One that comes before its
// kind is held until that is known.
func (r *reply) data(d *json.Decoder) error {
	var early json.RawMessage
	err := object(d, func(key string) error {
		switch {
		case key == "resultType":
			return d.Decode(&r.kind)
		case key == "result" && r.kind != "":
			return r.result(d)
		case key == "result":
			return d.Decode(&early)
		}
		return skip(d) // stats, and what others add
	})
	if err == nil && early != nil && r.kind != "" {
		err = r.result(json.NewDecoder(bytes.NewReader(early)))
	}
	return err
}

func (r *reply) result(d *json.Decoder) error {
	if r.has {
		return errShape // twice
	}
	r.has = true
	r.answer.Kind = metrics.Kind(r.kind)
	switch r.answer.Kind {
	case metrics.Vector, metrics.Matrix:
		return list(d, func() error {
			var e element
			if err := d.Decode(&e); err != nil {
				return err
			}
			s, err := e.series()
			r.answer.Series = append(r.answer.Series, s)
			return err
		})
	case metrics.Scalar:
		var p point
		err := d.Decode(&p)
		r.answer.Series = []metrics.Series{{Points: []metrics.Point{metrics.Point(p)}}}
		return err
	case metrics.String:
		var pair [2]any
		err := d.Decode(&pair)
		text, ok := pair[1].(string)
		if err == nil && !ok {
			err = errShape
		}
		r.answer.Text = text
		return err
	}
	return fmt.Errorf("%w: its result is a %q", errShape, cut(r.kind))
}

// object reads an object, key by key.
func object(d *json.Decoder, each func(key string) error) error {
	if err := expect(d, '{'); err != nil {
		return err
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		if err := each(key.(string)); err != nil { // a key is nothing else
			return err
		}
	}
	return expect(d, '}')
}

// list reads a list, element by element; null is an empty one.
func list(d *json.Decoder, each func() error) error {
	start, err := d.Token()
	switch {
	case err != nil:
		return err
	case start == nil:
		return nil
	case start != json.Delim('['):
		return errShape
	}
	for d.More() {
		if err := each(); err != nil {
			return err
		}
	}
	return expect(d, ']')
}

func expect(d *json.Decoder, delim json.Delim) error {
	t, err := d.Token()
	if err == nil && t != delim {
		err = errShape
	}
	return err
}

// skip passes over a value.
func skip(d *json.Decoder) error {
	var v json.RawMessage
	return d.Decode(&v)
}

// element is one series of a vector or matrix.
type element struct {
	Metric     map[string]string `json:"metric"`
	Value      *point            `json:"value"`
	Values     points            `json:"values"`
	Histogram  *histogram        `json:"histogram"`
	Histograms []histogram       `json:"histograms"`
}

func (e *element) series() (metrics.Series, error) {
	s := metrics.Series{Labels: make(metrics.Labels, 0, len(e.Metric)), Points: e.Values}
	for name, value := range e.Metric {
		if value != "" {
			s.Labels = append(s.Labels, metrics.Label{Name: name, Value: value})
		}
	}
	slices.SortFunc(s.Labels, func(a, b metrics.Label) int { return strings.Compare(a.Name, b.Name) })
	if e.Value != nil {
		s.Points = []metrics.Point{metrics.Point(*e.Value)}
	}
	all := e.Histograms
	if e.Histogram != nil {
		all = []histogram{*e.Histogram}
	}
	for _, h := range all {
		s.Histograms = append(s.Histograms, metrics.HistogramPoint(h))
	}
	if len(s.Points)+len(s.Histograms) == 0 {
		return s, errShape
	}
	return s, nil
}

// point is [seconds, "value"].
type point metrics.Point

// UnmarshalJSON reads one.
func (p *point) UnmarshalJSON(text []byte) error {
	rest, err := p.take(text)
	if err == nil && len(rest) > 0 {
		err = errShape
	}
	return err
}

// take reads a point from the front of well-formed JSON. Values are looked at in
// place: a range has millions.
func (p *point) take(text []byte) (rest []byte, err error) {
	text, ok := bytes.CutPrefix(space(text), []byte("["))
	comma := bytes.IndexByte(text, ',')
	if !ok || comma < 0 {
		return nil, errShape
	}
	if p.T, err = millis(bytes.TrimSpace(text[:comma])); err != nil {
		return nil, err
	}
	text, ok = bytes.CutPrefix(space(text[comma+1:]), []byte(`"`))
	end := bytes.IndexByte(text, '"')
	if !ok || end < 0 {
		return nil, errShape
	}
	if p.V, err = number(string(text[:end])); err != nil {
		return nil, err
	}
	text, ok = bytes.CutPrefix(space(text[end+1:]), []byte("]"))
	if !ok {
		return nil, errShape
	}
	return space(text), nil
}

// points are a list of them.
type points []metrics.Point

// UnmarshalJSON reads a list.
func (ps *points) UnmarshalJSON(text []byte) error {
	if text = space(text); string(text) == "null" {
		return nil
	}
	rest, ok := bytes.CutPrefix(text, []byte("["))
	if !ok {
		return errShape
	}
	list := make(points, 0, bytes.Count(rest, []byte("]")))
	for rest = space(rest); !bytes.HasPrefix(rest, []byte("]")); {
		if len(list) > 0 {
			if rest, ok = bytes.CutPrefix(rest, []byte(",")); !ok {
				return errShape
			}
		}
		var p point
		var err error
		if rest, err = p.take(rest); err != nil {
			return err
		}
		list = append(list, metrics.Point(p))
	}
	*ps = list
	return nil
}

func space(text []byte) []byte { return bytes.TrimLeft(text, " \t\r\n") }

// histogram is [seconds, {"count", "sum", "buckets"}].
type histogram metrics.HistogramPoint

// UnmarshalJSON reads one.
func (h *histogram) UnmarshalJSON(text []byte) error {
	var body struct {
		Count   string   `json:"count"`
		Sum     string   `json:"sum"`
		Buckets []bucket `json:"buckets"`
	}
	var at json.Number
	pair := []any{&at, &body}
	err := json.Unmarshal(text, &pair)
	if err == nil && len(pair) != 2 {
		err = errShape
	}
	if err == nil {
		h.T, err = millis([]byte(at))
	}
	if err == nil {
		h.Count, err = number(body.Count)
	}
	if err == nil {
		h.Sum, err = number(body.Sum)
	}
	for _, b := range body.Buckets {
		h.Buckets = append(h.Buckets, metrics.Bucket(b))
	}
	return err
}

// bucket is [rule, "lower", "upper", "count"]. The rule says which of its bounds
// are part of it: 0 the upper, 1 the lower, 2 none, 3 both.
type bucket metrics.Bucket

// UnmarshalJSON reads one.
func (b *bucket) UnmarshalJSON(text []byte) error {
	var rule int
	var lower, upper, count string
	fields := []any{&rule, &lower, &upper, &count}
	err := json.Unmarshal(text, &fields)
	if err == nil && (len(fields) != 4 || rule < 0 || rule > 3) {
		err = errShape
	}
	b.LowerInclusive, b.UpperInclusive = rule == 1 || rule == 3, rule == 0 || rule == 3
	if err == nil {
		b.Lower, err = number(lower)
	}
	if err == nil {
		b.Upper, err = number(upper)
	}
	if err == nil {
		b.Count, err = number(count)
	}
	return err
}

// number reads a value, exactly: NaN, +Inf and -Inf are words of the API too.
func number(text string) (float64, error) {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, errValue
	}
	return v, nil
}

// millis reads a time in seconds.
func millis(text []byte) (int64, error) {
	v, err := strconv.ParseFloat(string(text), 64)
	ms := math.Round(v * 1000)
	if err != nil || math.IsNaN(ms) || math.Abs(ms) > 1<<62 {
		return 0, fmt.Errorf("%w: a time", errValue)
	}
	return int64(ms), nil
}
