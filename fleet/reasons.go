package fleet

import (
	"slices"

	"github.com/midwatch-cli/midwatch/probe"
)

// Reasons is the closed list of reasons, sorted.
func Reasons() []string {
	list := []Reason{
		probe.ReasonRefused, probe.ReasonReset, probe.ReasonClosed, probe.ReasonTimeout, probe.ReasonCertificate,
		probe.ReasonResolve, probe.ReasonNoRoute, probe.ReasonUntrusted, probe.ReasonScheme, probe.ReasonProtocol,
		probe.ReasonAuth, probe.ReasonNotFound, probe.ReasonRedirect, probe.ReasonPage, probe.ReasonStatus,
		probe.ReasonGateway, probe.ReasonReported, probe.ReasonComponent, probe.ReasonBody, probe.ReasonStarting,
		probe.ReasonDraining, probe.ReasonLimited, probe.ReasonSlow, probe.ReasonExpiring, probe.ReasonStale,
		probe.ReasonAlike, probe.ReasonTCPOnly, probe.ReasonPolicy, probe.ReasonCancelled, probe.ReasonInternal,
		ReasonClaimed, ReasonBreaker, ReasonNoInstances, ReasonNoService, ReasonVantage, ReasonDependency, ReasonUnasked,
		ReasonQuery, ReasonNoData, ReasonExpression,
	}
	words := make([]string, len(list))
	for i, r := range list {
		words[i] = string(r)
	}
	slices.Sort(words)
	return words
}

// IsReason says whether a word is one of the closed list.
func IsReason(word string) bool {
	_, found := slices.BinarySearch(Reasons(), word)
	return found
}
