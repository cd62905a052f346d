//go:build race

package http1_test

// pooled is how many allocations an exchange may have: under the race detector
// a sync.Pool forgets at random.
const pooled = 30
