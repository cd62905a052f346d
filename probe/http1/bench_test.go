package http1_test

import (
	"io"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/probe/http1"
)

type replay struct {
	r strings.Reader
}

func (r *replay) Read(p []byte) (int, error)  { return r.r.Read(p) }
func (r *replay) Write(p []byte) (int, error) { return len(p), nil }

var _ io.ReadWriter = (*replay)(nil)

func BenchmarkGet(b *testing.B) {
	const answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Mon, 23 Nov 2026 04:20:11 GMT\r\nContent-Length: 15\r\nConnection: close\r\n\r\n{\"status\":\"UP\"}"
	req := &http1.Request{Path: "/health", Host: "127.0.0.1:8080", Header: []byte("User-Agent: midwatch\r\nAccept: */*\r\n")}
	b.ReportAllocs()
	var conn replay
	for b.Loop() {
		conn.r.Reset(answer)
		r, err := http1.Get(&conn, req)
		if err != nil {
			b.Fatal(err)
		}
		if body, _, err := r.Body(1 << 20); err != nil || r.Status != 200 || string(body) != `{"status":"UP"}` {
			b.Fatalf("%d %q %v", r.Status, body, err)
		}
		r.Release()
	}
}
