// Package figure is how recordings write times, durations and numbers: so that
// they are read back as the same, whatever they are.
package figure

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Moment is a time: RFC 3339 in UTC, to the nanosecond. A year that RFC 3339
// has no room for, as a far side may claim, is written in Unix seconds behind
// an @.
type Moment time.Time

// MomentOf leaves out where the clock hangs and how it was wound: both are of
// this process.
func MomentOf(t time.Time) Moment { return Moment(t.Round(0).UTC()) }

// Time is the time.
func (m Moment) Time() time.Time { return time.Time(m) }

// IsZero says that there is no such time, so that it is left out.
func (m Moment) IsZero() bool { return time.Time(m).IsZero() }

// MarshalJSON never fails.
func (m Moment) MarshalJSON() ([]byte, error) {
	t := time.Time(m).UTC()
	b := append(make([]byte, 0, len(time.RFC3339Nano)+2), '"')
	if y := t.Year(); y < 0 || y > 9999 {
		b = append(b, '@')
		b = strconv.AppendInt(b, t.Unix(), 10)
		b = append(b, fmt.Sprintf(".%09d", t.Nanosecond())...)
	} else {
		b = t.AppendFormat(b, time.RFC3339Nano)
	}
	return append(b, '"'), nil
}

// UnmarshalJSON reads both forms.
func (m *Moment) UnmarshalJSON(data []byte) error {
	text := strings.Trim(string(data), `"`)
	if unix, far := strings.CutPrefix(text, "@"); far {
		whole, part, _ := strings.Cut(unix, ".")
		sec, err := strconv.ParseInt(whole, 10, 64)
		nsec, err2 := strconv.ParseUint(part, 10, 30)
		if err != nil || err2 != nil || len(part) != 9 {
			return fmt.Errorf("%s is no time", data)
		}
		*m = Moment(time.Unix(sec, int64(nsec)).UTC())
		return nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return fmt.Errorf("%s is no time", data)
	}
	*m = Moment(t.UTC())
	return nil
}

// Seconds is a duration as a number of seconds, exact to the nanosecond.
type Seconds time.Duration

// Duration is the duration.
func (s Seconds) Duration() time.Duration { return time.Duration(s) }

// MarshalJSON writes the decimal fraction that it is.
func (s Seconds) MarshalJSON() ([]byte, error) {
	b := make([]byte, 0, 24)
	n := uint64(s)
	if s < 0 {
		b, n = append(b, '-'), -n
	}
	b = strconv.AppendUint(b, n/uint64(time.Second), 10)
	if n %= uint64(time.Second); n == 0 {
		return b, nil
	}
	b = append(b, ".000000000"...)
	for at := len(b) - 1; n > 0; at-- {
		b[at] = byte('0' + n%10)
		n /= 10
	}
	return bytes.TrimRight(b, "0"), nil
}

// UnmarshalJSON reads it back without a detour over a float.
func (s *Seconds) UnmarshalJSON(data []byte) error {
	text := string(data)
	positive, negative := strings.CutPrefix(text, "-")
	whole, part, _ := strings.Cut(positive, ".")
	n, err := strconv.ParseUint(whole, 10, 64)
	bad := fmt.Errorf("%s is no number of seconds", data)
	if err != nil || len(part) > 9 || n > math.MaxInt64/uint64(time.Second)+1 {
		return bad
	}
	n *= uint64(time.Second)
	if part != "" {
		nsec, err := strconv.ParseUint(part+"000000000"[len(part):], 10, 64)
		if err != nil {
			return bad
		}
		n += nsec
	}
	switch {
	case negative && n <= 1<<63:
		*s = Seconds(-n)
	case !negative && n <= math.MaxInt64:
		*s = Seconds(n)
	default:
		return bad
	}
	return nil
}

// Number is a float that may be none of JSON's: those are texts, as Prometheus
// writes them.
type Number float64

// MarshalJSON writes the shortest form that is read back as the same.
func (n Number) MarshalJSON() ([]byte, error) {
	return AppendNumber(make([]byte, 0, 24), float64(n)), nil
}

// AppendNumber appends the text of a Number.
func AppendNumber(b []byte, v float64) []byte {
	switch {
	case math.IsNaN(v):
		return append(b, `"NaN"`...)
	case math.IsInf(v, 1):
		return append(b, `"+Inf"`...)
	case math.IsInf(v, -1):
		return append(b, `"-Inf"`...)
	}
	return strconv.AppendFloat(b, v, 'g', -1, 64)
}

// UnmarshalJSON reads both forms.
func (n *Number) UnmarshalJSON(data []byte) error {
	v, err := strconv.ParseFloat(strings.Trim(string(data), `"`), 64)
	if err != nil || !json.Valid(data) {
		return fmt.Errorf("%s is no number", data)
	}
	*n = Number(v)
	return nil
}

// RateOf is a share that nobody may have given, which is NaN.
func RateOf(v float64) *Number {
	if math.IsNaN(v) {
		return nil
	}
	n := Number(v)
	return &n
}

// Rate is the share; NaN of none.
func (n *Number) Rate() float64 {
	if n == nil {
		return math.NaN()
	}
	return float64(*n)
}
