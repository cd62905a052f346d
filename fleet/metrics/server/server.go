// Package server asks a Prometheus server, or what speaks its HTTP API (Thanos,
// Mimir, VictoriaMetrics), instead of the series in memory: a metrics.Querier
// over POST /api/v1/query and /api/v1/query_range, GET where POST is refused.
//
// The API is that of
// https://prometheus.io/docs/prometheus/latest/querying/api; what other servers
// do differently is in docs/prometheus.md.
package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/web"
	"github.com/midwatch-cli/midwatch/probe"
)

// limitBytes bounds an answer: some five million points, or half a million
// series of an instant.
const limitBytes = 128 << 20

// formType is how the parameters of a POST are sent.
const formType = "application/x-www-form-urlencoded"

// Options say which server is asked, and how.
type Options struct {
	// URL is the server's: http://host:9090, or with what stands before /api/v1,
	// as http://mimir/prometheus. A query in it goes with every question.
	URL string
	// Client asks: with credentials, TLS and headers. It follows no redirects. Nil
	// is one without any of that.
	Client *http.Client
	// Limit bounds the body of an answer, in bytes; 0 is 128 MiB.
	Limit int64
}

// Server is one Prometheus server. It may be used by several goroutines, and
// holds nothing to be closed but what its client holds.
type Server struct {
	base   string // before /api/v1
	query  string // of the URL, as it was given
	client *http.Client
	limit  int64
	get    atomic.Bool // POST was refused, and GET was not
}

// Open checks the options and returns the server; nothing is asked. Its errors
// are *fleet.Error.
func Open(o Options) (*Server, error) {
	base, query, err := split(o.URL)
	if err != nil {
		return nil, err
	}
	s := &Server{base: base, query: query, client: o.Client, limit: o.Limit}
	if s.client == nil {
		s.client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	if s.limit <= 0 {
		s.limit = limitBytes
	}
	return s, nil
}

// split takes a server's URL apart. Errors repeat none of it: it may hold what
// should not be there.
func split(raw string) (base, query string, err error) {
	wrong := func(why, hint string) error {
		return &fleet.Error{Reason: probe.ReasonPolicy, Detail: "the URL of Prometheus: " + why, Hint: hint, Err: errURL}
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return "", "", wrong("want one that starts with http:// or https://", "as in http://127.0.0.1:9090")
	case u.User != nil:
		return "", "", wrong("credentials in a URL are refused", "they belong to a profile: prometheus: {url: URL, profile: NAME} in midwatch.yaml")
	}
	path := strings.TrimRight(u.EscapedPath(), "/")
	for _, end := range []string{"/query_range", "/query", "/api/v1", "/graph"} { // copied from a browser, or a manual
		path = strings.TrimRight(strings.TrimSuffix(path, end), "/")
	}
	return u.Scheme + "://" + u.Host + path, u.RawQuery, nil
}

var errURL = errors.New("not the URL of a Prometheus server")

// String is the address that is asked, without what may be a secret in it.
func (s *Server) String() string { return s.base }

// Query asks the server. Answers at an instant without a time are the server's
// present ones.
func (s *Server) Query(ctx context.Context, q metrics.Question) (metrics.Answer, error) {
	a, err := s.ask(ctx, q)
	if err != nil || !q.Explain {
		return a, err
	}
	return s.explain(ctx, q, a)
}

// ask sends one question and reads its answer.
func (s *Server) ask(ctx context.Context, q metrics.Question) (metrics.Answer, error) {
	path, form := "/api/v1/query", url.Values{"query": {q.Expr}}
	switch {
	case q.Step != 0:
		path = "/api/v1/query_range"
		form.Set("start", moment(q.Start))
		form.Set("end", moment(q.End))
		form.Set("step", seconds(q.Step))
	case !q.At.IsZero():
		form.Set("time", moment(q.At))
	}
	if deadline, ok := ctx.Deadline(); ok {
		// What nobody waits for any more, the server need not calculate.
		form.Set("timeout", seconds(max(time.Until(deadline), time.Millisecond)))
	}
	stream, err := s.send(ctx, path, form)
	if err != nil {
		return metrics.Answer{}, err
	}
	defer stream.Close()
	a, err := read(stream, q)
	if err != nil {
		return metrics.Answer{}, err
	}
	return arranged(q, a), nil
}

// send posts a form. A server, or a proxy before it, that refuses POST is asked
// by GET, then and from then on.
func (s *Server) send(ctx context.Context, path string, form url.Values) (*web.Stream, error) {
	where := s.base + path
	if !s.get.Load() {
		q := web.Question{Method: http.MethodPost, URL: join(where, s.query), Body: []byte(form.Encode()), Type: formType, Limit: s.limit}
		stream, err := web.Open(ctx, s.client, q)
		if err != nil || stream.Head.Code != http.StatusMethodNotAllowed && stream.Head.Code != http.StatusNotImplemented {
			return stream, err
		}
		stream.Close() // it says no more than that
	}
	stream, err := web.Open(ctx, s.client, web.Question{URL: join(where, s.query, form.Encode()), Limit: s.limit})
	if err == nil && stream.Head.OK() {
		s.get.Store(true)
	}
	return stream, err
}

// join adds queries to an address.
func join(address string, queries ...string) string {
	joint := "?"
	for _, q := range queries {
		if q != "" {
			address, joint = address+joint+q, "&"
		}
	}
	return address
}

// moment writes a time as Prometheus takes it: seconds since 1970 with three
// decimals.
func moment(t time.Time) string {
	ms := t.UnixMilli()
	sign := ""
	if ms < 0 {
		sign, ms = "-", -ms
	}
	return fmt.Sprintf("%s%d.%03d", sign, ms/1000, ms%1000)
}

// seconds writes a duration as Prometheus takes it.
func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) }
