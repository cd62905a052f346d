package record_test

import (
	"encoding/base64"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/cmdtest"
	"github.com/midwatch-cli/midwatch/cmd/record"
	"github.com/midwatch-cli/midwatch/fleet"
	recording "github.com/midwatch-cli/midwatch/fleet/record"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// made records for a moment and returns what is in the file.
func made(t *testing.T, c cmdtest.Command, args ...string) (*recording.Recording, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.jsonl")
	c.New = record.New
	if r := c.Run(t, append([]string{"--to", path, "--attempts", "1", "--interval", "100ms", "--duration", "3s"}, args...)...); r.Err != nil {
		t.Fatalf("ended with %v\n%s%s", r.Err, r.Out, r.Errs)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r, err := recording.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r, string(data)
}

// passes are the newest over each context, of the last place.
func passes(t *testing.T, r *recording.Recording) []recording.Pass {
	t.Helper()
	d := r.Reader()
	defer d.Close()
	all, err := d.At(r.Passes() - 1)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestNoSecretIsInTheFile: services that repeat whatever proves who we are, in
// every place that is recorded.
func TestNoSecretIsInTheFile(t *testing.T) {
	secrets := map[string]string{"TOKEN": "t0ken-that-is-ours", "PASSWORD": `pa"ss<w>ord/&`, "KEY": "k3y-that-is-ours", "COOKIE": "session=c00kie-that-is-ours"}
	var mu sync.Mutex
	heard := ""
	echo := func(w http.ResponseWriter, r *http.Request) {
		var all []string
		for name, values := range r.Header {
			all = append(all, name+": "+strings.Join(values, " "))
		}
		user, password, _ := r.BasicAuth()
		text := strings.Join(append(all, user, password, r.URL.String()), "\n")
		mu.Lock()
		heard += text + "\n"
		mu.Unlock()
		quoted := func(s string) string { return strings.NewReplacer("\\", "\\\\", `"`, `\"`, "\n", `\n`).Replace(s) }
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Echo", quoted(text))
		switch r.URL.Path {
		case "/health":
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprintf(w, `{"status":"DOWN %s","components":{"%s":{"status":"DOWN","details":{"error":"%s"}}}}`, quoted(text), quoted(text), quoted(text))
		case "/midwatch/breakers":
			fmt.Fprintf(w, `{"breakers":[{"breaker":"b %s","state":"forced_open","heldBy":"%s","reason":"%s"}]}`, quoted(text), quoted(text), quoted(text))
		case "/metrics":
			w.Header().Set("Content-Type", "text/plain; version=0.0.4")
			fmt.Fprintf(w, "# HELP echo %s\necho{told=\"%s\"} 1\n", quoted(text), quoted(text))
		default:
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, html.EscapeString(text))
		}
	}
	addr := cmdtest.Handler(t, echo)
	var profiles, services strings.Builder
	for name, auth := range map[string]string{
		"bearer": "auth: {bearer: env:TOKEN}", "basic": "auth: {basic: {username: us, password: env:PASSWORD}}",
		"header": "headers: {X-Api-Key: env:KEY}", "cookie": "headers: {Cookie: env:COOKIE}",
	} {
		fmt.Fprintf(&profiles, "  %s: {extends: midwatch, health: {path: /health}, %s}\n  %sElsewhere: {extends: midwatch, health: {path: /nowhere}, %s}\n", name, auth, name, auth)
		for _, profile := range []string{name, name + "Elsewhere"} {
			fmt.Fprintf(&services, "  - {name: %s, instances: [{id: a, address: %q, labels: {profile: %s}}]}\n", strings.ToLower(profile), addr, profile)
		}
	}
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	fleetFile := write("fleet.yaml", "services:\n"+services.String())
	config := write("midwatch.yaml", "profiles:\n"+profiles.String()+"contexts:\n  - name: prod\n    registries:\n      - file://"+fleetFile+
		"\n      - {url: \"consul://"+addr+"\", token: env:TOKEN}\n")
	_, text := made(t, cmdtest.Command{Env: secrets}, "--config", config)
	for name, secret := range secrets {
		if _, value, ok := strings.Cut(secret, "="); ok {
			secret = value
		}
		mu.Lock()
		if !strings.Contains(heard, secret) {
			t.Errorf("%s was never sent: nothing was tried", name)
		}
		mu.Unlock()
		quoted := strings.NewReplacer(`"`, `\"`).Replace(secret)
		for _, form := range []string{
			secret, quoted, strings.ReplaceAll(quoted, "&", `\u0026`), html.EscapeString(secret), url.QueryEscape(secret), url.PathEscape(secret),
			base64.StdEncoding.EncodeToString([]byte("us:" + secret)),
		} {
			if at := strings.Index(text, form); at >= 0 {
				t.Errorf("%s is in the file, as %q: ...%s", name, form, text[max(0, at-100):min(len(text), at+100)])
			}
		}
	}
	if !strings.Contains(text, "***") || !strings.Contains(text, "X-Api-Key") {
		t.Error("what the services said is not in the file")
	}
}

// TestHolds: who held a breaker by our own journal is in the recording.
func TestHolds(t *testing.T) {
	addr := cmdtest.Handler(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path != "/midwatch/breakers" {
			fmt.Fprint(w, `{"status":"UP"}`)
			return
		}
		fmt.Fprint(w, `{"breakers":[{"breaker":"payment","state":"forced_open"},{"breaker":"user","state":"closed"}]}`)
	})
	want := fleet.Hold{By: "oncall-1", Reason: "db move", Change: "1K9", Until: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	c := cmdtest.Command{Prepare: func(a *app.App) {
		a.Holders = func(_ fleet.Key, b *fleet.Breaker) fleet.Hold {
			if b.Name == "payment" {
				return want
			}
			return fleet.Hold{}
		}
	}}
	r, _ := made(t, c, "--profile", "midwatch", "--registry", cmdtest.Inventory(t, "order 1="+addr))
	holds := passes(t, r)[0].Holds
	if len(holds) != 1 || holds[0].Hold != want || holds[0].Breaker != "payment" || holds[0].Key.Instance != "1" {
		t.Errorf("%+v", holds)
	}
}

// TestContexts are recorded side by side, and what was left out is known.
func TestContexts(t *testing.T) {
	up := cmdtest.Up(t)
	dir := t.TempDir()
	config := filepath.Join(dir, "midwatch.yaml")
	text := "contexts:\n  - {name: prod, registries: [\"" + cmdtest.Inventory(t, "payment 1="+up, "user 1="+up) + "\"]}\n" +
		"  - {name: test, registries: [\"" + cmdtest.Inventory(t, "payment 1="+up+" 2="+up) + "\"]}\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r, _ := made(t, cmdtest.Command{}, "payment", "--config", config, "--all-contexts")
	all := passes(t, r)
	if len(all) != 2 || strings.Join(r.Contexts, ",") != "prod,test" || strings.Join(r.Selection, " ") != "payment" {
		t.Fatalf("%d contexts, %+v", len(all), r.Header)
	}
	for _, p := range all {
		instances, known := map[string]int{"prod": 1, "test": 2}, map[string]int{"prod": 2, "test": 1}
		if c := p.Snapshot.Counts(); c.Services != 1 || c.Instances != instances[p.Snapshot.Context] || len(p.Known) != known[p.Snapshot.Context] {
			t.Errorf("%s: %+v, %v", p.Snapshot.Context, c, p.Known)
		}
	}
}

// TestMetrics are recorded unless they are not wanted.
func TestMetrics(t *testing.T) {
	addr := cmdtest.Handler(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/metrics" {
			w.Header().Set("Content-Type", "text/plain; version=0.0.4")
			fmt.Fprint(w, "requests_total 7\n")
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"status":"UP"}`)
	})
	registry := cmdtest.Inventory(t, "order 1="+addr)
	r, text := made(t, cmdtest.Command{}, "--registry", registry)
	if !r.Metrics || r.End.Samples == 0 || !strings.Contains(text, `{"__name__":"requests_total"}`) || strings.Contains(text, `"__name__":"midwatch_`) {
		t.Errorf("%+v, %+v\n%s", r.Header, r.End, text)
	}
	if in := passes(t, r)[0].Snapshot.Services[0].Instances[0]; in.Scrape.Samples != 1 || in.Plan.Metrics == nil {
		t.Errorf("%+v", in.Scrape)
	}
	r, text = made(t, cmdtest.Command{}, "--registry", registry, "--no-metrics")
	if r.Metrics || r.End.Samples > 0 || strings.Contains(text, "requests_total") {
		t.Errorf("unwanted: %+v, %+v", r.Header, r.End)
	}
}
