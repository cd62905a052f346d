package figure

import (
	"encoding/json"
	"math"
	"testing"
	"time"
)

func TestMoments(t *testing.T) {
	for _, tt := range []struct {
		at   time.Time
		text string
	}{
		{time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.UTC), `"2026-01-02T03:04:05.678Z"`},
		{time.Date(2026, 1, 2, 3, 4, 5, 1, time.FixedZone("CET", 3600)), `"2026-01-02T02:04:05.000000001Z"`},
		{time.Unix(0, 0), `"1970-01-01T00:00:00Z"`},
		{time.Date(12026, 1, 2, 3, 4, 5, 6, time.UTC), `"@317336843045.000000006"`}, // as a certificate may claim
		{time.Date(-3, 1, 1, 0, 0, 0, 7, time.UTC), `"@-62261827200.000000007"`},
	} {
		text, err := json.Marshal(MomentOf(tt.at))
		if err != nil || string(text) != tt.text {
			t.Errorf("%v: %s, %v; want %s", tt.at, text, err, tt.text)
		}
		var m Moment
		if err := json.Unmarshal(text, &m); err != nil || !m.Time().Equal(tt.at) || m.Time().Location() != time.UTC {
			t.Errorf("%s: %v, %v", text, m.Time(), err)
		}
	}
	for _, bad := range []string{`"yesterday"`, `5`, `""`, `"@"`, `"@5"`, `"@5.1"`, `"@x.000000001"`, `"@5.00000000x"`, `"2026-13-01T00:00:00Z"`} {
		if err := json.Unmarshal([]byte(bad), new(Moment)); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

func TestSeconds(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0", 1: "0.000000001", time.Second: "1", 1500 * time.Millisecond: "1.5", -time.Millisecond: "-0.001",
		math.MaxInt64: "9223372036.854775807", math.MinInt64: "-9223372036.854775808", 90*time.Minute + 1: "5400.000000001",
	} {
		text, err := json.Marshal(Seconds(d))
		if err != nil || string(text) != want {
			t.Errorf("%v: %s, %v; want %s", d, text, err, want)
		}
		var s Seconds
		if err := json.Unmarshal(text, &s); err != nil || s.Duration() != d {
			t.Errorf("%s: %v, %v; want %v", text, s.Duration(), err, d)
		}
	}
	for _, bad := range []string{`"1"`, `1e3`, `9223372036.854775808`, `-9223372036.854775809`, `9999999999999999999999`, `0.0000000001`, `true`, `{}`} {
		if err := json.Unmarshal([]byte(bad), new(Seconds)); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

func TestNumbers(t *testing.T) {
	for _, v := range []float64{0, math.Copysign(0, -1), 1.5, 1e300, math.SmallestNonzeroFloat64, math.Inf(1), math.Inf(-1), math.NaN(), 0.1} {
		text, err := json.Marshal(Number(v))
		if err != nil {
			t.Fatal(err)
		}
		var n Number
		if err := json.Unmarshal(text, &n); err != nil || math.Float64bits(float64(n)) != math.Float64bits(v) {
			t.Errorf("%v: %s, back %v, %v", v, text, n, err)
		}
	}
	for _, bad := range []string{`"much"`, `true`, `[]`, `""`} {
		if err := json.Unmarshal([]byte(bad), new(Number)); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}
