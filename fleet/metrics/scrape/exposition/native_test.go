package exposition_test

import (
	"encoding/binary"
	"strings"
	"testing"

	dto "github.com/prometheus/prometheus/prompb/io/prometheus/client"

	"github.com/midwatch-cli/midwatch/fleet/metrics/scrape/exposition"
)

// delimited writes families as a page in protobuf.
func delimited(t *testing.T, families ...*dto.MetricFamily) []byte {
	t.Helper()
	var page []byte
	for _, f := range families {
		data, err := f.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		page = append(binary.AppendUvarint(page, uint64(len(data))), data...)
	}
	return page
}

func native(label string, length uint32, deltas ...int64) dto.Metric {
	h := &dto.Histogram{SampleCount: 3, SampleSum: 1.5, Schema: 1, ZeroThreshold: 1e-9, PositiveSpan: []dto.BucketSpan{{Offset: 1, Length: length}}, PositiveDelta: deltas}
	return dto.Metric{Label: []dto.LabelPair{{Name: "i", Value: label}}, Histogram: h}
}

// TestNativeHistograms: they come as they are, and what cannot be one refuses its
// page: also where the parser would break on it.
func TestNativeHistograms(t *testing.T) {
	family := func(m ...dto.Metric) *dto.MetricFamily {
		return &dto.MetricFamily{Name: "h", Type: dto.MetricType_HISTOGRAM, Metric: m}
	}
	for name, c := range map[string]struct {
		page []byte
		want string
	}{
		"two": {delimited(t, family(native("1", 2, 1, 1), native("2", 1, 3))), "protobuf: 2 kept"},
		"classic beside native": {delimited(t, family(func() dto.Metric {
			m := native("1", 2, 1, 1)
			m.Histogram.Bucket = []dto.Bucket{{CumulativeCount: 3, UpperBound: 1}}
			return m
		}())), "protobuf: 5 kept"},
		"with floats":               {delimited(t, family(dto.Metric{Histogram: &dto.Histogram{SampleCountFloat: 2.5, Schema: 1, ZeroThreshold: 1e-9, PositiveSpan: []dto.BucketSpan{{Length: 1}}, PositiveCount: []float64{2.5}}})), "protobuf: 1 kept"},
		"too few buckets":           {delimited(t, family(native("1", 5, 1))), "refused, body: after 0 samples: histogram \"h\": positive side: spans require 5 buckets, have 1"},
		"too few, in the second":    {delimited(t, family(native("1", 1, 3), native("2", 5, 1))), "refused, body: "},
		"counts that do not add up": {delimited(t, family(native("1", 1, 30))), "refused, body: h{i=\"1\"}: "},
		"below nothing":             {delimited(t, family(native("1", 2, 3, -5))), "refused, body: h{i=\"1\"}: "},
		"no such schema": {delimited(t, family(func() dto.Metric {
			m := native("1", 1, 3)
			m.Histogram.Schema = 99
			return m
		}())), "refused, body: "},
		"twice the same": {delimited(t, family(native("1", 1, 3), native("1", 1, 3))), "protobuf: 1 kept, 1 dropped\n    1 dropped, of a series that the page has already: h{i=\"1\"}"},
		"no length":      {[]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, "refused, body: after 0 samples: clientpb: invalid varint"},
		"nothing":        {nil, "protobuf: 0 kept\n    it holds no samples"},
	} {
		t.Run(name, func(t *testing.T) {
			var d exposition.Decoder
			v := &book{}
			for range 2 {
				report, err := d.Decode(c.page, typeOf(".pb"), 0, v)
				if got := said(report, err); !strings.HasPrefix(got, c.want) || strings.HasPrefix(c.want, "protobuf") && got != c.want || len(v.unhappy) > 0 {
					t.Errorf("%s\nwant\n%s\n%v", got, c.want, v.unhappy)
				}
			}
		})
	}
}
