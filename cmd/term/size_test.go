package term_test

import (
	"testing"

	"github.com/midwatch-cli/midwatch/cmd/term"
)

func TestSizes(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 999: "999 B", 1000: "1.0 kB", 3_449: "3.4 kB", 9_949: "9.9 kB", 9_951: "10 kB", 999_499: "999 kB", 999_500: "1.0 MB",
		64_000_000: "64 MB", 1 << 40: "1.1 TB", 5_000_000_000_000_000: "5000 TB",
	} {
		if got := term.Size(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
	for text, want := range map[string]int64{
		"0": 0, "500": 500, "64k": 64_000, "64K": 64_000, "1.5MB": 1_500_000, "2 GB": 2_000_000_000, "1 T": 1_000_000_000_000, " 7b ": 7,
	} {
		if got, err := term.ParseSize(text); err != nil || got != want {
			t.Errorf("%q is %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "k", "B", "-1", "much", "1e30", "NaN", "1 GX", "Inf"} {
		if n, err := term.ParseSize(text); err == nil {
			t.Errorf("%q is %d", text, n)
		}
	}
}
