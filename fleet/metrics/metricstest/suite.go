// Package metricstest holds everything that answers PromQL to the contract of
// metrics.Querier: the engine over series in memory, a recording of a Prometheus
// server, the server itself. A world holds the series of Data and hands its
// Querier to the suite:
//
//	func TestConformance(t *testing.T) { metricstest.Run(t, freshWorld) }
//
// Each case carries the sentence of its rule and prints it when it fails. No
// world can drop a case: what one cannot do is in a closed list here, see
// excusable.
package metricstest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/worldtest"
)

// World answers questions about the series of Data.
type World struct {
	// Querier is held to its contract.
	Querier metrics.Querier
	// At is when the newest samples of Data are from: a whole minute.
	At time.Time
	// Cannot says why the world cannot do something of the closed list.
	Cannot map[Hand]string
}

// Hand is something that a world may be unable to do.
type Hand string

// The hands.
const (
	HandNative Hand = "native" // it has native histograms
)

// excusable are the hands that a world may lack.
func excusable() []Hand { return []Hand{HandNative} }

// oneCase is a rule and how it is checked.
type oneCase struct {
	name string
	rule string
	run  func(s *session)
}

// cases is the whole suite.
func cases() []oneCase {
	return []oneCase{
		{"instant/vector", "an instant has each series once, sorted by labels, its name among them, one point at the moment asked about", instantVector},
		{"instant/matrix", "a range selector gives the samples as they are", instantMatrix},
		{"instant/scalar", "a scalar is one series without labels", instantScalar},
		{"instant/string", "a string is a text", instantString},
		{"instant/empty", "nothing found is an empty answer, not an error", instantEmpty},
		{"instant/absent", "that nothing is there can be asked for", instantAbsent},
		{"instant/order", "what the expression sorts stays as it sorts it", instantOrder},
		{"instant/lookback", "a series that ended is there for five minutes, then not", instantLookback},
		{"range/steps", "a range has a point at each step, its start and end included, series sorted by labels", rangeSteps},
		{"range/gaps", "steps without a value are left out", rangeGaps},
		{"range/scalar", "a scalar over a range is a matrix", rangeScalar},
		{"value/exact", "values are the same bits: the smallest and largest, thirds, infinities, and NaN", valueExact},
		{"value/labels", "label values come back as they are: quotes, line ends, escapes, other scripts", valueLabels},
		{"value/rate", "rate, resets, quantiles and averages are Prometheus' own", valueRate},
		{"value/native", "a native histogram has count, sum, and all its buckets", valueNative},
		{"error/parse", "what cannot be parsed is the expression's fault, with its place", errorParse},
		{"error/function", "an unknown function is the expression's fault, with its place", errorFunction},
		{"error/type", "a wrong type is the expression's fault, with its place", errorType},
		{"error/join", "what cannot be joined is the expression's fault", errorJoin},
		{"error/same", "two results of the same labels are the expression's fault", errorSame},
		{"error/cancel", "a cancelled context ends it with the context's error", errorCancel},
		{"error/deadline", "a deadline that is over ends it with the context's error, and as a timeout", errorDeadline},
		{"explain/each", "each selector is told with the series and samples it found, where that is asked for", explainEach},
		{"explain/range", "... over all that a range reads", explainRange},
		{"explain/unasked", "nothing is told where nobody asks", explainUnasked},
		{"use/concurrent", "eight callers at a time", useConcurrent},
	}
}

// Run runs every case, each on a world of its own.
func Run(t *testing.T, fresh func(t testing.TB) World) {
	for _, c := range cases() {
		t.Run(c.name, func(t *testing.T) { c.try(t, fresh(t)) })
	}
}

// Try runs one case on a world and returns what it found wrong, without failing
// t. It shows that the suite can fail: hand it a world that is broken on
// purpose.
func Try(t testing.TB, name string, w World) []string {
	t.Helper()
	all := cases()
	i := slices.IndexFunc(all, func(c oneCase) bool { return c.name == name })
	if i < 0 {
		t.Fatalf("no case is called %s", name)
	}
	return worldtest.Failures(t, func(t testing.TB) { all[i].try(t, w) })
}

// Names lists the cases.
func Names() (names []string) {
	for _, c := range cases() {
		names = append(names, c.name)
	}
	return names
}

func (c oneCase) try(t testing.TB, w World) {
	t.Helper()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the rule of %s: %s", c.name, c.rule)
		}
	})
	for h, why := range w.Cannot {
		if !slices.Contains(excusable(), h) || strings.TrimSpace(why) == "" {
			t.Fatalf("a world may not excuse itself from %s: %q", h, why)
		}
	}
	c.run(&session{TB: t, World: w})
}

// session is one case on one world.
type session struct {
	testing.TB
	World
}

func (s *session) cannot(h Hand) bool { return s.Cannot[h] != "" }

// moment is when instants are asked about: between two samples, so that it is
// the same whether a range has its left end (Prometheus before 3.0) or not.
func (s *session) moment() time.Time { return s.At.Add(7 * time.Second) }

// instant asks, and wants an answer.
func (s *session) instant(expr string) metrics.Answer {
	s.Helper()
	return s.ask(metrics.Question{Expr: expr, At: s.moment()})
}

// over asks about the last two minutes, each 15 seconds.
func (s *session) over(expr string) metrics.Answer {
	s.Helper()
	return s.ask(metrics.Question{Expr: expr, Start: s.moment().Add(-2 * time.Minute), End: s.moment(), Step: Step})
}

func (s *session) ask(q metrics.Question) metrics.Answer {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), 30*time.Second)
	defer cancel()
	a, err := s.Querier.Query(ctx, q)
	if err != nil {
		s.Fatalf("%s: %v", q.Expr, err)
	}
	if len(a.Warnings) > 0 {
		s.Errorf("%s: warnings: %v", q.Expr, a.Warnings)
	}
	return a
}

// refused asks, and wants an error about the expression. It returns its text.
func (s *session) refused(expr string) string {
	s.Helper()
	a, err := s.Querier.Query(s.Context(), metrics.Question{Expr: expr, At: s.moment()})
	var e *fleet.Error
	switch {
	case err == nil:
		s.Fatalf("%s was answered: %+v", expr, a)
	case !errors.As(err, &e):
		s.Fatalf("%s: %T is no *fleet.Error: %v", expr, err, err)
	case !errors.Is(err, metrics.ErrExpression):
		s.Fatalf("%s: it is not said that the expression is at fault: %v", expr, err)
	case !fleet.IsReason(string(e.Reason)):
		s.Errorf("%s: the reason %q is not of the closed list", expr, e.Reason)
	}
	return e.Error()
}
