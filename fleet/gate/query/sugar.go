package query

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/gate"
)

// Sugar is a flag that stands for an expression which must not hold.
type Sugar struct {
	Flag string // as it was written: --max-error-rate 1%
	Expr string // PromQL over series of our own
	What string // what its values are, in a word
	Unit gate.Unit
}

// MaxErrorRate is --max-error-rate: the share of calls that may fail. Where
// are matchers, such as service="payment"; it may be empty.
func MaxErrorRate(text, where string) (Sugar, error) {
	share, err := parseShare(text)
	if err != nil {
		return Sugar{}, fmt.Errorf("--max-error-rate %w", err)
	}
	return Sugar{
		Flag: "--max-error-rate " + text, What: "error rate", Unit: gate.Ratio,
		Expr: "midwatch_service_error_ratio" + braces(where) + " > " + decimal(share),
	}, nil
}

// MaxP99 is --max-p99: how long 99 of 100 calls may take at most.
func MaxP99(text, where string) (Sugar, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return Sugar{}, fmt.Errorf("--max-p99 %q is no duration: want 300ms or 1.5s", text)
	}
	return Sugar{
		Flag: "--max-p99 " + text, What: "p99", Unit: gate.Seconds,
		Expr: "midwatch_service_latency_seconds" + braces(`quantile="0.99"`, where) + " > " + decimal(d.Seconds()),
	}, nil
}

// MinHealthy is --min-healthy: how many of a service's instances, or which
// share of them, must not be down. Those in maintenance are not counted; those of
// which nothing is known are not held against it, because the verdict is unknown
// then by itself.
func MinHealthy(text, where string) (Sugar, error) {
	amount, err := gate.ParseAmount(text)
	if err != nil {
		return Sugar{}, fmt.Errorf("--min-healthy %w", err)
	}
	const by = " by (context, source, namespace, service) "
	standing := "sum" + by + "(midwatch_instance_status" + braces(`status=~"up|degraded|unknown"`, where) + ")"
	s := Sugar{Flag: "--min-healthy " + text, What: "healthy"}
	share, isShare := amount.Share()
	if !isShare {
		s.Expr = standing + " < " + strconv.Itoa(amount.AtLeast(0))
		return s, nil
	}
	s.Unit = gate.Ratio
	s.Expr = standing + " / count" + by + "(midwatch_instance_status" + braces(`status="maintenance"`, where) + " == 0) < " + decimal(share)
	return s, nil
}

// parseShare reads P%, as a number from 0 to 1.
func parseShare(text string) (float64, error) {
	p, ok := strings.CutSuffix(text, "%")
	f, err := strconv.ParseFloat(p, 64)
	if !ok || err != nil || math.IsNaN(f) || f < 0 || f > 100 {
		return 0, fmt.Errorf("%q is no share: want 0%% to 100%%", text)
	}
	return f / 100, nil
}

// decimal is a number as people write it: 1% is 0.01, without the noise of
// binary fractions.
func decimal(v float64) string {
	short, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 15, 64), 64)
	if err != nil {
		short = v
	}
	return strconv.FormatFloat(short, 'f', -1, 64)
}

func braces(matchers ...string) string {
	var all []string
	for _, m := range matchers {
		if m != "" {
			all = append(all, m)
		}
	}
	if all == nil {
		return ""
	}
	return "{" + strings.Join(all, ",") + "}"
}

// Where are the matchers of SERVICE arguments and of a namespace: of what they
// select, never less. What selects instances (zone, version, labels) is not in
// them: series of a whole service are made of the selected ones.
func Where(names []string, namespace string) string {
	var wanted, refused []string
	for _, text := range names {
		name, not := strings.CutPrefix(text, "!")
		source, rest, found := strings.Cut(name, ":")
		if found && !strings.ContainsAny(source, "/[") {
			name = rest
		}
		if not {
			// Less than a whole service in every source is not refused here.
			if !found && !strings.ContainsAny(name, `/[\`) {
				refused = append(refused, name)
			}
			continue
		}
		// One of the parts is the service, the others are a namespace and an instance.
		wanted = append(wanted, strings.Split(name, "/")...)
	}
	var all []string
	for _, one := range []struct {
		label, is, isLike string
		globs             []string
	}{{"service", "=", "=~", wanted}, {"service", "!=", "!~", refused}, {"namespace", "=", "=~", slices.DeleteFunc([]string{namespace}, func(n string) bool { return n == "" })}} {
		switch {
		case len(one.globs) == 1 && !strings.ContainsAny(one.globs[0], `*?[\`):
			all = append(all, one.label+one.is+strconv.Quote(one.globs[0]))
		case len(one.globs) > 0:
			all = append(all, one.label+one.isLike+strconv.Quote(alternatives(one.globs)))
		}
	}
	return strings.Join(all, ",")
}

// alternatives are globs as a regular expression; for one with brackets or
// backslashes it is one that matches everything.
func alternatives(globs []string) string {
	var all []string
	for _, glob := range globs {
		if strings.ContainsAny(glob, `[\`) {
			return ".*"
		}
		all = append(all, strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(glob)))
	}
	return strings.Join(all, "|")
}
