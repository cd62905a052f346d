// Package peertest starts the real far systems that midwatch is tried on: an
// HAProxy, an Envoy, and applications of Spring Boot with Resilience4j. Each
// listens on loopback ports of its own and ends with the test that started it;
// where its program is missing the test is breakertest.Missing.
package peertest

import (
	"net/http"
	"os"
	"testing"
	"time"
)

// SocketDir is a folder whose name is short enough for a socket's.
func SocketDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "mw")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// answers says whether there is a 200 at an address.
func answers(t testing.TB, url string) bool {
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}
