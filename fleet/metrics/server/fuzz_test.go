package server_test

import (
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/server"
)

// reply answers every question with the same.
type reply struct {
	code int
	body string
}

func (r reply) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: r.code, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(r.body)),
	}, nil
}

// FuzzAnswer hands any answer to the decoder: it never panics, what it takes is
// well formed, and what it refuses has a reason and nothing in it that must not
// reach a terminal.
func FuzzAnswer(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("testdata", "wire", "*", "*.http"))
	if err != nil || len(files) == 0 {
		f.Fatal("no recordings", err)
	}
	for _, file := range files {
		r := recorded(f, file)
		f.Add(r.body, r.form.Get("query"), r.code == http.StatusOK)
	}
	f.Fuzz(func(t *testing.T, body, expr string, ok bool) {
		r := reply{http.StatusOK, body}
		if !ok {
			r.code = http.StatusUnprocessableEntity
		}
		s, err := server.Open(server.Options{URL: "http://far.test", Client: &http.Client{Transport: r}, Limit: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		a, err := s.Query(t.Context(), metrics.Question{Expr: expr, At: time.Unix(1, 0)})
		if err != nil {
			var e *fleet.Error
			if !errors.As(err, &e) || !fleet.IsReason(string(e.Reason)) || strings.ContainsAny(e.Detail, "\x1b\r\n") {
				t.Fatalf("%T: %q", err, err)
			}
			return
		}
		if !slices.Contains([]metrics.Kind{metrics.Vector, metrics.Matrix, metrics.Scalar, metrics.String}, a.Kind) || a.Kind == metrics.Scalar && len(a.Series) != 1 {
			t.Fatalf("%+v", a)
		}
		for _, one := range a.Series {
			if len(one.Points)+len(one.Histograms) == 0 {
				t.Fatalf("a series without points: %+v", one)
			}
			for i, l := range one.Labels {
				if l.Value == "" || i > 0 && one.Labels[i-1].Name >= l.Name {
					t.Fatalf("labels are not in order: %+v", one.Labels)
				}
			}
		}
	})
}
