// Package collect gathers what instances say of themselves into the store of
// series: it finds their pages of metrics, reads them, keeps what they hold under
// the labels of the instance, and says what came of it. What a pass of midwatch
// saw goes beside it.
//
// As Prometheus does, it adds up, scrape_duration_seconds and
// scrape_samples_scraped for each instance that it asks, so that rules for those
// work as they are.
package collect

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/scrape"
	"github.com/midwatch-cli/midwatch/fleet/metrics/scrape/exposition"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series"
	"github.com/midwatch-cli/midwatch/probe"
)

// defaultTimeout is that of Prometheus.
const defaultTimeout = 10 * time.Second

// Options say where samples go and how they are asked for.
type Options struct {
	Store *series.Store
	// Client gives what asks with a profile's settings, and with its credentials
	// where they may be sent. It follows no redirects.
	Client func(profile string, credentials bool) (*http.Client, error)
	// Observed visits the series that a pass comes to, with their labels but
	// context, the name among them; each has them until it returns. nil: there are
	// none.
	Observed func(s *fleet.Snapshot, each func(l metrics.Labels, v float64))
	// Contexts says that several contexts are open, and the series are labelled
	// with theirs.
	Contexts bool
	Timeout  time.Duration // for one instance, all its questions; 0: 10 s
	Now      func() time.Time
	Log      *slog.Logger
}

// Collector is a metrics.Collector.
type Collector struct {
	o     Options
	asker *scrape.Asker

	mu       sync.Mutex
	sources  map[fleet.Key]*source
	services map[group]*service
	seen     map[string]*seen // by context
	several  map[string]bool  // addresses that the last pass had more than once
	shared   map[question]*shared
}

// New makes a Collector.
func New(o Options) *Collector {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	return &Collector{
		o: o, asker: scrape.NewAsker(), sources: map[fleet.Key]*source{}, services: map[group]*service{}, seen: map[string]*seen{}, shared: map[question]*shared{},
	}
}

// source is an instance as it is remembered between its pages.
type source struct {
	mu      sync.Mutex // held while it is read
	labels  metrics.Labels
	target  *series.Target
	own     [ownAll]series.ID
	hasOwn  bool
	decoder exposition.Decoder
	place   place // where its page is, if that is not where its service has it
}

// source finds what is remembered of an instance, and its service. One with new
// labels, as another version has, begins anew.
func (c *Collector) source(t *metrics.Target) (*source, *service) {
	l := c.labels(t)
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.sources[t.Key]
	if s == nil || s.labels.Compare(l) != 0 {
		s = &source{labels: l, target: c.o.Store.Target(l)}
		c.sources[t.Key] = s
	}
	of := group{t.Key.Ref, t.Version}
	v := c.services[of]
	if v == nil {
		v = &service{}
		c.services[of] = v
	}
	return s, v
}

func (c *Collector) labels(t *metrics.Target) metrics.Labels {
	if !c.o.Contexts {
		bare := *t
		bare.Key.Context = ""
		t = &bare
	}
	return t.Labels()
}

// Collect reads the page of one instance and keeps what it holds.
func (c *Collector) Collect(ctx context.Context, t metrics.Target) fleet.Scrape {
	s, of := c.source(&t)
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.Page.Refused != "" {
		s.lost(c.o.Now())
		return fleet.Scrape{Why: fleet.Why{Reason: probe.ReasonPolicy, Detail: t.Page.Refused}}
	}
	ctx, cancel := context.WithTimeout(ctx, c.o.Timeout)
	defer cancel()
	began := c.o.Now()
	client, err := c.o.Client(t.Page.Profile, t.Page.Credentials)
	if err != nil {
		s.lost(began)
		return failed(fleet.Scrape{}, err)
	}
	r := reading{c: c, s: s, of: of, client: client, page: t.Page, began: began}
	result, nowhere, err := r.read(ctx)
	at := c.o.Now()
	result.Took = at.Sub(began)
	switch {
	case err == nil:
		return result
	case nowhere:
		s.lost(at) // it has no page: that is not one that is down
	default:
		s.failed(at, result.Took)
	}
	return failed(result, err)
}

// failed puts what went wrong into a result.
func failed(s fleet.Scrape, err error) fleet.Scrape {
	s.Why.Reason, s.Why.Detail = fleet.ReasonOf(err)
	s.Hint = fleet.HintOf(err)
	return s
}

var _ metrics.Collector = (*Collector)(nil)
