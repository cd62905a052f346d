package environ_test

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet/config"
	"github.com/midwatch-cli/midwatch/fleet/config/environ"
	"github.com/midwatch-cli/midwatch/fleet/config/form"
)

// look reads one registry out of an environment.
func look(t *testing.T, env string) environ.Candidate {
	t.Helper()
	found, err := environ.Look(vars(env), readable())
	if err != nil || len(found) != 1 {
		t.Fatalf("%q: %+v, %v", env, found, err)
	}
	return found[0]
}

// TestEachVariable walks the variables of the backends' own tools: which option
// each of them sets, and to what.
func TestEachVariable(t *testing.T) {
	const consul, etcd = "CONSUL_HTTP_ADDR=h:1\n", "ETCDCTL_ENDPOINTS=h:1\n"
	for _, c := range []struct{ env, option, want string }{
		{consul + "CONSUL_HTTP_TOKEN=s3cret", "token", "env:CONSUL_HTTP_TOKEN"},
		{consul + "CONSUL_HTTP_TOKEN_FILE=/t", "token", "file:/t"},
		{consul + "CONSUL_CACERT=/ca", "ca", "/ca"},
		{consul + "CONSUL_CLIENT_CERT=/c", "cert", "/c"},
		{consul + "CONSUL_CLIENT_KEY=/k", "key", "/k"},
		{consul + "CONSUL_TLS_SERVER_NAME=n", "serverName", "n"},
		{consul + "CONSUL_NAMESPACE=ns", "namespace", "ns"},
		{consul + "CONSUL_PARTITION=p", "partition", "p"},
		{consul + "CONSUL_HTTP_AUTH=u:s3cret", "password", "env:CONSUL_HTTP_AUTH"},
		{consul + "CONSUL_HTTP_SSL=true", "tls", "true"},
		{consul + "CONSUL_HTTP_SSL=maybe", "tls", ""},
		{consul + "CONSUL_HTTP_SSL=0", "tls", ""},
		{consul + "CONSUL_HTTP_AUTH=u", "password", ""},          // no password in it
		{consul + "CONSUL_HTTP_AUTH=a b:s3cret", "password", ""}, // no user that a URL can hold
		{etcd + "ETCDCTL_CACERT=/ca", "ca", "/ca"},
		{etcd + "ETCDCTL_CERT=/c", "cert", "/c"},
		{etcd + "ETCDCTL_KEY=/k", "key", "/k"},
		{etcd + "ETCDCTL_USER=u:s3cret", "password", "env:ETCDCTL_USER"},
		{etcd + "ETCDCTL_USER=u\nETCDCTL_PASSWORD=s3cret", "password", "env:ETCDCTL_PASSWORD"},
		{etcd + "ETCDCTL_USER=u:\nETCDCTL_PASSWORD=s3cret", "password", "env:ETCDCTL_PASSWORD"},
		{etcd + "ETCDCTL_PASSWORD=s3cret", "password", ""}, // of nobody
		{etcd + "ETCDCTL_USER=u", "password", ""},
		{"ETCDCTL_ENDPOINTS=https://h:1", "tls", "true"},
		{etcd, "tls", ""},
		{consul + "CONSUL_CACERT=/a\x1b[2J", "ca", ""}, // cannot be a path anybody typed
	} {
		got := look(t, c.env)
		if o := got.Registry.Options[c.option]; o.Text != c.want {
			t.Errorf("%q: %s is %q, want %q", c.env, c.option, o.Text, c.want)
		}
		for key, o := range got.Registry.Options {
			if key != c.option && key != "tls" {
				t.Errorf("%q sets %s too: %+v", c.env, key, o)
			}
			isRef := strings.HasPrefix(o.Text, "env:") || strings.HasPrefix(o.Text, "file:")
			if isRef == o.Ref.IsZero() {
				t.Errorf("%q: %s is %+v", c.env, key, o)
			}
		}
		if strings.Contains(fmt.Sprintf("%+v %s %s", got, got.Note(), got.Flag()), "s3cret") {
			t.Errorf("%q: the secret is repeated", c.env)
		}
	}
}

// TestWhatIsNotHonoured is named, each variable by itself, and only where it is
// set.
func TestWhatIsNotHonoured(t *testing.T) {
	for env, want := range map[string][]string{
		"CONSUL_HTTP_ADDR=h": {},
		"CONSUL_HTTP_ADDR=h\nCONSUL_CAPATH=/d\nCONSUL_HTTP_SSL_VERIFY=false": {"CONSUL_CAPATH", "CONSUL_HTTP_SSL_VERIFY"},
		"ETCDCTL_ENDPOINTS=h\nCONSUL_CAPATH=/d":                              {},
		"ETCDCTL_ENDPOINTS=h\nETCDCTL_DISCOVERY_SRV=x":                       {"ETCDCTL_DISCOVERY_SRV"},
	} {
		if got := look(t, env).Unused; !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", env, got, want)
		}
	}
}

// TestEndpoints: addresses as the tools take them, and what is shown of them.
func TestEndpoints(t *testing.T) {
	for _, c := range []struct{ env, shown, url string }{
		{"CONSUL_HTTP_ADDR=HTTP://h:1", "http://h:1", "consul://h:1"},
		{"CONSUL_HTTP_ADDR=h", "http://h", "consul://h"},
		{"CONSUL_HTTP_ADDR=[::1]:8500", "http://[::1]:8500", "consul://[::1]:8500"},
		{"CONSUL_HTTP_ADDR=http://h:1/a/b/", "http://h:1/a/b", "consul://h:1/a/b"},
		{"CONSUL_HTTP_ADDR=unix:///run/a b.sock", "unix:///run/a b.sock", "consul+unix:///run/a%20b.sock"},
		{"ETCDCTL_ENDPOINTS=a:1,b:2,c:3", "http://a:1,b:2,c:3", "etcd://a:1,b:2,c:3"},
		{"ETCDCTL_ENDPOINTS=http://a:1/,http://b:2", "http://a:1,b:2", "etcd://a:1,b:2"},
		{"ETCDCTL_ENDPOINTS=a:1\nETCDCTL_USER=root:x", "http://a:1", "etcd://root@a:1"},
	} {
		got := look(t, c.env)
		if got.Shown != c.shown || got.Registry.URL != c.url || !got.Supported || got.Registry.Name != got.Kind {
			t.Errorf("%q: %q %q (%+v)", c.env, got.Shown, got.Registry.URL, got)
		}
		want := "using " + got.Kind + " " + c.shown + " (from " + got.Variable + ")"
		if got.Note() != want {
			t.Errorf("%q: %s, want %s", c.env, got.Note(), want)
		}
	}
	for value, want := range map[string]string{
		"h:1,http://i:2,https://j:3": "mixes http and https",
		"h:1/p":                      "has a path behind an address",
		"h:1?x=y":                    "has something behind its address",
		"h:1#x":                      "has something behind its address",
		"http://u:s3cret@h":          "holds credentials, which are not taken from an address",
		"%25":                        "has a host that is none",
		"grpc://h:1":                 "is not an address: want HOST:PORT, http:// or https://",
		",":                          "is not an address",
		" ":                          "is not an address",
	} {
		_, err := environ.Look(vars2("ETCDCTL_ENDPOINTS", value), readable())
		if err == nil || err.Error() == "" || !strings.HasPrefix(err.Error(), "ETCDCTL_ENDPOINTS: "+want) || !strings.HasSuffix(err.Error(), "(unset it, or name the registry with --registry)") {
			t.Errorf("%q: %v, want %s", value, err, want)
		}
	}
}

// vars2 is an environment of one variable, whatever its value.
func vars2(name, value string) config.Getenv {
	return func(asked string) string {
		if asked == name {
			return value
		}
		return ""
	}
}

// TestEverySighting: each variable of the conventions is recognised, and one
// that this version cannot read is said to be.
func TestEverySighting(t *testing.T) {
	for variable, kind := range map[string]string{
		"CONSUL_HTTP_ADDR": "consul", "ETCDCTL_ENDPOINTS": "etcd", "KUBECONFIG": "kubernetes", "KUBERNETES_SERVICE_HOST": "kubernetes", "NATS_URL": "nats",
	} {
		found, err := environ.Look(vars2(variable, "h:1"), readable())
		if err != nil || len(found) != 1 || found[0].Kind != kind || found[0].Variable != variable {
			t.Errorf("%s: %+v, %v", variable, found, err)
			continue
		}
		_, err = environ.Take(found)
		if found[0].Supported != (kind == "consul" || kind == "etcd") || found[0].Supported != (err == nil) {
			t.Errorf("%s: %+v, %v", variable, found[0], err)
		}
		if err != nil && !strings.Contains(err.Error(), variable+" is set, but this version cannot read "+kind) {
			t.Errorf("%s: %v", variable, err)
		}
	}
	found, err := environ.Look(vars2("HOME", "/home/me"), readable())
	if err != nil || len(found) != 0 {
		t.Errorf("nothing shows a registry: %+v, %v", found, err)
	}
}

// FuzzLook: whatever a variable holds, what is taken of it can be written as a
// flag and on one line, and what is not is refused without being repeated.
func FuzzLook(f *testing.F) {
	for _, s := range []string{"h:1", "http://h:1/p", "unix:///a b", "[::1]:1", "a,b", "http://u:p@h", "h'x", "\x1b", "http://h/%zz", "https://h:1,h:2", "a%20b:1", "h/..//x'", "h/a%00b", "h/a%3Fb/", "%C2%80:1", "%25", "[fe80::1%25eth0]:1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		for _, variable := range []string{"CONSUL_HTTP_ADDR", "ETCDCTL_ENDPOINTS"} {
			found, err := environ.Look(vars2(variable, value), readable())
			if err != nil {
				var wrong *form.Error
				if !errors.As(err, &wrong) || len(value) > 30 && strings.Contains(err.Error(), value) {
					t.Fatalf("%q: %v", value, err)
				}
				continue
			}
			for _, c := range found {
				flag := c.Flag()
				if form.HasControl(c.Note()) && !form.HasControl(value) || strings.Count(flag, "'") != 2 {
					t.Fatalf("%q: %q, %q", value, c.Note(), flag)
				}
				if u, err := url.Parse(strings.Split(c.Registry.URL, ",")[0]); err != nil || u.User.String() != "" {
					t.Fatalf("%q: %q is no URL: %v", value, c.Registry.URL, err)
				}
			}
		}
	})
}
