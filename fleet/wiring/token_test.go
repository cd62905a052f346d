package wiring_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
)

// token is a token server: client credentials in, "granted-TOKEN" out.
func token(w http.ResponseWriter, r *http.Request) {
	id, secret, basic := r.BasicAuth()
	if err := r.ParseForm(); err != nil || !basic || id != "midwatch" || secret != secrets["CLIENT"] || r.Form.Get("grant_type") != "client_credentials" {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprintf(w, `{"error":"invalid_client","error_description":"not with %s"}`, secret)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"access_token":"granted-%s","token_type":"Bearer","expires_in":3600}`, r.Form.Get("scope"))
}

// hang answers nothing until whoever asks hangs up, which a server sees once it
// has read the request.
func hang(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

func oauth(name, tokenURL string) fleet.Profile {
	return fleet.Profile{Name: name, Auth: fleet.Auth{OAuth2: &fleet.OAuth2{
		ClientID: "midwatch", ClientSecret: fleet.SecretRef{Env: "CLIENT"}, TokenURL: tokenURL, Scopes: []string{"health"},
	}}}
}

func TestOAuth2(t *testing.T) {
	far, server := record(t, nil), record(t, token)
	f := open(t, settings(), oauth("oauth", server.URL+"/token"))
	for range 3 {
		says(t, ask(t, f, "oauth", true, web(far.addr(), "/health")), probe.Pass, "")
		if got := far.one(t).Header.Get("Authorization"); got != "Bearer granted-health" {
			t.Errorf("Authorization %q", got)
		}
	}
	server.one(t) // one token for all
	says(t, ask(t, f, "oauth", false, web(far.addr(), "/health")), probe.Pass, "")
	if got := far.one(t).Header.Get("Authorization"); got != "" {
		t.Errorf("where no credentials may go: %q", got)
	}
	says(t, ask(t, f, "oauth", true, probe.Target{Kind: probe.GRPC, Address: far.addr()}), probe.Unknown, probe.ReasonPolicy, "oauth2")
	says(t, ask(t, f, "oauth", true, probe.Target{Kind: probe.TCP, Address: far.addr(), Named: true}), probe.Pass, "")
	// What the target itself does is still told as such.
	says(t, ask(t, f, "oauth", true, web(closed(t), "/health")), probe.Fail, probe.ReasonRefused)
}

// TestTheTokenServersTroubleIsNotTheServices is a bug that was: a token server
// that was out of reach made the whole fleet down, and one that hung held the
// questions for ever.
func TestTheTokenServersTroubleIsNotTheServices(t *testing.T) {
	far := record(t, nil)
	for name, c := range map[string]struct {
		url     func(t *testing.T) string
		words   string
		instant bool
	}{
		"refused":   {func(t *testing.T) string { return "http://" + closed(t) + "/token" }, "refused", true},
		"not found": {func(t *testing.T) string { return record(t, http.NotFound).URL }, "404", true},
		"no JSON": {func(t *testing.T) string {
			return record(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }).URL
		}, "", true},
		"hangs up": {func(t *testing.T) string {
			return record(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }).URL
		}, "", true},
		"other clients": {func(t *testing.T) string {
			return record(t, func(w http.ResponseWriter, r *http.Request) { r.SetBasicAuth("midwatch", "no"); token(w, r) }).URL
		}, "401", true},
		"hangs": {func(t *testing.T) string {
			return record(t, hang).URL
		}, "no answer in time", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := settings()
			s.ProbeTimeout = 300 * time.Millisecond
			url := c.url(t)
			f := open(t, s, oauth("oauth", url))
			start := time.Now()
			r := ask(t, f, "oauth", true, web(far.addr(), "/health"))
			says(t, r, probe.Unknown, probe.ReasonAuth, "cannot get a token", url, c.words)
			if took := time.Since(start); took > 2*time.Second || c.instant && took > time.Second {
				t.Errorf("it took %v", took)
			}
			if n := len(far.taken()); n != 0 {
				t.Errorf("it was asked %d times without a token", n)
			}
			if strings.Contains(r.Detail, "invalid_client") || strings.Contains(r.Detail, "<html>") {
				t.Errorf("what the token server wrote is in: %s", r.Detail)
			}
			if err := f.Close(); err != nil { // what still waits for a token ends with it
				t.Error(err)
			}
		})
	}
}

// TestATokenServerIsAskedByOneAtATime: a hundred questions that wait for a token
// are no hundred requests for one.
func TestATokenServerIsAskedByOneAtATime(t *testing.T) {
	var now, most atomic.Int64
	server := record(t, func(w http.ResponseWriter, r *http.Request) {
		most.Store(max(most.Load(), now.Add(1)))
		defer now.Add(-1)
		hang(w, r)
	})
	far := record(t, nil)
	s := settings()
	s.ProbeTimeout = 300 * time.Millisecond
	f := open(t, s, oauth("oauth", server.URL))
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if r := f.Sweeper().Prober("oauth", true).Probe(t.Context(), web(far.addr(), "/health")); r.Outcome != probe.Unknown {
				t.Errorf("%v: %s: %s", r.Outcome, r.Reason, r.Detail)
			}
		})
	}
	wg.Wait()
	if most.Load() != 1 {
		t.Errorf("%d asked for a token at once", most.Load())
	}
	if n := len(server.taken()); n > 3 {
		t.Errorf("%d requests for a token", n)
	}
}

func TestCancelledWhileWaitingForAToken(t *testing.T) {
	asked := make(chan struct{}, 1)
	server := record(t, func(w http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		hang(w, r)
	})
	s := settings()
	s.ProbeTimeout = time.Minute
	f := open(t, s, oauth("oauth", server.URL))
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	start := time.Now()
	r := f.Sweeper().Prober("oauth", true).Probe(ctx, web("127.0.0.1:1", "/health"))
	says(t, r, probe.Unknown, probe.ReasonCancelled)
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}
