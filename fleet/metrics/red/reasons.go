package red

import "github.com/midwatch-cli/midwatch/fleet/metrics/red/count"

// Why there is no number.
const (
	WhyNotScraped = "nothing of it was scraped"
	WhyUnread     = "its page could not be read"
	WhyNotCounted = "its page counts no calls"
	WhyOneScrape  = "one scrape only"
	WhyProcesses  = "several processes answer for it in turn"
	WhyNumber     = count.NoNumbers
	WhyNoCalls    = "no calls in the window"
	WhyNoErrors   = count.NoErrors
	WhyNotWhose   = "its page does not tell whose fault errors are"
	WhyStatuses   = count.StrangeStatuses
	WhyErrors     = count.SpoiltErrors
	WhyNoTimes    = count.NoTimes
	WhyNotTimed   = count.NotTimed
	WhyMean       = count.OnlyMean
	WhyNoBuckets  = count.NoBuckets
	WhyBounds     = "its histograms have no bounds in common"
	WhyQuantile   = count.NoQuantile
	WhySum        = count.SpoiltSum
	WhyUnit       = count.NoUnit
	WhyNoMax      = "its page has no maximum"
	WhyNoData     = "its page does not say"
	WhyNoLimit    = "it has no limit"
	WhyNotThen    = "nothing was scraped then"
)

// Reason is why there is no number, and what it means.
type Reason struct{ Why, Meaning string }

// Reasons are all of them, for documentation.
func Reasons() []Reason {
	return []Reason{
		{WhyNotScraped, "no page of the instance was asked for in the window"},
		{WhyUnread, "its page was asked for, and did not come or was refused"},
		{WhyNotCounted, "the page was read, and no signature below fits it; or it counts only calls that the instance makes"},
		{WhyOneScrape, "a rate takes two scrapes in the window"},
		{WhyProcesses, "the start of the process goes back and forth between scrapes: workers behind one address, each with a page of its own"},
		{WhyNumber, "what it counts is NaN or infinite"},
		{WhyNoCalls, "of nothing there is no share and no duration; the rate is 0"},
		{WhyNoErrors, "neither a label nor a family of its page has to do with errors"},
		{WhyNotWhose, "it counts errors, but not those of the caller apart"},
		{WhyStatuses, "there are statuses, and none is a code or a known word"},
		{WhyErrors, "a family of failures is NaN or infinite: how many it hides is not known"},
		{WhyNoTimes, "no family of its page has to do with durations"},
		{WhyNotTimed, "it has a histogram, which did not grow though there were calls; Envoy's lag a few seconds"},
		{WhyMean, "there are a sum and a count, or an average: see the mean. Micrometer has buckets with `management.metrics.distribution.percentiles-histogram.http.server.requests=true`"},
		{WhyNoBuckets, "it is a native histogram, whose buckets are in the protobuf form only"},
		{WhyBounds, "instances, or protocols, have other bounds, and none is common to all"},
		{WhyQuantile, "it is a summary with other quantiles, or has had no calls for a while"},
		{WhySum, "one duration that was NaN or infinite spoils the sum for good: there is no average"},
		{WhyUnit, "neither its name nor its buckets tell seconds from milliseconds"},
		{WhyNoMax, "only few stacks have one"},
		{WhyNoData, "of saturation: no family of its page tells"},
		{WhyNoLimit, "of a pool: there is no share of what has no end"},
		{WhyNotThen, "of a history: that step is before the first scrape"},
	}
}
