// Package signature knows which families of a page of metrics count calls,
// failures and durations, for each of the stacks that are known: one row of a
// table for each (table.go, proxies.go). It is plain data and pure functions.
//
// The wire reference is part C of the notes on registries, health and metrics;
// each row names the page its names are from.
package signature

import (
	"maps"
	"slices"
	"strings"
)

// Protocol is a set of what calls are made with. A page may count HTTP and RPC
// apart; they are then summed.
type Protocol uint8

// The protocols. Sidecars and proxies count all that passes them.
const (
	OverHTTP Protocol = 1 << iota
	OverRPC
	OverAny = OverHTTP | OverRPC
)

// Signature is what one stack writes. Families are spelled as its documentation
// has them; on a page they may have dots, another unit, or none, and counters
// may lack _total.
type Signature struct {
	Name   string // one word, for people
	Stack  string // who writes it
	Source string // where its names are documented
	Covers Protocol

	// Prefixed says that families may have a prefix: orders_http_requests_total.
	Prefixed bool
	// Need are families that must be there, all of them; none: one of Calls.
	Need []string
	// Calls are families that count calls: counters, or counts of timers
	// (..._count). The first one whose series tell a status is used, else the
	// first that is there.
	Calls []string
	// Responses counts the same calls by status, where Calls has none.
	Responses string
	// Failed and Refused count failures and the caller's faults by themselves.
	Failed, Refused []string
	// Status are the labels with the status; nil: the usual ones. The first that
	// tells of a fault decides. Codes is their vocabulary.
	Status []string
	Codes  Codes
	// StatusRPC is a label with a code of gRPC that counts where it is set.
	StatusRPC string
	// Times are timers: histograms, summaries, or just sums and counts. The first
	// one that is there is used.
	Times []string
	// Unit is that of families below whose name has none; NoUnit: guessed by the
	// bounds of their buckets.
	Unit Unit
	// Averages and Maxima are gauges of durations, Quantiles are gauges by
	// quantile; AveragesOf says what is averaged.
	Averages, AveragesOf, Maxima string
	Quantiles                    map[float64]string

	// Keep is a label's value that series must have, Drop one that they must not.
	Keep, Drop Label
	// Outermost is a label that has a value for each layer a call passes: the
	// layer with the most calls is taken.
	Outermost string

	// View names another way to look at the calls that a row above counts: it is
	// shown beside them, never summed. It is the main one where the row above is
	// not there. By is a label: a view for each of its values.
	View, By string
}

// Label is a name and a value; the zero one asks for nothing.
type Label struct{ Name, Value string }

// Table returns all signatures in the order in which they are tried.
func Table() []Signature { return slices.Concat(proxies, httpServices, rpcServices) }

// Judge says what became of the calls of a series, by its labels; get returns
// the value of a label, spelled with underscores. Without ok no label tells.
func (s *Signature) Judge(get func(label string) (string, bool)) (c Class, ok bool) {
	labels := s.Status
	if labels == nil {
		labels = statusLabels
	}
	for _, label := range labels {
		status, there := get(label)
		if !there || ok && s.Codes.none(status) {
			continue
		}
		if next := s.Codes.Class(status); !ok || next != Unjudged {
			c, ok = next, true
		}
		if c == Failed || c == ClientFault {
			return c, true
		}
	}
	if code, there := get(s.StatusRPC); s.StatusRPC != "" && there && code != "" {
		return GRPC.Class(code), true
	}
	if kind, there := get("error_type"); !ok && there && kind != "" {
		return Failed, true // OpenTelemetry: no status came
	}
	return c, ok
}

// Families are all that the signature may read, as the table spells them.
func (s *Signature) Families() []string {
	all := slices.Concat(s.Need, s.Calls, s.Failed, s.Refused, s.Times, slices.Collect(maps.Values(s.Quantiles)))
	for _, one := range []string{s.Responses, s.Averages, s.Maxima} {
		if one != "" {
			all = append(all, one)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Match is a signature that a page has.
type Match struct {
	*Signature
	Prefix string // with its underscore; empty where names are as in the table
}

// Spellings are the names under which a part of a family may be on a page, the
// likeliest first. Of a counter, Total and Plain are the same.
func (m *Match) Spellings(family string, part Part) []Name {
	n := Parse(family)
	stem := m.Prefix + n.Stem
	if part == Total || part == Plain && n.Part == Total {
		return []Name{{stem, n.Unit, n.Part}, {stem, n.Unit, Total}, {stem, n.Unit, Plain}}
	}
	all := make([]Name, 0, 6)
	for _, u := range []Unit{n.Unit, Seconds, Milliseconds, NoUnit, Microseconds, Nanoseconds} {
		all = append(all, Name{stem, u, part})
	}
	return all
}

// there says whether a page has a family.
func (m *Match) there(family string, has map[Name]bool) bool {
	n := Parse(family)
	ask := []Part{n.Part}
	switch n.Part {
	case Count:
		ask = []Part{Count, Plain} // a native histogram
	case Total:
		ask = []Part{Total} // and Plain: see Spellings
	case Plain:
		ask = []Part{Plain, Total, Count} // a counter, or a timer
	}
	for _, part := range ask {
		for _, name := range m.Spellings(family, part) {
			if has[name] {
				return true
			}
		}
	}
	return false
}

// matches says whether a page has the signature under this prefix.
func (m *Match) matches(has map[Name]bool) bool {
	for _, f := range m.Need {
		if !m.there(f, has) {
			return false
		}
	}
	return slices.ContainsFunc(m.Calls, func(f string) bool { return m.there(f, has) })
}

// Find returns all signatures that a page may have, in the order in which they
// are to be taken: those whose names are as in the table, then prefixed ones.
func Find(table []Signature, has map[Name]bool) []Match {
	var found []Match
	for i := range table {
		if m := (Match{Signature: &table[i]}); m.matches(has) {
			found = append(found, m)
		}
	}
	for i := range table {
		if !table[i].Prefixed {
			continue
		}
		for _, prefix := range prefixes(&table[i], has) {
			if m := (Match{&table[i], prefix}); m.matches(has) {
				found = append(found, m)
			}
		}
	}
	return found
}

// prefixes are what stands before the signature's families on a page, sorted.
func prefixes(s *Signature, has map[Name]bool) []string {
	found := map[string]bool{}
	for _, family := range s.Calls {
		stem := Parse(family).Stem
		for name := range has {
			if prefix, ok := strings.CutSuffix(name.Stem, "_"+stem); ok && !calling(prefix) {
				found[prefix+"_"] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// calling says whether a prefix is that of calls an instance makes itself.
func calling(prefix string) bool {
	for word := range strings.SplitSeq(prefix, "_") {
		switch word {
		case "client", "outbound", "outgoing", "upstream", "egress", "downstream", "consumer":
			return true
		}
	}
	return false
}

// gap is an underscore of the table on a page, however names are spelled there.
const gap = `[._]+(dot_|2e_)?`

// Spelled is a regular expression for names, however they are spelled.
func Spelled(names ...string) string {
	names = slices.Clone(names)
	slices.Sort(names)
	return "(U__)?(" + strings.ReplaceAll(strings.Join(slices.Compact(names), "|"), "_", gap) + ")"
}

// Pattern is a regular expression for the names of all families of the table,
// however they are spelled; buckets are left out.
func Pattern(table []Signature) string {
	var stems []string
	for i := range table {
		for _, f := range table[i].Families() {
			stems = append(stems, Parse(f).Stem)
		}
	}
	const unit = "(" + gap + "(seconds|milliseconds|ms|microseconds|usec|us|nanoseconds|ns))*"
	const part = gap + "(total|count|sum|max)|" + gap + "bucket" + unit + gap + "(count|sum)"
	return "(.+" + gap + ")?" + Spelled(stems...) + unit + "(" + part + ")?"
}
