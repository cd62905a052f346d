package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
)

// Stream is an answer that is read as it comes: for those too large to be held
// twice. It reads no more than its question's limit, and what goes wrong on the
// way is a *fleet.Error as those of Ask are.
type Stream struct {
	Head *Answer // its Body is empty, see Whole

	ctx         context.Context // of the question, which its body is a part of
	body        io.ReadCloser
	limit, left int64
}

// Open sends a question and returns once the answer begins. The caller closes
// it.
func Open(ctx context.Context, client *http.Client, q Question) (*Stream, error) {
	req, err := q.request(ctx)
	if err != nil {
		return nil, err
	}
	s := &Stream{Head: &Answer{Where: place(req.URL)}, ctx: ctx, limit: q.Limit}
	if s.limit <= 0 {
		s.limit = defaultLimit
	}
	s.left = s.limit
	resp, err := client.Do(req) //nolint:bodyclose // Close does
	if err != nil {
		return nil, s.Head.Failed(ctx, err)
	}
	s.Head.Code, s.Head.Type, s.Head.Packed = resp.StatusCode, resp.Header.Get("Content-Type"), resp.Header.Get("Content-Encoding")
	s.body = resp.Body
	return s, nil
}

func (q *Question) request(ctx context.Context) (*http.Request, error) {
	method := q.Method
	if method == "" {
		method = http.MethodGet
		if len(q.Body) > 0 {
			method = http.MethodPost
		}
	}
	var body io.Reader
	if len(q.Body) > 0 {
		body = bytes.NewReader(q.Body)
	}
	req, err := http.NewRequestWithContext(ctx, method, q.URL, body)
	if err != nil {
		return nil, &fleet.Error{Reason: probe.ReasonInternal, Detail: fmt.Sprintf("%q is no address", q.URL), Err: err}
	}
	set := func(name, value string) {
		if value == "" {
			value = JSON
		}
		req.Header.Set(name, value)
	}
	set("Accept", q.Accept)
	if len(q.Body) > 0 {
		set("Content-Type", q.Type)
	}
	if q.Packed != "" {
		req.Header.Set("Accept-Encoding", q.Packed)
	}
	return req, nil
}

// Read reads on.
func (s *Stream) Read(p []byte) (int, error) {
	if int64(len(p)) > s.left+1 {
		p = p[:s.left+1]
	}
	n, err := s.body.Read(p)
	if s.left -= int64(n); s.left < 0 {
		return n + int(s.left), s.Head.TooLong(s.limit)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = s.Head.Failed(s.ctx, err)
	}
	return n, err
}

// Whole reads the rest and returns the answer with it.
func (s *Stream) Whole() (*Answer, error) {
	rest, err := io.ReadAll(s)
	if err != nil {
		return nil, err
	}
	whole := *s.Head
	whole.Body = rest
	return &whole, nil
}

// Close ends it, wherever it stands.
func (s *Stream) Close() { _ = s.body.Close() }
