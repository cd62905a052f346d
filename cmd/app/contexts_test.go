package app_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/cmd/app"
)

const twoContexts = `contexts:
  - name: prod
    registries: ["etcd://prod:1"]
  - name: test
    registries: ["etcd://test:1", {name: more, url: "consul://test:2"}]
`

const oneContext = `contexts:
  - name: only
    registries: ["etcd://only:1"]
`

// sources lists what a session is about: CONTEXT=[NAME=]URL.
func sources(s *app.Session) []string {
	var all []string
	for _, f := range s.Fleets {
		for _, src := range f.Keeper().Sources() {
			name := ""
			if loc := src.State().Location; loc.Name != loc.Scheme {
				name = loc.Name + "="
			}
			all = append(all, f.Context+"="+name+src.State().Location.String())
		}
	}
	return all
}

// TestWhichRegistries: flag, then MIDWATCH_*, then the file, then what the
// environment shows, and nothing of a lower layer where a higher one speaks.
func TestWhichRegistries(t *testing.T) {
	const all = "MIDWATCH_REGISTRY=etcd://own:1 CONSUL_HTTP_ADDR=env:1 ETCDCTL_ENDPOINTS=env:2"
	for _, c := range []struct {
		name, file, env, args string
		want                  string
		note                  string // on standard error
	}{
		{"the flag beats all", twoContexts, all + " MIDWATCH_CONTEXT=prod", "--registry etcd://flag:1", "=etcd://flag:1", ""},
		{"two flags", twoContexts, all, "--registry etcd://flag:1 --registry b=etcd://flag:2", "=etcd://flag:1 =b=etcd://flag:2", ""},
		{"--context beats MIDWATCH_REGISTRY", twoContexts, all, "--context prod", "prod=etcd://prod:1", ""},
		{"--all-contexts beats MIDWATCH_REGISTRY", oneContext, all, "--all-contexts", "only=etcd://only:1", ""},
		{"MIDWATCH_REGISTRY beats the file", twoContexts, all + " MIDWATCH_CONTEXT=prod", "", "=etcd://own:1", ""},
		{"several in MIDWATCH_REGISTRY", "", "MIDWATCH_REGISTRY=etcd://own:1\tb=consul://own:2", "", "=etcd://own:1 =b=consul://own:2", ""},
		{"MIDWATCH_CONTEXT", twoContexts, "MIDWATCH_CONTEXT=test CONSUL_HTTP_ADDR=env:1", "", "test=etcd://test:1 test=more=consul://test:2", ""},
		{"--context beats MIDWATCH_CONTEXT", twoContexts, "MIDWATCH_CONTEXT=test", "--context prod", "prod=etcd://prod:1", ""},
		{"the file's only one", oneContext, "CONSUL_HTTP_ADDR=env:1", "", "only=etcd://only:1", ""},
		{"several contexts", twoContexts, "", "--context test,prod", "test=etcd://test:1 test=more=consul://test:2 prod=etcd://prod:1", ""},
		{"the same twice", twoContexts, "", "--context prod --context prod", "prod=etcd://prod:1", ""},
		{"all", twoContexts, "MIDWATCH_CONTEXT=test", "--all-contexts", "prod=etcd://prod:1 test=etcd://test:1 test=more=consul://test:2", ""},
		{"the environment: Consul", "", "CONSUL_HTTP_ADDR=http://10.0.0.5:8500", "", "=consul://10.0.0.5:8500", "using consul http://10.0.0.5:8500 (from CONSUL_HTTP_ADDR)\n"},
		{"the environment: etcd", "", "ETCDCTL_ENDPOINTS=10.0.0.6:2379", "", "=etcd://10.0.0.6:2379", "using etcd http://10.0.0.6:2379 (from ETCDCTL_ENDPOINTS)\n"},
		{
			"the environment, with what is not honoured", "", "ETCDCTL_ENDPOINTS=h:1 ETCDCTL_DISCOVERY_SRV=x ETCDCTL_INSECURE_SKIP_TLS_VERIFY=1 CONSUL_CAPATH=/d", "", "=etcd://h:1",
			"using etcd http://h:1 (from ETCDCTL_ENDPOINTS)\nwarning: ETCDCTL_INSECURE_SKIP_TLS_VERIFY is set and not honoured\nwarning: ETCDCTL_DISCOVERY_SRV is set and not honoured\n",
		},
		{"none is no context", twoContexts, "CONSUL_HTTP_ADDR=env:1", "--context none", "=consul://env:1", "using consul http://env:1 (from CONSUL_HTTP_ADDR)\n"},
		{"none, and MIDWATCH_REGISTRY is not asked either", twoContexts, all[:len("MIDWATCH_REGISTRY=etcd://own:1 CONSUL_HTTP_ADDR=env:1")], "--context none", "=consul://env:1", "using consul http://env:1 (from CONSUL_HTTP_ADDR)\n"},
		{"quietly", "", "CONSUL_HTTP_ADDR=env:1", "-q", "=consul://env:1", ""},
		{"none and a registry", twoContexts, "", "--context none --registry etcd://flag:1", "=etcd://flag:1", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			// The variables of a row never hold a blank; MIDWATCH_REGISTRY's own
			// separator is written as a tab.
			w := newWorld(t, strings.Split(c.env, " ")...).flags(t, strings.Fields(c.args)...)
			if c.file != "" {
				w.config(t, c.file)
			}
			if got := strings.Join(sources(w.open(t)), " "); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if w.errs.String() != c.note || w.out.Len() > 0 {
				t.Errorf("said %q, want %q; on standard output %q", w.errs, c.note, w.out)
			}
		})
	}
}

// TestChosenContext: `context use` decides where nobody names one, and no more.
func TestChosenContext(t *testing.T) {
	w := newWorld(t)
	w.config(t, twoContexts)
	w.write(t, "state/midwatch/context", "test\nprod\n")
	if got := sources(w.open(t)); !slices.Contains(got, "test=etcd://test:1") || len(got) != 2 {
		t.Errorf("chosen: %v", got)
	}
	if got := sources(w.flags(t, "--context", "prod").open(t)); !slices.Equal(got, []string{"prod=etcd://prod:1"}) {
		t.Errorf("named beside a choice: %v", got)
	}
}

// TestWhichRegistriesRefuses: every way in which it cannot be known what the
// command is about is wrong usage, said with the way out.
func TestWhichRegistriesRefuses(t *testing.T) {
	for _, c := range []struct {
		name, file, env, args string
		want                  []string
	}{
		{"nothing at all", "", "", "", []string{"no registry is named, and the environment shows none", "--registry etcd://HOST:2379", "midwatch config init", "midwatch demo"}},
		{"two in the environment", "", "CONSUL_HTTP_ADDR=a:1 ETCDCTL_ENDPOINTS=b:2", "", []string{
			"the environment shows 2 registries (CONSUL_HTTP_ADDR, ETCDCTL_ENDPOINTS)", "--registry 'consul://a:1'", "--registry 'etcd://b:2'",
		}},
		{"what the environment shows is wrong", "", "CONSUL_HTTP_ADDR=ftp://a", "", []string{"CONSUL_HTTP_ADDR: "}},
		{"none chosen", twoContexts, "", "", []string{"has 2 contexts and none is chosen", "--context NAME", "prod, test"}},
		{"unknown", twoContexts, "", "--context prd", []string{`there is no context "prd"`, "did you mean prod?"}},
		{"two unknown", twoContexts, "", "--context prd,tst", []string{`"prd"`, `"tst"`}},
		{"unknown in the variable", twoContexts, "MIDWATCH_CONTEXT=zzz", "", []string{"MIDWATCH_CONTEXT: there is no context"}},
		{"a context and no file", "", "", "--context prod", []string{`there is no context "prod"`, "midwatch config init"}},
		{"a context without registries", "contexts:\n  - name: bare\n    registries: []\n", "", "", []string{"contexts[0].registries"}},
		{"scheme", "", "", "--registry zookeper://h", []string{`nothing is known of the scheme "zookeper"`, "hint: there are: consul, etcd, file, memory"}},
		{"scheme of the web", "", "", "--registry http://h:8500", []string{"scheme", "hint: did you mean consul://h:8500?"}},
		{"no scheme", "", "", "--registry localhost", []string{"localhost"}},
		{"the same name twice", "", "", "--registry etcd://a:1 --registry etcd://b:2", []string{"etcd"}},
		{"a password in the URL", "", "", "--registry etcd://me:s3cret@h:1", []string{"password"}},
		{"an option nobody knows", "", "", "--registry etcd://h:1?lyout=go-zero", []string{"lyout", "hint: did you mean layout"}},
		{"a wrong value in MIDWATCH_REGISTRY", "", "MIDWATCH_REGISTRY=etcd://h:99999", "", []string{"99999"}},
		{"a file that is not there", "", "", "--config /none/midwatch.yaml", []string{"/none/midwatch.yaml", "there is no such file", "midwatch config init"}},
		{"a malformed file", "contexts:\n  - nme: prod\n", "", "", []string{"midwatch.yaml:2:5: contexts[0].nme: unknown key (did you mean name?)"}},
		{"a file named by the variable", "", "MIDWATCH_CONFIG=/none/such.yaml", "", []string{"/none/such.yaml"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, strings.Fields(c.env)...)
			if c.file != "" {
				w.config(t, c.file)
			}
			w.flags(t, strings.Fields(c.args)...)
			s, err := w.Open(t.Context(), probing())
			if err == nil {
				s.Close()
				t.Fatalf("opened %v", sources(s))
			}
			refused(t, c.name, err, app.Usage, c.want...)
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("a secret is shown: %v", err)
			}
			if w.errs.Len()+w.out.Len() > 0 {
				t.Errorf("said before the root does: %q %q", w.errs, w.out)
			}
		})
	}
}

// TestConfigIsFoundInOnePlace: the working folder is never looked into.
func TestConfigIsFoundInOnePlace(t *testing.T) {
	w := newWorld(t)
	w.write(t, "midwatch.yaml", oneContext)
	t.Chdir(w.dir)
	if f, err := w.Config(); err != nil || len(f.Contexts) != 0 {
		t.Errorf("read %v, %v from the working folder", f.Names(), err)
	}
	if f, err := w.flags(t, "--config", "midwatch.yaml").Config(); err != nil || !slices.Equal(f.Names(), []string{"only"}) {
		t.Errorf("named: %v, %v", f, err)
	}
}

// TestOpenOverContexts: one context that cannot be opened opens none, and what
// was opened before it is closed (the leak check of this package sees to it).
func TestOpenOverContexts(t *testing.T) {
	w := newWorld(t)
	w.config(t, `contexts:
  - name: good
    registries: ["etcd://127.0.0.1:1"]
  - name: bad
    registries: ["file:///none/fleet.yaml?nonsense=1"]
`)
	s, err := w.flags(t, "--all-contexts").Open(t.Context(), probing())
	if err == nil {
		s.Close()
		t.Fatal("opened")
	}
	refused(t, "a bad option", err, app.Usage, "nonsense")

	w = newWorld(t)
	w.config(t, oneContext)
	p := probing()
	p.Profile = "spirng"
	if s, err = w.Open(t.Context(), p); err == nil {
		s.Close()
		t.Fatal("opened with a profile nobody knows")
	}
	refused(t, "--profile", err, app.Usage, "spirng")
}
