package cmd_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/config"
	"github.com/midwatch-cli/midwatch/fleet/wiring"
)

// TestDocsPrometheus: the page's example is right, and its reasons are ours.
func TestDocsPrometheus(t *testing.T) {
	text := page(t, "docs/prometheus.md")
	f, err := config.Parse("midwatch.yaml", []byte(fenced(t, text, "yaml", "contexts:")), wiring.Known())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]config.Prometheus{
		"prod": {URL: "https://mimir.internal/prometheus", Profile: "mimir"}, "stage": {URL: "http://10.1.0.9:9090"},
	} {
		if got := f.Context(name).Prometheus; got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
	for _, row := range table(t, text, "the server says") {
		reason, _, is := strings.Cut(strings.TrimPrefix(row[1], "*"), "*")
		if !is {
			continue // the expression's
		}
		if !fleet.IsReason(reason) {
			t.Errorf("%q is no reason", reason)
		}
	}
	// What is called recorded there is recorded.
	for _, folder := range []string{"prometheus-2.42", "prometheus-3.16", "victoriametrics-1.151"} {
		kept, err := filepath.Glob(filepath.Join("..", "fleet", "metrics", "server", "testdata", "wire", folder, "*.http"))
		if err != nil || len(kept) == 0 {
			t.Errorf("nothing is recorded of %s: %v", folder, err)
		}
		name, version, _ := strings.Cut(folder, "-")
		if !strings.Contains(strings.ToLower(text), name+" "+version) {
			t.Errorf("the page does not name %s %s", name, version)
		}
	}
}
