package breakers_test

import (
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/page/breakers"
	"github.com/midwatch-cli/midwatch/tui/page/pagetest"
	"github.com/midwatch-cli/midwatch/tui/theme"
)

// evening is thirty passes of five instances: one opens, half opens and closes, is
// then held open, while another opens.
func evening() (passes [][]fleet.BreakerState) {
	for i := range 30 {
		states := []fleet.BreakerState{closed, closed, closed, closed, closed}
		switch {
		case i >= 25:
			states[1], states[3] = open, forced
		case i >= 14 && i < 18:
			states[3] = half
		case i >= 9 && i < 14:
			states[3] = open
		}
		passes = append(passes, states)
	}
	return passes
}

// TestLooks: the page as it was looked at: on the smallest screen, on a usual one in
// ASCII, and on a wide one.
func TestLooks(t *testing.T) {
	for _, tt := range []struct {
		width, height int
		ascii         bool
		want          string
	}{
		{40, 6, false, `
   SERVICE   BREAKER   STATE   FAIL
▌✗ order     payment   open     40%



 order/payment open on 1 · forced open …
`},
		{80, 17, true, `
   SERVICE   BREAKER   STATE   INSTANCES  FAIL  SLOW  REJECTED     SINCE
>x order     payment   open    1 of 5      40%   n/a       100  4 m 25 s




 order/payment open on 1 - forced open on 1 - closed on 3  03:04:05 to 03:06:30
   all      ---------xxxxx!!!!-------xxxxx
   order-1  -------------------------xxxxx  x open 4 m 25 s
   order-3  ---------xxxxx!!!!-------#####  # forced open 6 m 25 s
   order-0  ------------------------------  - closed 3 m 25 s
   order-2  ------------------------------  - closed 5 m 25 s
   order-4  ------------------------------  - closed 7 m 25 s
 03:06:10 x order-1 closed -> open: 10% failed
 03:06:10 # order-3 closed -> forced open after 35 s: 30% failed
 03:05:35 - order-3 half open -> closed after 20 s: 30% failed
 03:05:15 ! order-3 open -> half open after 25 s: 30% failed
`},
		{120, 24, false, `
   SERVICE   BREAKER   STATE   INSTANCES  FAIL  SLOW  REJECTED     SINCE  HELD BY
▌✗ order     payment   open    1 of 5      40%   n/a       100  4 m 25 s  itself










 order/payment open on 1 · forced open on 1 · closed on 3                                          03:04:05 to 03:06:30
   all      ─────────✗✗✗✗✗!!!!───────✗✗✗✗✗
   order-1  ─────────────────────────✗✗✗✗✗  ✗ open 4 m 25 s
   order-3  ─────────✗✗✗✗✗!!!!───────#####  # forced open 6 m 25 s
   order-0  ──────────────────────────────  ─ closed 3 m 25 s
   order-2  ──────────────────────────────  ─ closed 5 m 25 s
   order-4  ──────────────────────────────  ─ closed 7 m 25 s
 03:06:10 ✗ order-1 closed → open: 10% failed
 03:06:10 # order-3 closed → forced open after 35 s: 30% failed
 03:05:35 ─ order-3 half open → closed after 20 s: 30% failed
 03:05:15 ! order-3 open → half open after 25 s: 30% failed
 03:04:50 ✗ order-3 closed → open: 30% failed
`},
	} {
		v := told(tt.width, tt.height, evening()...)
		v.Theme = theme.New(theme.Options{ASCII: tt.ascii, Colorless: true})
		if got := pagetest.Screen(t, breakers.New(), v); got != strings.Trim(tt.want, "\n") {
			t.Errorf("%dx%d:\n%s", tt.width, tt.height, got)
		}
	}
}
