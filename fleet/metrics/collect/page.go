package collect

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics/scrape"
	"github.com/midwatch-cli/midwatch/fleet/metrics/scrape/exposition"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series"
	"github.com/midwatch-cli/midwatch/probe"
)

// The series that Prometheus adds for each target.
const (
	ownUp = iota
	ownDuration
	ownSamples
	ownAll
)

var ownNames = [ownAll]string{"up", "scrape_duration_seconds", "scrape_samples_scraped"}

// failed ends the series of an instance whose page could not be read, and says
// so in its own ones.
func (s *source) failed(at time.Time, took time.Duration) {
	s.decoder.Forget()
	s.target.Begin(at.UnixMilli())
	s.name()
	s.report(at.UnixMilli(), [ownAll]float64{ownDuration: took.Seconds()})
	s.target.Finish()
}

// lost ends all series of an instance that has no page, or must not be asked.
func (s *source) lost(at time.Time) {
	s.decoder.Forget()
	if s.hasOwn { // else there is nothing to end
		s.target.Lost(at.UnixMilli())
	}
}

// name gets the ids of its own series, before those of the page: they have a
// place always.
func (s *source) name() {
	for i, name := range ownNames {
		if s.hasOwn && s.target.Known(s.own[i]) {
			continue
		}
		id, ok := s.target.Series(labels.FromStrings(model.MetricNameLabel, name))
		if !ok {
			return // the store is full, and counts it
		}
		s.own[i] = id
	}
	s.hasOwn = true
}

// report appends what is said of the reading itself. A page was begun.
func (s *source) report(at int64, values [ownAll]float64) {
	for i, v := range values {
		if s.hasOwn {
			s.target.Append(s.own[i], at, v)
		}
	}
}

// keeper puts what a page holds into the store.
type keeper struct {
	target         *series.Target
	at             int64
	early, refused int
	own            int   // samples that bring a time of their own
	off            int64 // the farthest of those from ours, in milliseconds; below 0 where it is behind
	void           bool  // an id does not stand any longer
}

func (k *keeper) New(l labels.Labels) (uint32, bool) {
	id, ok := k.target.Series(l)
	return uint32(id), ok
}

func (k *keeper) Value(id uint32, at int64, v float64) {
	k.timed(at)
	if !k.target.Append(series.ID(id), at, v) {
		k.dropped(id, at)
	}
}

func (k *keeper) Histogram(id uint32, at int64, h *histogram.FloatHistogram) {
	k.timed(at)
	if !k.target.AppendHistogram(series.ID(id), at, h) {
		k.dropped(id, at)
	}
}

// timed notes a sample's own time.
func (k *keeper) timed(at int64) {
	if at == k.at {
		return
	}
	k.own++
	if off := at - k.at; max(off, -off) > max(k.off, -k.off) {
		k.off = off
	}
}

// apart says how far the times of a page are from ours, where all of its samples
// bring their own: what is computed over a time of ours may miss them.
func (k *keeper) apart(samples int) string {
	off := time.Duration(k.off) * time.Millisecond
	switch {
	case k.own < samples || off.Abs() < time.Second:
		return ""
	case off < 0:
		return fmt.Sprintf("all its samples bring times of their own, as far as %v behind", -off.Round(time.Second))
	}
	return fmt.Sprintf("all its samples bring times of their own, as far as %v ahead", off.Round(time.Second))
}

func (k *keeper) dropped(id uint32, at int64) {
	if k.refused++; at > k.at {
		k.early++
	}
	k.void = k.void || !k.target.Known(series.ID(id))
}

// ask asks one address, and keeps the page.
func (r *reading) ask(ctx context.Context, url string) (fleet.Scrape, error) {
	native, known := r.of.wantsNative()
	q := question{url, r.page.Profile, r.page.Credentials, native}
	answer, err := r.c.answer(ctx, r.client, q)
	if err != nil {
		return fleet.Scrape{URL: url}, err
	}
	defer answer.Release()
	result, report, err := r.keep(url, answer, time.Time{})
	if err != nil || known || !report.Native {
		return result, err
	}
	q.native = true
	more, err := r.c.answer(ctx, r.client, q)
	if err == nil {
		defer more.Release()
	}
	// The same page in text would be refused, and tell nothing new.
	if err == nil && strings.HasPrefix(more.Type, "application/vnd.google.protobuf") {
		if better, _, err := r.keep(url, more, result.At); err == nil {
			r.of.foundNative(true)
			return better, nil
		}
	}
	r.of.foundNative(false)
	return result, nil
}

// keep reads a page into the store, as one that is later than another.
func (r *reading) keep(url string, answer *scrape.Answer, other time.Time) (fleet.Scrape, exposition.Report, error) {
	at := r.c.o.Now()
	if least := other.Add(time.Millisecond); !other.IsZero() && at.Before(least) {
		at = least
	}
	result := fleet.Scrape{URL: url, At: at}
	k := keeper{target: r.s.target, at: at.UnixMilli()}
	k.target.Begin(k.at)
	r.s.name()
	report, err := r.s.decoder.Decode(answer.Body, answer.Type, k.at, &k)
	if err != nil {
		return result, report, answer.Wrong(err)
	}
	if r.guessing && report.Samples+report.Dropped == 0 {
		return result, report, answer.Wrong(errEmpty)
	}
	r.s.report(k.at, [ownAll]float64{ownUp: 1, ownDuration: at.Sub(r.began).Seconds(), ownSamples: float64(report.Samples + report.Dropped)})
	k.target.Finish()
	if k.void {
		r.s.decoder.Forget()
	}
	result.Form, result.Samples, result.Dropped = report.Form, report.Samples-k.refused, report.Dropped+k.refused
	var notes []string
	if answer.Form != "" {
		result.Form = answer.Form
	}
	if answer.Note != "" {
		notes = append(notes, string(answer.Note))
	}
	for _, n := range report.Notes {
		notes = append(notes, string(n))
	}
	if note := k.apart(report.Samples); note != "" {
		notes = append(notes, note)
	}
	if k.early > 0 {
		notes = append(notes, fmt.Sprintf("%d dropped, as more than ten minutes ahead", k.early))
	}
	if late := k.refused - k.early; late > 0 {
		notes = append(notes, fmt.Sprintf("%d dropped, as too old, or older than what is there", late))
	}
	result.Note = strings.Join(notes, "; ")
	return result, report, nil
}

// reading is one question for the page of an instance.
type reading struct {
	c      *Collector
	s      *source
	of     *service
	client *http.Client
	page   fleet.Exposition
	began  time.Time

	guessing bool // a page without samples is not what is looked for
}

// errEmpty is the answer of servers that have one for every path.
var errEmpty = &fleet.Error{Reason: probe.ReasonBody, Detail: "it holds no samples", Err: exposition.ErrOther}
