package term

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// sizes are the units of Size, each a thousand of the one before.
const sizes = "kMGT"

// Size is a number of bytes for people: 812 B, 3.4 MB.
func Size(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	v, unit := float64(n)/1000, 0
	for v >= 999.5 && unit < len(sizes)-1 {
		v, unit = v/1000, unit+1
	}
	if v < 9.95 {
		return fmt.Sprintf("%.1f %cB", v, sizes[unit])
	}
	return fmt.Sprintf("%.0f %cB", v, sizes[unit])
}

// ParseSize reads a number of bytes: 500, 64k, 1.5MB, 2 GB.
func ParseSize(text string) (int64, error) {
	bad := fmt.Errorf("%q is no size: want 500k, 64MB, 1.5GB", text)
	rest := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSpace(text), "B"), "b")
	factor := 1.0
	if n := len(rest); n > 0 {
		if at := strings.IndexByte(strings.ToLower(sizes), rest[n-1]|0x20); at >= 0 {
			rest, factor = strings.TrimSpace(rest[:n-1]), math.Pow(1000, float64(at+1))
		}
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(rest), 64)
	if err != nil || !(v >= 0) || v*factor >= math.MaxInt64 {
		return 0, bad
	}
	return int64(v * factor), nil
}
