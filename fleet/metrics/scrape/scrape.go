// Package scrape asks for a page of metrics and reads it: the text format of
// Prometheus, in its version 0.0.4, and OpenMetrics 1.0. Native histograms are
// not read: text does not have them.
package scrape

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/web"
	"github.com/midwatch-cli/midwatch/probe"
)

// accept names what is read, and nothing else: text first, because everybody
// has that. OpenMetrics is asked for with its charset, without which one stack
// answers 406.
const accept = "text/plain;version=0.0.4;q=1,application/openmetrics-text;version=1.0.0;charset=utf-8;q=0.5,*/*;q=0.1"

// The bounds of a page.
const (
	maxBytes   = 32 << 20
	maxSamples = 200_000
)

// The media types that the parser knows.
const (
	plainText   = "text/plain"
	openMetrics = "application/openmetrics-text"
)

// Label is one label of a sample.
type Label struct{ Name, Value string }

// Sample is one value of a page.
type Sample struct {
	Name   string
	Labels []Label // by name; without the sample's own
	Value  float64
	At     time.Time // as the page says it; zero where it does not, as most
}

// Label returns the value of a label; empty where there is none.
func (s *Sample) Label(name string) string {
	for _, l := range s.Labels {
		if l.Name == name {
			return l.Value
		}
	}
	return ""
}

// Page is a page that was read whole.
type Page struct {
	Samples []Sample      // in the page's order
	At      time.Time     // when the answer had come
	Took    time.Duration // from the question to that
}

// Get asks for a page. Its errors are *fleet.Error with a reason; what of a
// page could be read is not returned beside one. The client sends what proves
// who we are, and ctx has the deadline.
func Get(ctx context.Context, client *http.Client, url string) (Page, error) {
	began := time.Now()
	answer, err := web.Ask(ctx, client, web.Question{URL: url, Accept: accept, Limit: maxBytes})
	if err != nil {
		return Page{}, err
	}
	p := Page{At: time.Now()}
	p.Took = p.At.Sub(began)
	if err := answer.Err(); err != nil {
		return Page{}, err
	}
	if p.Samples, err = Read(answer.Body, answer.Type); err != nil {
		if start := bytes.TrimSpace(answer.Body); len(start) > 0 && start[0] == '<' {
			return Page{}, answer.Unreadable("it is no page of metrics")
		}
		return Page{}, &fleet.Error{Reason: probe.ReasonBody, Detail: fmt.Sprintf("%s: it is no page of metrics: %v", answer.Where, err), Err: err}
	}
	return p, nil
}

// errZero says that a page is something else: text has no such byte.
var errZero = errors.New("it holds a zero byte")

// errMany says that a page has too many samples to be one.
var errMany = fmt.Errorf("it has more than %d samples", maxSamples)

// Read reads a page of the media type as it was sent. A page may start with a
// byte order mark, end its lines with CRLF and its last with nothing: some do.
func Read(page []byte, kind string) ([]Sample, error) {
	if bytes.IndexByte(page, 0) >= 0 {
		return nil, errZero // the parser takes one for the end of the page
	}
	page = tidy(page)
	kind = kindOf(page, kind)
	parser, err := textparse.New(page, kind, labels.NewSymbolTable(), textparse.ParserOptions{FallbackContentType: plainText})
	if err != nil {
		return nil, clean(err)
	}
	// A sample takes about 100 bytes; a page that is a little larger grows.
	samples := make([]Sample, 0, len(page)/100)
	var set labels.Labels
	for {
		entry, err := parser.Next()
		switch {
		case errors.Is(err, io.EOF):
			return samples, nil
		case err != nil:
			return nil, clean(err)
		case entry != textparse.EntrySeries:
			continue
		case len(samples) == maxSamples:
			return nil, errMany
		}
		_, at, value := parser.Series()
		parser.Labels(&set)
		s := Sample{Value: value, Labels: make([]Label, 0, max(set.Len()-1, 0))}
		set.Range(func(l labels.Label) {
			if l.Name == model.MetricNameLabel {
				s.Name = l.Value
			} else {
				s.Labels = append(s.Labels, Label{l.Name, l.Value})
			}
		})
		if at != nil {
			s.At = time.UnixMilli(*at).UTC()
		}
		samples = append(samples, s)
	}
}

// tidy makes a page what the parser wants: no byte order mark, lines that end
// with a line feed, the last one too.
func tidy(page []byte) []byte {
	page = bytes.TrimPrefix(page, []byte("\xef\xbb\xbf"))
	if bytes.Contains(page, []byte("\r\n")) {
		page = bytes.ReplaceAll(page, []byte("\r\n"), []byte("\n"))
	}
	if len(page) > 0 && page[len(page)-1] != '\n' {
		page = append(page[:len(page):len(page)], '\n')
	}
	return page
}

// kindOf is the media type to read a page as. What ends as only OpenMetrics ends
// is that, whatever it is sent as.
func kindOf(page []byte, kind string) string {
	if bytes.HasSuffix(page, []byte("\n# EOF\n")) || bytes.Equal(page, []byte("# EOF\n")) {
		return openMetrics
	}
	if strings.HasPrefix(strings.ToLower(strings.TrimSpace(kind)), openMetrics) {
		return openMetrics // and it lacks its end: the parser says so
	}
	return plainText
}

// clean makes a line of what the parser says, which quotes the page.
func clean(err error) error {
	text := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0xfffd {
			return ' '
		}
		return r
	}, err.Error())
	const long = 160
	if len(text) > long {
		text = strings.ToValidUTF8(text[:long], "") + "..."
	}
	return errors.New(text)
}
