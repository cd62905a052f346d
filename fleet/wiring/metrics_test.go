package wiring_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/wiring"
	"github.com/midwatch-cli/midwatch/probe"
)

// page reads one with the client of a profile.
func page(t *testing.T, f *wiring.Fleet, profile string, credentials bool, url string) (string, error) {
	t.Helper()
	client, err := f.MetricsClient(profile, credentials)
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = errors.New(resp.Status)
	}
	return string(body), err
}

func TestPagesAreAskedForAsTheirProfilesSay(t *testing.T) {
	far := record(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "up 1\n") })
	ca := newAuthority(t)
	overTLS := recordTLS(t, ca.server(t, "", time.Time{}, false), func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "up 1\n") })
	all := proving()
	all["tls"] = fleet.Profile{Name: "tls", TLS: fleet.TLSSettings{CA: ca.file("ca.pem")}, Auth: fleet.Auth{Bearer: fleet.SecretRef{Env: "TOKEN"}}}
	all["untrusting"] = fleet.Profile{Name: "untrusting"}
	for _, tt := range []struct {
		profile     string
		credentials bool
		far         *recorder
		want        map[string]string // headers; empty: it must not be there; nil: it is not read
	}{
		{"", false, far, map[string]string{"Authorization": "", "User-Agent": "midwatch/test"}},
		{"basic", true, far, map[string]string{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte("midwatch:"+secrets["PASSWORD"]))}},
		{"basic", false, far, map[string]string{"Authorization": ""}},
		{"header", true, far, map[string]string{"X-Api-Key": secrets["KEY"], "X-Team": "shop"}},
		{"header", false, far, map[string]string{"X-Api-Key": "", "X-Team": "shop"}},
		{"tls", true, overTLS, map[string]string{"Authorization": "Bearer " + secrets["TOKEN"]}},
		{"untrusting", true, overTLS, nil},
	} {
		t.Run(fmt.Sprintf("%s %v", tt.profile, tt.credentials), func(t *testing.T) {
			f := open(t, settings(), all[tt.profile])
			tt.far.taken()
			body, err := page(t, f, tt.profile, tt.credentials, tt.far.URL+"/metrics")
			if tt.want == nil {
				if err == nil {
					t.Errorf("read %q", body)
				}
				return
			}
			if err != nil || body != "up 1\n" {
				t.Fatalf("%q, %v", body, err)
			}
			req := tt.far.one(t)
			for name, want := range tt.want {
				if got := req.Header.Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
		})
	}
}

// TestPagesKeepTheirConnection, as they are asked for again and again, and lead
// nowhere else.
func TestPagesKeepTheirConnection(t *testing.T) {
	elsewhere := record(t, nil)
	far := record(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			http.Redirect(w, r, elsewhere.URL, http.StatusFound)
		}
		fmt.Fprint(w, r.RemoteAddr)
	})
	f := open(t, settings())
	seen := map[string]bool{}
	for range 5 {
		from, err := page(t, f, "", false, far.URL)
		if err != nil {
			t.Fatal(err)
		}
		seen[from] = true
	}
	if len(seen) != 1 {
		t.Errorf("%d connections for five pages", len(seen))
	}
	if _, err := page(t, f, "", false, far.URL+"/away"); err == nil || !strings.Contains(err.Error(), "302") || len(elsewhere.taken()) != 0 {
		t.Errorf("followed: %v", err)
	}
}

func TestPagesThatCannotBeAskedFor(t *testing.T) {
	f := open(t, settings(), fleet.Profile{Name: "p", Auth: fleet.Auth{Bearer: fleet.SecretRef{Env: "NOWHERE"}}})
	_, err := f.MetricsClient("p", true)
	reason, detail := fleet.ReasonOf(err)
	if reason != probe.ReasonPolicy || !strings.Contains(detail, `profile "p"`) || !strings.Contains(detail, "NOWHERE") {
		t.Errorf("%q: %s", reason, detail)
	}
	if _, err := f.MetricsClient("p", false); err != nil {
		t.Errorf("without credentials: %v", err)
	}
}

// basket collects where it was sent.
type basket struct {
	targets  []metrics.Target
	deadline time.Duration
	passes   int
}

func (b *basket) Collect(ctx context.Context, t metrics.Target) fleet.Scrape {
	end, _ := ctx.Deadline()
	b.targets, b.deadline = append(b.targets, t), time.Until(end)
	return fleet.Scrape{URL: t.Page.URLs[0], Samples: 1}
}
func (b *basket) Observe(*fleet.Snapshot) { b.passes++ }

func TestSweepersReadMetricsWhereTheyAreToldTo(t *testing.T) {
	far := record(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"status":"UP"}`) })
	f := open(t, settings())
	order := fleet.Service{Ref: fleet.Ref{Name: "order"}, Instances: []fleet.Instance{{ID: "1", Addr: far.addr(), Labels: map[string]string{"metrics_path": "/m", "health_path": "/h"}}}}
	if in := f.Sweeper().Pass(t.Context(), inputOf(order)).Services[0].Instances[0]; in.Scrape != (fleet.Scrape{}) || in.Plan.Metrics != nil {
		t.Errorf("nobody asked for %+v, %+v", in.Scrape, in.Plan.Metrics)
	}
	b := &basket{}
	w := f.Sweeper()
	f.ReadMetrics(w, b)
	in := w.Pass(t.Context(), inputOf(order)).Services[0].Instances[0]
	if in.Status != fleet.Up || in.Scrape.Samples != 1 || in.Scrape.URL != far.URL+"/m" || b.passes != 1 {
		t.Errorf("%v, %+v, told of %d passes", in.Status, in.Scrape, b.passes)
	}
	if len(b.targets) != 1 || !b.targets[0].Page.Credentials || b.deadline > fleet.AttemptsBudget || b.deadline < time.Second {
		t.Errorf("%+v within %v", b.targets, b.deadline)
	}
}
