package health

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// freshFor is how old an answer of a cache may be and still be one about now.
const freshFor = 10 * time.Second

// applyHeaders lets the headers speak that say more than the body: Envoy's
// health check filter (an instance that is to be taken out at once, whatever
// the code; one that is degraded), and the caches in front.
func applyHeaders(v *Verdict, header func(string) string) {
	if v.Stale = stale(header); v.Stale {
		v.Draining, v.Starting = false, false // that was then
	}
	if flagged(header("X-Envoy-Immediate-Health-Check-Fail")) {
		v.Dialect, v.Word, v.Text = "envoy", Ill, "immediate health check fail"
		v.Draining, v.Starting, v.Stale = true, false, false
		return
	}
	if flagged(header("X-Envoy-Degraded")) && (v.Word == NoWord || v.Word == Well) {
		v.Dialect, v.Word, v.Text = "envoy", Warn, "degraded"
	}
}

// flagged: Envoy goes by presence. An explicit no is still a no.
func flagged(value string) bool { return value != "" && !strings.EqualFold(value, "false") }

// stale says that a cache answered (RFC 9111, section 5.1) and not just now, or
// that it says it did and not when.
func stale(header func(string) string) bool {
	if age := header("Age"); age != "" {
		seconds, err := strconv.ParseUint(strings.TrimSpace(age), 10, 31)
		return errors.Is(err, strconv.ErrRange) || err == nil && time.Duration(seconds)*time.Second > freshFor
	}
	for _, name := range [...]string{"X-Cache", "X-Cache-Status", "CF-Cache-Status"} {
		// "HIT from edge-3", "HIT, MISS": several caches on the way each add a word.
		for word := range strings.FieldsFuncSeq(header(name), func(r rune) bool { return r == ' ' || r == ',' }) {
			if strings.EqualFold(word, "HIT") || strings.EqualFold(word, "STALE") {
				return true
			}
		}
	}
	return false
}
