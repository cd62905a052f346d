package collect

import (
	"bytes"
	"context"
	"net/http"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics/scrape"
	"github.com/midwatch-cli/midwatch/probe"
)

// question is a page as it is asked for. Equal ones, as of instances behind one
// address, are asked once in a pass: from the second pass on, when it is known
// which are.
type question struct {
	url         string
	profile     string
	credentials bool
	native      bool
}

// shared is the answer to several, for as long as the pass takes.
type shared struct {
	done   chan struct{} // closed when it is there
	answer scrape.Answer
	err    error
}

// each is one answer for each, with one body.
func (s *shared) each() (*scrape.Answer, error) {
	if s.err != nil {
		return nil, s.err
	}
	a := s.answer
	return &a, nil
}

// answer asks a question, or waits for who does.
func (c *Collector) answer(ctx context.Context, client *http.Client, q question) (*scrape.Answer, error) {
	c.mu.Lock()
	s, first := c.shared[q], false
	if c.several[q.url] && s == nil {
		s, first = &shared{done: make(chan struct{})}, true
		c.shared[q] = s
	}
	c.mu.Unlock()
	switch {
	case first:
		var a *scrape.Answer
		if a, s.err = c.asker.Ask(ctx, client, q.url, q.native); s.err == nil {
			s.answer = scrape.Answer{Where: a.Where, Type: a.Type, Form: a.Form, Note: a.Note, At: a.At, Took: a.Took}
			s.answer.Body = bytes.Clone(a.Body) // nobody knows when the last one has read it
			a.Release()
		}
		close(s.done)
		return s.each()
	case s != nil:
		select {
		case <-s.done:
			if !isOurs(s.err) {
				return s.each()
			}
		case <-ctx.Done():
		}
	}
	return c.asker.Ask(ctx, client, q.url, q.native)
}

// isOurs says whether it was the one who asked that gave up: others have a time of
// their own.
func isOurs(err error) bool {
	reason, _ := fleet.ReasonOf(err)
	return reason == probe.ReasonCancelled || reason == probe.ReasonTimeout
}

// severalOf are the addresses that more than one instance of a snapshot has.
func severalOf(s *fleet.Snapshot) map[string]bool {
	times, several := map[string]int{}, map[string]bool{}
	for i := range s.Services {
		for j := range s.Services[i].Instances {
			if page := s.Services[i].Instances[j].Plan.Metrics; page != nil {
				for _, u := range page.URLs {
					if times[u]++; times[u] > 1 {
						several[u] = true
					}
				}
			}
		}
	}
	return several
}
