package plain

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Duration is a duration for people: 0.2 ms, 210 ms, 2 s, 1 m 12 s, 3 h 5 m, 4 d.
func Duration(d time.Duration) string {
	switch {
	case d < 0:
		return "-" + Duration(-max(d, -math.MaxInt64)) // the least one has no counterpart
	case d < time.Millisecond && d != 0:
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	case d.Round(time.Millisecond) < time.Second && d != 0:
		return fmt.Sprintf("%d ms", d.Round(time.Millisecond)/time.Millisecond)
	case d < 10*time.Second:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", d.Seconds()), ".0") + " s"
	}
	d = d.Round(time.Second)
	for _, u := range []struct {
		below, big time.Duration
		names      [2]string
		small      time.Duration
	}{
		{time.Minute, time.Second, [2]string{" s", ""}, 0},
		{time.Hour, time.Minute, [2]string{" m", " s"}, time.Second},
		{24 * time.Hour, time.Hour, [2]string{" h", " m"}, time.Minute},
	} {
		if d >= u.below {
			continue
		}
		s := fmt.Sprint(int64(d/u.big), u.names[0])
		if rest := d % u.big; u.small > 0 && rest >= u.small {
			s += fmt.Sprint(" ", int64(rest/u.small), u.names[1])
		}
		return s
	}
	return fmt.Sprint(int64(d/(24*time.Hour)), " d")
}
