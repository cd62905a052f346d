package health_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/probe/health"
)

// update writes the golden files anew: go test -update.
func update() bool { return flag.Lookup("update").Value.String() == "true" }

func TestMain(m *testing.M) {
	flag.Bool("update", false, "write the golden files")
	flag.Parse()
	os.Exit(m.Run())
}

// outcomes are what the recordings come to when their path was named: outcome,
// reason, flags of the Verdict, "bare", and what strict and a guessed path make
// of it where that differs. The verdicts are those of the recordings' own notes,
// but where the table of outcomes differs:
//   - lightship says the same while starting and when not ready any more: fail;
//   - what says neither (lightship's /ready, terminus) while it shuts down does
//     not drain: that would be a guess;
//   - a 2xx without a word (etcd's /version) passes on a named path.
//
// Of some recordings the answer is only a part, and who made the connection or
// knows the fleet says more: odd-envoy-identity names the service that answers,
// tls-expired-insecure is a warning by its certificate, redirects are followed
// once, the 400s of wrong schemes and missing client certificates have reasons
// of their own, 502 and its kin are the gateway's. Those of the row "fault" have
// no whole answer at all.
var outcomes = map[string]map[string]string{
	"pages": {
		"pass": `alertmanager-healthy alertmanager-ready django-ok-json django-ok-text etcd-health
			etcd-health-serializable express-health express-healthz-text fastapi-bool fastapi-detail-ok fastapi-health
			fastapi-healthchecks-live fastapi-string go-alexliesenfeld-nodetails-ok go-alexliesenfeld-ok
			go-hellofresh-ok go-heptio-ok-ready-full go-nelkinda-component-pass k8s-apiserver-exclude k8s-apiserver-ok
			k8s-apiserver-ok-verbose lightship-notready-live lightship-ready-health lightship-ready-ready
			lightship-starting-live odd-103-then-200 odd-200-gzip odd-200-text-as-json odd-lf-only
			odd-status-no-reason odd-text-ok prometheus-healthy prometheus-ready terminus-empty terminus-ok tls-good
			odd-envoy-identity tls-expired-insecure`, // the last two: see above
		"pass; bare; guessed unknown": `etcd-version go-heptio-fail-live go-heptio-ok-live go-heptio-ok-ready
			odd-200-null odd-200-number odd-200-status-200 odd-204 odd-empty-200 odd-http10`,
		"pass; strict warn": `go-nelkinda-component-fail go-nelkinda-component-warn odd-200-array
			odd-200-up-component-down`,
		"warn reported": `django-warn-json django-warn-text go-hellofresh-partial odd-200-degraded
			odd-envoy-degraded`,
		"warn limited":               `odd-429`,
		"warn body; guessed unknown": `odd-200-cut-json`,
		"fail draining; draining":    `lightship-shutdown-health lightship-shutdown-live odd-envoy-fail`,
		"unknown starting; starting": `go-alexliesenfeld-unknown`,
		"unknown stale; stale":       `odd-200-stale`,
		"unknown reported":           `odd-200-unknown-word`,
		"unknown body":               `odd-200-error-field`,
		"unknown page; page":         `haproxy-monitor-uri odd-200-html odd-302-login-followed`,
		"unknown redirect":           `fastapi-redirect-slash odd-301-slash odd-302-login odd-302-loop odd-302-no-location`,
		"unknown auth":               `nginx-401-basic nginx-403 odd-401 odd-403`,
		"unknown status":             `tls-client-cert-required tls-port-spoken-plain-go tls-port-spoken-plain-nginx`,
		"fail status; page":          `django-fail-html haproxy-503-no-server haproxy-504 nginx-502-refused nginx-504-timeout`,
		"fail status":                `express-crash-500 fastapi-crash-500 go-heptio-fail-ready k8s-apiserver-single odd-500-up odd-503-empty`,
		"unknown not_found": `django-no-slash django-not-acceptable etcd-livez-404 express-404 fastapi-404
			fastapi-head-405 fastapi-validation-422 nginx-404 odd-404 odd-405`,
		"fail reported": `django-fail-json django-fail-text fastapi-detail-fail fastapi-healthchecks-ready-fail
			go-alexliesenfeld-fail go-alexliesenfeld-nodetails-fail go-alexliesenfeld-timeout go-hellofresh-fail
			go-heptio-fail-ready-full k8s-apiserver-fail k8s-apiserver-fail-verbose lightship-notready-health
			lightship-notready-ready lightship-shutdown-ready lightship-starting-health lightship-starting-ready
			odd-200-bool-false odd-200-down odd-200-json-as-text odd-503-seconds terminus-fail terminus-shutting-down`,
		"fault": `etcd-no-quorum-at-start odd-200-gzip-unasked-bad odd-302-loop-followed odd-bad-name
			odd-bad-status-line odd-close odd-closed-port odd-drip odd-drip-headers odd-half-body odd-hang
			odd-never-ending odd-not-http odd-reset odd-reset-mid-body odd-slow-body odd-slow-headers
			plain-port-spoken-tls tls-expired tls-future tls-selfsigned tls-unknown-ca tls-wronghost`,
	},
	"actuator": {
		"pass": `boot?-01-accept-health-json boot?-01-trailing-slash boot?-01-up boot?-01-up-v2 boot?-01-up-v3
			boot?-02-component boot?-02-composite boot?-02-liveness boot?-02-readiness boot?-02-sub
			boot?-04-db-FATAL-readiness boot?-04-db-UNKNOWN boot?-05-refusing-liveness boot?-07-livez
			boot?-07-never-fatal boot?-07-never-group-deep boot?-07-never-up boot?-07-readyz boot?-08-components-only`,
		"pass; bare; guessed unknown": `boot?-01-head boot?-03-info boot?-07-index-default-exposure boot3-09-info-empty`,
		"pass; strict warn":           `boot?-04-db-FATAL boot?-07-deep-fatal boot?-08-fatal-mapped`,
		"unknown reported":            `boot?-04-component-UNKNOWN`,
		"unknown not_found": `boot?-01-accept-text boot?-02-livez-absent boot?-02-unknown
			boot?-07-never-component boot?-08-no-probes`,
		"fail draining; draining": `boot?-04-component-OUT_OF_SERVICE boot?-04-db-OUT_OF_SERVICE boot?-05-refusing
			boot?-05-refusing-readiness boot?-07-readyz-refusing`,
		"fail reported": `boot?-04-component-DOWN boot?-04-component-FATAL boot?-04-db-DOWN boot?-06-broken
			boot?-06-broken-liveness boot?-07-never-down boot?-08-down-unmapped boot?-08-fatal-component`,
	},
}

// expected turns the table round: recording to row.
func expected(t *testing.T, folder string) map[string]string {
	t.Helper()
	rows := map[string]string{}
	for row, names := range outcomes[folder] {
		for name := range strings.FieldsSeq(names) {
			for _, boot := range []string{"2", "3"} {
				full := strings.ReplaceAll(name, "?", boot)
				if was, twice := rows[full]; twice && was != row {
					t.Errorf("%s stands in two rows", full)
				}
				rows[full] = row
			}
		}
	}
	return rows
}

// row says what a recording comes to, in the form of the table.
func row(c capture) string {
	if c.fault != "" {
		return "fault"
	}
	a := c.answers[len(c.answers)-1]
	v := health.Read(a)
	d := probe.Decide(a, v, true, false)
	parts := []string{strings.TrimSpace(d.Outcome.String() + " " + string(d.Reason))}
	for _, flag := range []struct {
		set  bool
		name string
	}{{d.Bare, "bare"}, {v.Draining, "draining"}, {v.Starting, "starting"}, {v.Stale, "stale"}, {v.Page, "page"}} {
		if flag.set {
			parts = append(parts, flag.name)
		}
	}
	if o := probe.Decide(a, v, true, true).Outcome; o != d.Outcome {
		parts = append(parts, "strict "+o.String())
	}
	if o := probe.Decide(a, v, false, false).Outcome; o != d.Outcome {
		parts = append(parts, "guessed "+o.String())
	}
	return strings.Join(parts, "; ")
}

func TestCaptures(t *testing.T) {
	for folder := range outcomes {
		want := expected(t, folder)
		all := captures(t, folder)
		for name, c := range all {
			if got := row(c); got != want[name] {
				t.Errorf("%s/%s: %q, want %q", folder, name, got, want[name])
			}
		}
		for name := range want {
			if _, ok := all[name]; !ok {
				t.Errorf("%s/%s stands in the table and is no recording", folder, name)
			}
		}
	}
}

// TestVerdicts holds every text and component that is read from the recordings
// against a golden file.
func TestVerdicts(t *testing.T) {
	for _, folder := range []string{"pages", "actuator"} {
		var b strings.Builder
		all := captures(t, folder)
		for _, name := range slices.Sorted(maps.Keys(all)) {
			if c := all[name]; c.fault == "" {
				describe(&b, name, c.answers[len(c.answers)-1])
			}
		}
		golden := filepath.Join("testdata", folder+".golden")
		if update() {
			if err := os.WriteFile(golden, []byte(b.String()), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if b.String() != string(want) {
			t.Errorf("%s differs (go test -update writes it anew):\n%s", golden, firstDifference(b.String(), string(want)))
		}
	}
}

// describe writes one recording's Verdict and what it comes to for people.
func describe(b *strings.Builder, name string, a health.Answer) {
	v := health.Read(a)
	d := probe.Decide(a, v, true, false)
	fmt.Fprintf(b, "%s: %d -> %s %s", name, a.Status, d.Outcome, d.Reason)
	if d.Detail != "" {
		fmt.Fprintf(b, " %q", d.Detail)
	}
	fmt.Fprintf(b, "\n  %s %s %q %q\n", or(v.Dialect, "-"), v.Word, v.Text, v.Detail)
	for _, c := range v.Components {
		fmt.Fprintf(b, "    %q %s %q %q\n", c.Name, c.Word, c.Text, c.Detail)
	}
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range g {
		if i >= len(w) || g[i] != w[i] {
			return fmt.Sprintf("line %d: %s\nwant: %s", i+1, g[i], w[min(i, len(w)-1)])
		}
	}
	return "it is shorter"
}
