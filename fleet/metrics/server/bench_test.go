package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/server"
)

// BenchmarkRead reads a range of a thousand series, 240 points each, and an
// instant of fifty thousand series.
func BenchmarkRead(b *testing.B) {
	var points, matrix, vector strings.Builder
	for i := range 240 {
		fmt.Fprintf(&points, `,[%d.042,"%v"]`, 1_700_000_000+15*i, float64(i)*1.0001)
	}
	for i := range 1000 {
		fmt.Fprintf(&matrix, `,{"metric":{"__name__":"http_requests_total","instance":"order-%d","service":"order","code":"200"},"values":[%s]}`, i, points.String()[1:])
	}
	for i := range 50_000 {
		fmt.Fprintf(&vector, `,{"metric":{"__name__":"http_requests_total","instance":"order-%d","service":"order","code":"200"},"value":[1700000000.042,"%v"]}`, i, float64(i)*1.0001)
	}
	for name, body := range map[string]string{
		"range":   `{"status":"success","data":{"resultType":"matrix","result":[` + matrix.String()[1:] + `]}}`,
		"instant": `{"status":"success","data":{"resultType":"vector","result":[` + vector.String()[1:] + `]}}`,
	} {
		b.Run(name, func(b *testing.B) {
			s, err := server.Open(server.Options{URL: "http://far.test", Client: &http.Client{Transport: reply{http.StatusOK, body}}})
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Query(b.Context(), metrics.Question{Expr: "up", At: time.Unix(1, 0)}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
