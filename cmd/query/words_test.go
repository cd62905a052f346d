package query

import (
	"testing"
	"time"
)

func TestMoments(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"": now, "now": now, "10m": now.Add(-10 * time.Minute), "-10m": now.Add(-10 * time.Minute), "0s": now,
		"2026-01-01T00:00:00Z": time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), "2026-01-01T00:00:00.5+01:00": time.Date(2025, 12, 31, 23, 0, 0, 500_000_000, time.UTC),
		"1767323045": time.Unix(1767323045, 0), "1767323045.678": time.UnixMilli(1767323045678), "0": now,
	} {
		m, err := parseMoment(text, now)
		if err != nil || !m.of(now).Equal(want) {
			t.Errorf("%q: %v, %v, want %v", text, m.of(now), err, want)
		}
	}
	for _, text := range []string{"yesterday", "NaN", "1e300", "--5m", "2026-01-01"} {
		if m, err := parseMoment(text, now); err == nil {
			t.Errorf("%q is %v", text, m.of(now))
		}
	}
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		time.Second: "1s", 10 * time.Second: "10s", time.Minute: "1m", 90 * time.Second: "1m30s", time.Hour: "1h", 10 * time.Hour: "10h", 70 * time.Minute: "1h10m",
		1500 * time.Millisecond: "1.5s", 0: "0s", 20 * time.Minute: "20m", time.Hour + 10*time.Second: "1h0m10s",
	} {
		if got := span(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

func TestCaret(t *testing.T) {
	for _, c := range []struct{ expr, text, want string }{
		{"sum(up", "1:7: unclosed", "  sum(up\n        ^"},
		{"up", "1:1: odd", "  up\n  ^"},
		{"sum(\n\tup +)", "2:6: odd", "  \tup +)\n  \t    ^"},
		{`up{a="é"} +`, "1:13: odd", "  up{a=\"é\"} +\n             ^"},
		{"up", "nothing", ""},
		{"up", "2:1: not there", ""},
		{"up", "1:9: not there", ""},
		{"up", "1:0: not there", ""},
		{"up", "0:1: not there", ""},
		{"", "1:1: empty", "  \n  ^"},
		{"\xff\xfe+", "1:2: within a letter", ""},
		{"up", "connection: refused", ""},
	} {
		if got := caret(c.expr, c.text); got != c.want {
			t.Errorf("%q, %s: %q, want %q", c.expr, c.text, got, c.want)
		}
	}
}

func FuzzCaret(f *testing.F) {
	f.Add("sum(up", "1:7: unclosed")
	f.Add("a\nb\tc", "2:3: x")
	f.Fuzz(func(_ *testing.T, expr, text string) { _ = caret(expr, text) })
}
