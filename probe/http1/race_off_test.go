//go:build !race

package http1_test

// pooled is how many allocations an exchange may have.
const pooled = 0
