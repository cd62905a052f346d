package gate

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Amount is a number of instances, or a share of them: 2, 90%.
type Amount struct {
	n       int
	share   float64 // 0 to 1
	isShare bool
	text    string // as it was written
}

// Count is an Amount of n instances.
func Count(n int) Amount { return Amount{n: n} }

// ParseAmount reads N or P%.
func ParseAmount(s string) (Amount, error) {
	if p, ok := strings.CutSuffix(s, "%"); ok {
		f, err := strconv.ParseFloat(p, 64)
		if err != nil || math.IsNaN(f) || f < 0 || f > 100 {
			return Amount{}, fmt.Errorf("%q is no share: want 0%% to 100%%", s)
		}
		return Amount{share: f / 100, isShare: true, text: s}, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return Amount{}, fmt.Errorf("%q is neither a number nor a share: want 3 or 90%%", s)
	}
	return Amount{n: n}, nil
}

// Share is the amount as a number from 0 to 1, where it is a share.
func (a Amount) Share() (float64, bool) { return a.share, a.isShare }

// String is the amount as it is written.
func (a Amount) String() string {
	switch {
	case a.text != "":
		return a.text
	case a.isShare:
		return strconv.FormatFloat(a.share*100, 'f', -1, 64) + "%"
	}
	return strconv.Itoa(a.n)
}

// AtLeast is the smallest whole number that satisfies "at least this much of
// total": shares are rounded up.
func (a Amount) AtLeast(total int) int {
	if !a.isShare {
		return a.n
	}
	// 0.07*100 is a hair above 7: what is whole within a float's error stays whole.
	return int(math.Ceil(a.share*float64(total) - 1e-9))
}

// AtMost is the greatest whole number that satisfies "at most this much of
// total": shares are rounded down.
func (a Amount) AtMost(total int) int {
	if !a.isShare {
		return a.n
	}
	return int(math.Floor(a.share*float64(total) + 1e-9))
}
