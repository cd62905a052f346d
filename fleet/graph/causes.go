package graph

import (
	"cmp"
	"slices"
)

// Facts are what is known of a node by its own evidence. An edge means that a
// node depends on another.
type Facts struct {
	Unwell  bool  // it is not well
	Failing bool  // it is so unwell that those who depend on it must expect failures
	Accuses []int // the nodes its evidence names
}

// Cause is a root: a component that is unwell for no reason that lies elsewhere.
type Cause struct {
	Members []int // sorted; several where they depend on each other
	Victims []int // those who wait for it before any other cause, the nearest first
}

// Causes tells roots from victims. A node waits for another if it depends on it,
// near or far, and that one fails; a component is one node. What is unwell and
// waits for nobody is a root. What fails and waits is a victim only if it
// accuses a dependency that fails or waits itself, else it is a root too. A root
// waits for nobody. For every other node waits says which causes it waits for,
// by index, the nearest first.
func Causes(deps [][]int, facts []Facts) (causes []Cause, waits [][]int) {
	members, of := Components(deps)
	isRoot, failing := rootsOf(deps, facts, members, of)
	callers := make([][]int, len(deps))
	for v := range deps {
		for _, d := range deps[v] {
			callers[d] = append(callers[d], v)
		}
	}
	for c := range members {
		if isRoot[c] {
			causes = append(causes, Cause{Members: members[c]})
		}
	}
	slices.SortFunc(causes, func(a, b Cause) int { return a.Members[0] - b.Members[0] })
	waits, far := make([][]int, len(deps)), make([][]int, len(causes))
	for i, cause := range causes {
		if !failing[of[cause.Members[0]]] {
			continue // it blocks nobody
		}
		far[i] = Distances(cause.Members, callers)
		for v := range deps {
			if far[i][v] > 0 && !isRoot[of[v]] {
				waits[v] = append(waits[v], i)
			}
		}
	}
	for v := range waits {
		slices.SortStableFunc(waits[v], func(a, b int) int { return cmp.Compare(far[a][v], far[b][v]) })
		if len(waits[v]) > 0 {
			causes[waits[v][0]].Victims = append(causes[waits[v][0]].Victims, v)
		}
	}
	for i := range causes {
		slices.SortStableFunc(causes[i].Victims, func(a, b int) int { return cmp.Compare(far[i][a], far[i][b]) })
	}
	return causes, waits
}

// rootsOf says which components are roots, and which fail.
func rootsOf(deps [][]int, facts []Facts, members [][]int, of []int) (isRoot, failing []bool) {
	isRoot, failing = make([]bool, len(members)), make([]bool, len(members))
	waits := make([]bool, len(members))
	for c := range members { // dependencies come first
		unwell := false
		var accused []int
		for _, v := range members[c] {
			unwell, failing[c] = unwell || facts[v].Unwell, failing[c] || facts[v].Failing
			accused = append(accused, facts[v].Accuses...)
			for _, d := range deps[v] {
				waits[c] = waits[c] || of[d] != c && (failing[of[d]] || waits[of[d]])
			}
		}
		isRoot[c] = unwell && !waits[c]
		if failing[c] && waits[c] {
			far := Distances(members[c], deps)
			isRoot[c] = !slices.ContainsFunc(accused, func(v int) bool { return far[v] > 0 && (failing[of[v]] || waits[of[v]]) })
		}
	}
	return isRoot, failing
}
