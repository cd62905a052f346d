package red

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet/metrics/red/count"
)

func none(why string) Value { return Value{Why: why} }

// some is a number, if it is one; what is said of it is put into one line.
func some(v float64, approx ...string) Value {
	if !(v >= 0) || math.IsInf(v, 0) {
		return none(WhyNumber)
	}
	approx = slices.DeleteFunc(approx, func(s string) bool { return s == "" })
	return Value{V: v, OK: true, Approx: strings.Join(approx, ", ")}
}

// of says of which share of the calls something is known.
func of(part, whole float64) string {
	if !(part < whole*0.9995) {
		return ""
	}
	return fmt.Sprintf("of %.0f%% of the calls", max(math.Round(part/whole*100), 1))
}

// numbersOf divides what was counted.
func numbersOf(t *count.Tally) Numbers {
	missing := ""
	if t.Scraped == 0 {
		missing = cmp.Or(t.First(WhyUnread, WhyOneScrape, WhyProcesses, WhyNumber, WhyNotCounted), WhyNotScraped)
	}
	if missing != "" {
		n := none(missing)
		return Numbers{n, n, n, n, n, n, n, n, n}
	}
	instances := ""
	if t.Scraped < t.Instances {
		instances = fmt.Sprintf("of %d of %d instances", t.Scraped, t.Instances)
	}
	return Numbers{
		Requests: some(t.Calls, instances), Rate: some(t.Rates, instances),
		Errors: share(t, t.Failed, t.JudgedErrors, t.Errors), ClientErrors: share(t, t.Refused, t.JudgedClients, t.Clients),
		P50: quantile(t, 0.5), P95: quantile(t, 0.95), P99: quantile(t, 0.99),
		Mean: mean(t), Max: maximum(t),
	}
}

// share is a part of the calls that were judged; told says that somebody does.
func share(t *count.Tally, n, judged float64, told bool) Value {
	switch {
	case !told && t.Why[WhyErrors]:
		return none(WhyErrors)
	case !told && t.Why[WhyStatuses]:
		return none(WhyStatuses)
	case !told && t.Errors:
		return none(WhyNotWhose)
	case !told:
		return none(WhyNoErrors)
	case judged <= 0 && t.Calls > 0 && t.Why[WhyStatuses]:
		return none(WhyStatuses)
	case judged <= 0:
		return none(WhyNoCalls)
	}
	return some(min(n/judged, 1), of(judged, t.Calls))
}

// quantile is one of the durations.
func quantile(t *count.Tally, q float64) Value {
	if len(t.Spread) > 0 {
		if t.Spread.Shapeless() {
			return none(WhyBounds)
		}
		seconds, in := t.Spread.Quantile(q)
		coarse := ""
		if in.Coarse {
			coarse = "of histograms with other bounds"
		}
		v := some(seconds, t.Guessed, of(t.Timed, t.Calls), coarse)
		v.Over = v.OK && in.Open()
		return v
	}
	if w, ok := t.Quantiles[q]; ok && t.Calls > 0 {
		return some(w.V, w.From("as its page calculates it"), t.Guessed)
	}
	// What no page has comes before what there was none of.
	why := t.First(WhyUnit, WhyMean, WhyNoBuckets, WhyNotTimed, WhyQuantile, WhyNoTimes)
	if t.Calls == 0 && (why == "" || why == WhyNotTimed || why == WhyQuantile) {
		why = WhyNoCalls
	}
	return none(why)
}

// mean is the average duration.
func mean(t *count.Tally) Value {
	switch {
	case t.Count > 0:
		return some(t.Sum/t.Count, t.Guessed, of(t.Averaged, t.Calls))
	case t.Averages.Weight > 0:
		return some(t.Averages.Sum/t.Averages.Weight, t.Averages.Of)
	case t.Averages.Loose.Series > 0:
		return some(t.Averages.Loose.V, t.Averages.Loose.From(""), t.Averages.Of)
	case t.First(WhyUnit, WhySum) != "":
		return none(t.First(WhyUnit, WhySum))
	case t.Why[WhyNoTimes] && t.First(WhyMean, WhyNotTimed, WhyQuantile, WhyNoBuckets) == "":
		return none(WhyNoTimes)
	case t.Calls == 0:
		return none(WhyNoCalls)
	}
	return none(WhyNotTimed)
}

// maximum is the longest duration that pages know of.
func maximum(t *count.Tally) Value {
	if t.Maximum.Series == 0 {
		return none(WhyNoMax)
	}
	return some(t.Maximum.V, "of the last minutes")
}
