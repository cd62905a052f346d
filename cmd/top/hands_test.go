package top_test

import (
	"context"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/cmdtest"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/cmd/top"
	"github.com/midwatch-cli/midwatch/fleet"
)

// next is the next snapshot of a feed.
func next(t *testing.T, feed <-chan *fleet.Snapshot) *fleet.Snapshot {
	t.Helper()
	select {
	case s, ok := <-feed:
		if !ok {
			t.Fatal("the feed has ended")
		}
		return s
	case <-time.After(20 * time.Second):
		t.Fatal("no snapshot came")
	}
	return nil
}

// TestReadNow: what happened since is seen when it is asked for, long before the
// interval is over, and so often when another interval is told.
func TestReadNow(t *testing.T) {
	var ill atomic.Bool
	addr := cmdtest.Handler(t, func(w http.ResponseWriter, _ *http.Request) {
		if ill.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = io.WriteString(w, `{"status":"UP"}`)
	})
	streams, _, _ := term.Test("")
	a := app.New(streams, func(string) string { return "" })
	a.Global.Registries = []string{cmdtest.Inventory(t, "pay 1="+addr)}
	s, err := a.Open(t.Context(), app.Probing{ProbeTimeout: time.Second, Attempts: 1, Parallel: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	sel, err := (&app.Selection{}).Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	hands, feed := top.Live(ctx, s, sel, time.Hour)
	if got := next(t, feed).Counts(); got.Up != 1 {
		t.Errorf("at first: %+v", got)
	}
	ill.Store(true)
	hands.Refresh()
	if got := next(t, feed).Counts(); got.Down != 1 {
		t.Errorf("read now: %+v", got)
	}
	hands.Interval(50 * time.Millisecond)
	for range 3 {
		next(t, feed)
	}
	stop()
	for range feed {
		continue
	}
	hands.Refresh() // a key that comes late does no harm
}
