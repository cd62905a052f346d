package kind_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/breaker/mapping"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/change/kind"
)

// blunt is a service with an endpoint of its own, that has one word for a breaker
// that opened and for one that somebody opened.
type blunt struct {
	mu    sync.Mutex
	state string
}

func (b *blunt) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r.Method == http.MethodPost {
		b.state = map[bool]string{true: "OPEN", false: "CLOSED"}[strings.HasSuffix(r.URL.Path, "/open")]
	}
	fmt.Fprintf(w, `{"breakers":[{"name":"payment","state":%q}]}`, b.state)
}

func (b *blunt) is(state string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if state != "" {
		b.state = state
	}
	return b.state
}

// TestOneWordForOpen: where nobody can tell a breaker that somebody opened from
// one that opened by itself, a trip counts all the same, and can be undone.
func TestOneWordForOpen(t *testing.T) {
	far := &blunt{state: "CLOSED"}
	server := httptest.NewServer(far)
	defer server.Close()
	admin, err := mapping.Driver().Open(breaker.Options{Client: server.Client(), API: fleet.BreakerAPI{API: mapping.Name, Mapping: &fleet.BreakerMapping{
		List: fleet.MappedRequest{Path: "/circuits"}, Items: "/breakers", Name: "/name", State: "/state",
		Set: map[fleet.Verb]fleet.MappedRequest{fleet.Trip: {Path: "/circuits/{name}/open"}, fleet.Reset: {Path: "/circuits/{name}/close"}},
	}}})
	must(t, err)
	env := kind.Env{Admin: func(fleet.Administration) (breaker.Admin, error) { return admin, nil }}
	open := func() change.Change {
		i := ordering(t, change.Order{Verb: fleet.Trip})
		i.Target.Admin.Base = server.URL
		c, err := kind.Open(env, i)
		must(t, err)
		c.(change.Marker).Mark(marks)
		return c
	}
	c := open()
	b := mustPrepare(t, c)
	must(t, c.Do(t.Context(), b))
	for _, when := range []string{"as it was answered", "as it is read"} {
		if seen, err := c.After(t.Context(), b); err != nil || !seen.OK || !seen.Changed || seen.Back || seen.Text != "open" {
			t.Errorf("%s: %+v, %v", when, seen, err)
		}
	}
	other := open() // another process
	if h := other.(change.Holder); !h.Made(mustPrepare(t, other)) {
		t.Error("what is there is not known for what was done")
	}
	must(t, other.Undo(t.Context(), b))
	if got := far.is(""); got != "CLOSED" {
		t.Errorf("undone, it is %s", got)
	}
	if seen, err := other.After(t.Context(), b); err != nil || !seen.Back {
		t.Errorf("undone: %+v, %v", seen, err)
	}
	// One that opened by itself is tripped, as it would close again by itself.
	far.is("OPEN")
	if h, held := c.(change.Holder).Held(mustPrepare(t, c)); held {
		t.Errorf("one that is open is held by %+v", h)
	}
}
