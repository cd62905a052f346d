package app_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
)

// TestReopened: what a context was opened from is enough to open it again,
// from another folder, with other flags and another environment.
func TestReopened(t *testing.T) {
	home := newWorld(t)
	home.config(t, "contexts:\n  - {name: prod, registries: [\""+home.fleet(t, "prod.yaml", "payment 10.0.0.1:80")+"\"]}\n  - {name: test, registries: [\""+home.fleet(t, "test.yaml", "user 10.0.0.2:80")+"\"]}\n")
	t.Chdir(home.dir)
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"a context":                      {[]string{"--context", "test"}, "user"},
		"a registry":                     {[]string{"--registry", home.fleet(t, "flag.yaml", "order 10.0.0.3:80")}, "order"},
		"a registry beside where one is": {[]string{"--registry", "mine=file://./flag.yaml", "--user-agent", "me"}, "order"},
	} {
		first := newWorld(t)
		first.env = home.env
		s := first.flags(t, c.args...).open(t)
		o := s.Origin(s.Fleets[0].Context)
		if o.Config != "" && !filepath.IsAbs(o.Config) {
			t.Errorf("%s: the configuration is %s", name, o.Config)
		}
		t.Chdir(os.TempDir())
		other := newWorld(t)
		again, err := other.Reopen(t.Context(), o)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		in := again.Read(t.Context())
		if len(in) != 1 || len(in[0].Services) != 1 || in[0].Services[0].Name != c.want || in[0].Services[0].Source != s.Fleets[0].Keeper().Sources()[0].Name() {
			t.Errorf("%s: it holds %+v", name, in)
		}
		again.Close()
		t.Chdir(home.dir)
	}
}

// TestReopenedAsWhoWeWere: who puts a change back calls itself as who made it did.
func TestReopenedAsWhoWeWere(t *testing.T) {
	far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Error(w, r.UserAgent(), http.StatusTeapot) }))
	defer far.Close()
	w := newWorld(t)
	s := w.flags(t, "--user-agent", "ops/1", "--registry", "memory://").open(t)
	again, err := newWorld(t).Reopen(t.Context(), s.Origin(""))
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	admin, err := again.Fleets[0].Admin(fleet.Administration{API: "httpapi", Base: far.URL})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := admin.List(t.Context(), breaker.Site{Base: far.URL}); err == nil || !strings.Contains(err.Error(), "418: ops/1") {
		t.Errorf("%v", err)
	}
}

// TestNotReopened: what is gone is said.
func TestNotReopened(t *testing.T) {
	w := newWorld(t)
	path := w.write(t, "midwatch.yaml", "contexts:\n  - {name: prod, registries: [\"memory://\"]}\n")
	s := w.flags(t, "--config", path).open(t)
	o := s.Origin("prod")
	w.write(t, "midwatch.yaml", "contexts:\n  - {name: stage, registries: [\"memory://\"]}\n")
	_, err := newWorld(t).Reopen(t.Context(), o)
	refused(t, "a context that is gone", err, app.Usage, `there is no context "prod"`)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	_, err = newWorld(t).Reopen(t.Context(), o)
	refused(t, "a file that is gone", err, app.Usage, path)
	o.Config, o.Context, o.Registries = "", "", []string{"mystery://x"}
	_, err = newWorld(t).Reopen(t.Context(), o)
	refused(t, "a registry nobody knows", err, app.Usage, "mystery")
}

// TestVariablesOfSecrets: the names are kept, and never a value.
func TestVariablesOfSecrets(t *testing.T) {
	w := newWorld(t, "SECRET_TOKEN=hunter2", "OTHER=x")
	w.flags(t, "--registry", "consul://127.0.0.1:1/?token=env:SECRET_TOKEN")
	s := w.open(t)
	s.Read(t.Context())
	o := s.Origin("")
	if !slices.Equal(o.Env, []string{"SECRET_TOKEN"}) || strings.Contains(strings.Join(o.Registries, " "), "hunter2") || len(o.Registries) != 1 || !strings.Contains(o.Registries[0], "env:SECRET_TOKEN") {
		t.Errorf("%+v", o)
	}
}
