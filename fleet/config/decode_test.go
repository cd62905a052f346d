package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/config"
	"github.com/midwatch-cli/midwatch/probe"
)

// TestWhole looks at every field of the file that has every key.
func TestWhole(t *testing.T) {
	f, err := config.Load("testdata/valid-whole.yaml", known())
	if err != nil {
		t.Fatal(err)
	}
	yes, no := true, false
	equal(t, "the profile", f.Profiles["shop"], fleet.Profile{
		Name: "shop", Extends: "base", Probe: probe.HTTP, Scheme: "https",
		HealthPaths: []string{"/internal/ready", "/internal/health?full=1"}, GRPCServices: []string{"*"}, MetricsPath: "/internal/metrics",
		Breakers: fleet.BreakerAPI{API: "actuator", Path: "/internal/actuator", CSRF: "/internal/csrf"},
		Ports:    map[string]int{"admin": 9090, "metrics": 9091, "health": 9092},
		Headers: map[string]fleet.Header{
			"Accept": {Text: "application/json"}, "X-Tenant": {Text: "shop"}, "X-Number": {Text: "7"},
			"Cookie": {Ref: fleet.SecretRef{Env: "SHOP_COOKIE"}}, "X-Signed": {Ref: fleet.SecretRef{Cmd: []string{"sign", "--now"}}},
		},
		TLS: fleet.TLSSettings{
			CA: filepath.Join("testdata", "certs", "ca.pem"), Cert: filepath.Join("testdata", "certs", "me.pem"),
			Key: "/etc/me.key", ServerName: "shop.internal", Insecure: true,
		},
		Auth: fleet.Auth{OAuth2: &fleet.OAuth2{
			ClientID: "watch", ClientSecret: fleet.SecretRef{File: "/run/secrets/oauth"},
			TokenURL: "https://idp.internal/token", Scopes: []string{"health", "metrics"},
		}},
		Strict: &yes, Slow: 90 * time.Second, WarnDays: 21, FailDays: 3, Proxy: "socks5://127.0.0.1:1080",
		AllowHosts: []string{"10.0.0.0/8", ".shop.internal", "fd00::/8", "192.0.2.1"}, AllowSockets: []string{"/run/haproxy.sock"},
	})
	equal(t, "an empty profile", f.Profiles["nothing"], fleet.Profile{Name: "nothing"})
	equal(t, "basic", f.Profiles["base"].Auth, fleet.Auth{BasicUser: "me", BasicPassword: fleet.SecretRef{Env: "BASE_PASSWORD"}})

	equal(t, "a mapping", *f.Profiles["homemade"].Breakers.Mapping, fleet.BreakerMapping{
		List: fleet.MappedRequest{Path: "/circuits?all=1"}, Items: "/breakers", Name: "/name", State: "/state",
		Fields: map[string]string{"calls": "/counts/total", "failureRate": "/rate", "since": "/changed~1at"},
		States: map[string]fleet.BreakerState{"Isolated": fleet.BreakerForcedOpen, "true": fleet.BreakerOpen, "2": fleet.BreakerHalfOpen, "Half Open": fleet.BreakerHalfOpen},
		Set: map[fleet.Verb]fleet.MappedRequest{
			fleet.Trip:     {Path: "/circuits/{name}/open", Body: `{"by":"{by}","ttl":{ttlSeconds}}`},
			fleet.Reset:    {Method: "DELETE", Path: "/circuits/{name}/open"},
			fleet.HalfOpen: {Path: "/circuits/{name}/try"},
		},
	})

	prod := f.Context("prod")
	equal(t, "a context's own profile", f.ProfilesOf(prod)["shop"], fleet.Profile{Name: "shop", Extends: "spring", Strict: &no})
	equal(t, "that of all contexts", f.ProfilesOf(f.Context("stage-2.eu"))["shop"].Extends, "base")
	equal(t, "how many", len(f.ProfilesOf(prod)), 7)
	equal(t, "without a context", len(f.ProfilesOf(nil)), 7)
	equal(t, "the rules", prod.Services, []fleet.ServiceRule{
		{Match: "ord*", Profile: "shop", DependsOn: []string{"payment", "inventory"}},
		{Match: "!canary", DependsOn: []string{"user"}},
	})
	equal(t, "the guards", [3]bool{prod.ReadOnly, prod.Protected, prod.Write}, [3]bool{true, true, true})
	equal(t, "prometheus", prod.Prometheus, config.Prometheus{URL: "https://prom.internal:9090/base", Profile: "shop"})

	names := []string{}
	for _, r := range prod.Registries {
		names = append(names, r.Name+" "+r.URL)
	}
	equal(t, "the registries", names, []string{
		"etcd etcd://10.0.0.5:2379,10.0.0.6:2379/shop?layout=kratos", "blue consul://10.0.0.7:8500", "green consul://ops@10.0.0.8:8501",
		"file file://testdata/fleet.yaml?x=y", "abs file:///etc/fleet.yaml",
	})
	equal(t, "options as a driver takes them", prod.Registries[2].Values(), map[string]any{
		"dc": "eu-1", "tls": "true", "ca": filepath.Join("testdata", "certs", "ca.pem"), "wait": "30s", "limit": "1000", "list": "a,b",
		"token":    fleet.SecretRef{File: filepath.Join("testdata", "secrets", "token")},
		"password": fleet.SecretRef{Cmd: []string{"pass", "show", "consul/ops"}},
	})
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\ngot  %+v\nwant %+v", what, got, want)
	}
}

// TestHeaders says which headers may hold plain text.
func TestHeaders(t *testing.T) {
	for header, plain := range map[string]bool{
		"Accept": true, "X-Tenant": true, "User-Agent": true, "X-Request-Source": true, "Keyboard": true, "X-Tokenizer": true,
		"Authorization": false, "proxy-authorization": false, "Cookie": false, "X-Auth-Token": false, "X-Vault-Token": false,
		"Api-Key": false, "apikey": false, "X_API_KEY": false, "X-Amz-Signature": false, "Client-Secret": false, "X-Auth": false,
		"X-Session": false, "X-Db-Password": false, "X-JWT": false,
	} {
		_, err := config.Parse("x.yaml", []byte("profiles: {a: {headers: {"+header+": 'some words'}}}"), config.Known{})
		if (err == nil) != plain {
			t.Errorf("%s with plain text: %v, want plain text allowed: %v", header, err, plain)
		}
		_, err = config.Parse("x.yaml", []byte("profiles: {a: {headers: {"+header+": 'env:X'}}}"), config.Known{})
		if err != nil {
			t.Errorf("%s by reference: %v", header, err)
		}
	}
	for _, bad := range []string{"'a b': x", "'': x", "'a:b': x", "Ä: x", "Content-Length: '3'", "A: ''", "A: eyJhbGciOi", "A: [x]", "A: 3", "A: 'file:'"} {
		if _, err := config.Parse("x.yaml", []byte("profiles: {a: {headers: {"+bad+"}}}"), config.Known{}); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

func TestRegistryURLs(t *testing.T) {
	for raw, want := range map[string]string{
		"etcd://a:2379":              "etcd etcd://a:2379",
		"b=etcd://a:2379,[::1]:2379": "b etcd://a:2379,[::1]:2379",
		"ETCD://a?x=y=z":             "etcd ETCD://a?x=y=z",
		"etcd://root@a:2379/p@q":     "etcd etcd://root@a:2379/p@q",
		"etcd://a:2379/p@q":          "etcd etcd://a:2379/p@q",
		"consul+unix:///run/c.sock":  "consul consul+unix:///run/c.sock",
		"file:///etc/a:b@c.yaml":     "file file:///etc/a:b@c.yaml",
		"etcd://a?token=env:TOKEN":   "etcd etcd://a?token=env:TOKEN",
	} {
		f, err := config.Parse("x.yaml", []byte("contexts: [{name: a, registries: ['"+raw+"']}]"), config.Known{})
		if err != nil {
			t.Errorf("%s: %v", raw, err)
			continue
		}
		if r := f.Contexts[0].Registries[0]; r.Name+" "+r.URL != want {
			t.Errorf("%s: got %s %s, want %s", raw, r.Name, r.URL, want)
		}
	}
	for _, raw := range []string{
		"", "etcd", "etcd:/a", "://a", "=etcd://a", "b=", "b c=etcd://a", "et cd://a",
		"etcd://u:hunter2@a", "etcd://u:hun/ter2@a", "etcd://u:@a", "etcd://:hunter2@a", "b=etcd://u:hunter2@a:1", "etcd://u:hun?ter2@a",
		"etcd://a?token=hunter2", "etcd://a?x=1&PASSWORD=hunter2", "etcd://a?secret=env:", "etcd://a?token=",
	} {
		_, err := config.Parse("x.yaml", []byte("contexts: [{name: a, registries: ['"+raw+"']}]"), config.Known{})
		switch {
		case err == nil:
			t.Errorf("%s is taken", raw)
		case strings.Contains(err.Error(), "hun"):
			t.Errorf("%s is repeated: %v", raw, err)
		}
	}
}

// FuzzParse: no text makes the decoder fail otherwise than with places, what it
// takes it can show, and what it shows it takes and shows the same.
func FuzzParse(f *testing.F) {
	names, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(names) == 0 {
		f.Fatal("no seeds")
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := config.Parse("x.yaml", data, known())
		if err != nil {
			var wrong *config.Error
			if !errors.As(err, &wrong) || len(wrong.Problems) == 0 {
				t.Fatalf("no *Error: %v", err)
			}
			for _, p := range wrong.Problems {
				if p.Line < 1 || p.Column < 1 || p.Message == "" {
					t.Fatalf("no place: %#v", p)
				}
				if strings.ContainsFunc(p.String(), func(c rune) bool { return c < ' ' || c == 0x7f }) {
					t.Fatalf("a control character: %q", p.String())
				}
			}
			return
		}
		shown, err := config.Show(file)
		if err != nil {
			t.Fatal(err)
		}
		again, err := config.Parse("x.yaml", shown, known())
		if err != nil {
			t.Fatalf("what is shown is refused: %v\n%s", err, shown)
		}
		twice, err := config.Show(again)
		if err != nil || string(twice) != string(shown) {
			t.Fatalf("shown twice it differs: %v\n%s\n%s", err, shown, twice)
		}
	})
}
