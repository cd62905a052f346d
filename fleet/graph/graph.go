// Package graph holds what midwatch needs of directed graphs: which nodes form
// cycles, and how far one is from another. Nodes are numbers from 0, edges[v]
// are the nodes that v points at.
package graph

import "slices"

// Components finds the strongly connected components (Tarjan's algorithm): two
// nodes are in the same one if each reaches the other. Each component is sorted
// and comes after all that it reaches; of[v] is the component of v.
func Components(edges [][]int) (components [][]int, of []int) {
	of = make([]int, len(edges))
	order, low, open := make([]int, len(edges)), make([]int, len(edges)), make([]bool, len(edges))
	var stack []int
	seen := 0
	var visit func(v int)
	visit = func(v int) {
		seen++
		order[v], low[v] = seen, seen
		stack, open[v] = append(stack, v), true
		for _, w := range edges[v] {
			if order[w] == 0 {
				visit(w)
				low[v] = min(low[v], low[w])
			} else if open[w] {
				low[v] = min(low[v], order[w])
			}
		}
		if low[v] != order[v] {
			return
		}
		from := len(stack) - 1
		for stack[from] != v {
			from--
		}
		one := slices.Sorted(slices.Values(stack[from:]))
		stack = stack[:from]
		for _, w := range one {
			of[w], open[w] = len(components), false
		}
		components = append(components, one)
	}
	for v := range edges {
		if order[v] == 0 {
			visit(v)
		}
	}
	return components, of
}

// Distances is how many edges each node is away from the nearest of some: 0 for
// these themselves, -1 where there is no way.
func Distances(from []int, edges [][]int) []int {
	far := slices.Repeat([]int{-1}, len(edges))
	for _, v := range from {
		far[v] = 0
	}
	for queue := slices.Clone(from); len(queue) > 0; queue = queue[1:] {
		for _, w := range edges[queue[0]] {
			if far[w] < 0 {
				far[w] = far[queue[0]] + 1
				queue = append(queue, w)
			}
		}
	}
	return far
}
