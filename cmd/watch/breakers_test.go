package watch_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/midwatch-cli/midwatch/cmd/cmdtest"
)

// TestBreakers are watched beside health: a transition is an event of its own,
// with what the breaker counted or who holds it.
func TestBreakers(t *testing.T) {
	var breakers atomic.Value
	breakers.Store(`{"breaker":"payment","state":"closed"}`)
	f := &fleet{path: filepath.Join(t.TempDir(), "fleet.yaml")}
	f.addr = cmdtest.Handler(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/health":
			fmt.Fprint(w, `{"status":"UP"}`)
		case "/midwatch/breakers":
			fmt.Fprintf(w, `{"breakers":[%s]}`, breakers.Load())
		default:
			http.NotFound(w, r)
		}
	})
	cmdtest.Write(t, f.path, "pay 1="+f.addr)
	out, errs, end := f.watched(t, "--profile", "midwatch")
	errs.sees(t, "watching")
	breakers.Store(`{"breaker":"payment","state":"open","failureRate":0.62,"calls":50}`)
	out.sees(t, "Z  pay/1 up -> degraded: breaker payment open\n")
	out.sees(t, "Z  pay/1 breaker payment closed -> open: 62% failed of 50 calls\n")
	breakers.Store(`{"breaker":"payment","state":"forced_open","heldBy":"oncall-1","reason":"db move"}`)
	out.sees(t, `Z  pay/1 breaker payment open -> forced_open: oncall-1: "db move"`+"\n")
	end()
	out, errs, _ = f.watched(t, "--profile", "midwatch", "--jq", `select(.event=="breaker")|[.instance,.breaker,.from,.to]|join(" ")`)
	errs.sees(t, "watching")
	breakers.Store(`{"breaker":"payment","state":"closed"}`)
	out.sees(t, "1 payment forced_open closed\n")
}
