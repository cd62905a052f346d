package serve

import (
	"slices"
	"strings"
)

// history lists the events of some breakers, oldest first. The times have one
// width, so that their order is that of their texts.
func history(guards ...*Guard) []eventDoc {
	list := []eventDoc{}
	for _, g := range guards {
		g.view() // what is over ends, and shows
		for _, e := range g.past() {
			list = append(list, eventDoc{
				At: e.At.UTC().Format("2006-01-02T15:04:05.000000000Z"), Breaker: g.name, Kind: e.Kind, From: e.From, To: e.To, Text: e.Text,
			})
		}
	}
	slices.SortStableFunc(list, func(a, b eventDoc) int { return strings.Compare(a.At, b.At) })
	return list
}
