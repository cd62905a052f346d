package desk_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/breaker/memory"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/change/desk"
	"github.com/midwatch-cli/midwatch/fleet/change/kind"
)

// wires is breakers in memory behind a wire, so that another process can switch
// them: what it did is there when it is killed.
type wires struct {
	far    *memory.Far
	admin  breaker.Admin
	server *httptest.Server

	mu   sync.Mutex
	sets int
}

// wire is the state of a breaker, and an order, as they go over it.
type wire struct {
	State string      `json:",omitempty"`
	Hold  fleet.Hold  `json:",omitzero"`
	Order fleet.Order `json:",omitzero"`
	Error string      `json:",omitempty"`
}

func newWires(t *testing.T, instances int) *wires {
	t.Helper()
	w := &wires{far: &memory.Far{}}
	for n := range instances {
		w.far.Put(base(n), fleet.NewBreaker("payment", fleet.BreakerClosed))
	}
	var err error
	w.admin, err = w.far.Driver().Open(breaker.Options{})
	must(t, err)
	w.server = httptest.NewServer(http.HandlerFunc(w.serve))
	t.Cleanup(w.server.Close)
	return w
}

func base(n int) string { return fmt.Sprintf("memory://order-%d", n+1) }

func (w *wires) serve(out http.ResponseWriter, r *http.Request) {
	at := breaker.Site{Base: r.URL.Query().Get("base")}
	var answer wire
	var b fleet.Breaker
	var err error
	if r.Method == http.MethodPost {
		w.mu.Lock()
		w.sets++
		w.mu.Unlock()
		var asked wire
		if err = json.NewDecoder(r.Body).Decode(&asked); err == nil {
			b, err = w.admin.Set(r.Context(), at, "payment", asked.Order)
		}
	} else {
		var list []fleet.Breaker
		if list, err = w.admin.List(r.Context(), at); err == nil {
			b = list[0]
		}
	}
	if answer.State, answer.Hold = b.State.String(), b.Hold; err != nil {
		answer.Error = err.Error()
	}
	_ = json.NewEncoder(out).Encode(answer) // who asked may have been killed
}

// state is how each breaker is.
func (w *wires) state(t *testing.T, instances int) string {
	t.Helper()
	var all []string
	for n := range instances {
		list, err := w.admin.List(context.Background(), breaker.Site{Base: base(n)})
		must(t, err)
		all = append(all, list[0].State.String())
	}
	return strings.Join(all, " ")
}

// remote is the Admin at the other end of the wire.
type remote struct{ url string }

func (remote) Verbs() []fleet.Verb { return fleet.Verbs() }

func (r remote) ask(ctx context.Context, method, base string, asked wire) (fleet.Breaker, error) {
	body, err := json.Marshal(asked)
	if err != nil {
		return fleet.Breaker{}, err
	}
	req, err := http.NewRequestWithContext(ctx, method, r.url+"?base="+url.QueryEscape(base), bytes.NewReader(body))
	if err != nil {
		return fleet.Breaker{}, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fleet.Breaker{}, err
	}
	defer func() { _ = res.Body.Close() }()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		return fleet.Breaker{}, err
	}
	var answer wire
	if err := json.Unmarshal(data, &answer); err != nil {
		return fleet.Breaker{}, err
	}
	if answer.Error != "" {
		return fleet.Breaker{}, errors.New(answer.Error)
	}
	s, err := fleet.ParseBreakerState(answer.State)
	b := fleet.NewBreaker("payment", s)
	b.Hold = answer.Hold
	return b, err
}

func (r remote) List(ctx context.Context, at breaker.Site) ([]fleet.Breaker, error) {
	b, err := r.ask(ctx, http.MethodGet, at.Base, wire{})
	if err != nil {
		return nil, err
	}
	return []fleet.Breaker{b}, nil
}

func (r remote) Set(ctx context.Context, at breaker.Site, _ string, o fleet.Order) (fleet.Breaker, error) {
	return r.ask(ctx, http.MethodPost, at.Base, wire{Order: o})
}

func adminEnv(a breaker.Admin) kind.Env {
	return kind.Env{Admin: func(fleet.Administration) (breaker.Admin, error) { return a, nil }}
}

// ordering are intents for breaker payment of the first n instances of order.
func ordering(t testing.TB, n int, verb fleet.Verb) []change.Intent {
	t.Helper()
	var all []change.Intent
	for k := range n {
		i, err := change.BreakerIntent("prod", change.Target{
			Source: "etcd", Service: "order", Instance: fmt.Sprintf("order-%d", k+1), Breaker: "payment",
			Admin: &fleet.Administration{API: "memory", Base: base(k)},
		}, change.Order{Verb: verb})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, i)
	}
	return all
}

// operator is who makes changes in tests.
func operator(name string) change.Who { return change.Who{User: name, Host: "bastion-1"} }

func setup(env kind.Env, j change.Journal, who string) desk.Setup {
	s := desk.Setup{Env: env, Who: operator(who)}
	if j != nil {
		s.Journal = j
	}
	return s
}

// opener opens the same desk for every batch.
func opener(d change.Desk) desk.Opener {
	return func(context.Context, change.Origin) (change.Desk, func(), error) { return d, func() {}, nil }
}

// done fails unless a plan was carried out, and returns what came of it.
func done(t *testing.T, d change.Desk, p change.Plan, o change.Options) change.Outcome {
	t.Helper()
	out, err := d.Apply(t.Context(), p, o)
	must(t, err)
	for _, r := range out.Results {
		if r.State != change.Done {
			t.Fatalf("%s: %s, %v", r.What, r.State, r.Err)
		}
	}
	return out
}

const ended = 300 * time.Millisecond
