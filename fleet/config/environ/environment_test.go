package environ_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet/config"
	"github.com/midwatch-cli/midwatch/fleet/config/environ"
	"github.com/midwatch-cli/midwatch/fleet/config/form"
)

// vars is an environment written as NAME=value, one a line.
func vars(text string) config.Getenv {
	return func(name string) string {
		for line := range strings.Lines(text) {
			if k, v, ok := strings.Cut(strings.TrimSpace(line), "="); ok && k == name {
				return v
			}
		}
		return ""
	}
}

func readable() []string { return []string{"etcd", "consul", "file"} }

func TestOneIsTaken(t *testing.T) {
	for _, c := range []struct{ why, env, note, flag string }{
		{
			"consul, bare", "CONSUL_HTTP_ADDR=10.0.0.5:8500",
			"using consul http://10.0.0.5:8500 (from CONSUL_HTTP_ADDR)", "--registry 'consul://10.0.0.5:8500'",
		},
		{
			"consul, a URL with a path", "CONSUL_HTTP_ADDR=http://10.0.0.5:8500/consul/",
			"using consul http://10.0.0.5:8500/consul (from CONSUL_HTTP_ADDR)", "--registry 'consul://10.0.0.5:8500/consul'",
		},
		{
			"consul, TLS by the URL", "CONSUL_HTTP_ADDR=https://c.internal:8501\nCONSUL_CACERT=/etc/ca.pem\nCONSUL_CLIENT_CERT=/c.pem\nCONSUL_CLIENT_KEY=/k.pem\nCONSUL_TLS_SERVER_NAME=c",
			"using consul https://c.internal:8501 (from CONSUL_HTTP_ADDR)",
			"--registry 'consul://c.internal:8501?ca=/etc/ca.pem&cert=/c.pem&key=/k.pem&serverName=c&tls=true'",
		},
		{
			"consul, TLS by the switch", "CONSUL_HTTP_ADDR=c:8501\nCONSUL_HTTP_SSL=1",
			"using consul https://c:8501 (from CONSUL_HTTP_ADDR)", "--registry 'consul://c:8501?tls=true'",
		},
		{
			"consul, switch off", "CONSUL_HTTP_ADDR=c:8501\nCONSUL_HTTP_SSL=false",
			"using consul http://c:8501 (from CONSUL_HTTP_ADDR)", "--registry 'consul://c:8501'",
		},
		{
			"consul, token", "CONSUL_HTTP_ADDR=c:8500\nCONSUL_HTTP_TOKEN=s3cret\nCONSUL_NAMESPACE=shop\nCONSUL_PARTITION=p",
			"using consul http://c:8500 (from CONSUL_HTTP_ADDR)", "--registry 'consul://c:8500?namespace=shop&partition=p&token=env:CONSUL_HTTP_TOKEN'",
		},
		{
			"consul, token in a file wins", "CONSUL_HTTP_ADDR=c:8500\nCONSUL_HTTP_TOKEN=s3cret\nCONSUL_HTTP_TOKEN_FILE=/run/token",
			"using consul http://c:8500 (from CONSUL_HTTP_ADDR)", "--registry 'consul://c:8500?token=file:/run/token'",
		},
		{
			"consul, user and password", "CONSUL_HTTP_ADDR=c:8500\nCONSUL_HTTP_AUTH=ops:s3cret",
			"using consul http://c:8500 (from CONSUL_HTTP_ADDR)", "--registry 'consul://ops@c:8500?password=env:CONSUL_HTTP_AUTH'",
		},
		{
			"consul, socket", "CONSUL_HTTP_ADDR=unix:///run/consul.sock\nCONSUL_HTTP_TOKEN=s3cret",
			"using consul unix:///run/consul.sock (from CONSUL_HTTP_ADDR)", "--registry 'consul+unix:///run/consul.sock?token=env:CONSUL_HTTP_TOKEN'",
		},
		{
			"etcd, bare", "ETCDCTL_ENDPOINTS=a:2379",
			"using etcd http://a:2379 (from ETCDCTL_ENDPOINTS)", "--registry 'etcd://a:2379'",
		},
		{
			"etcd, several", "ETCDCTL_ENDPOINTS=https://a:2379, https://[::1]:2379/\nETCDCTL_CACERT=/ca.pem\nETCDCTL_CERT=/c.pem\nETCDCTL_KEY=/k.pem",
			"using etcd https://a:2379,[::1]:2379 (from ETCDCTL_ENDPOINTS)", "--registry 'etcd://a:2379,[::1]:2379?ca=/ca.pem&cert=/c.pem&key=/k.pem&tls=true'",
		},
		{
			"etcd, user and password in one", "ETCDCTL_ENDPOINTS=a:2379\nETCDCTL_USER=root:s3cret",
			"using etcd http://a:2379 (from ETCDCTL_ENDPOINTS)", "--registry 'etcd://root@a:2379?password=env:ETCDCTL_USER'",
		},
		{
			"etcd, user and password in two", "ETCDCTL_ENDPOINTS=a:2379\nETCDCTL_USER=root\nETCDCTL_PASSWORD=s3cret",
			"using etcd http://a:2379 (from ETCDCTL_ENDPOINTS)", "--registry 'etcd://root@a:2379?password=env:ETCDCTL_PASSWORD'",
		},
		{
			"one that cannot be read beside it", "NATS_URL=nats://n:4222\nKUBECONFIG=/k\nETCDCTL_ENDPOINTS=a:2379",
			"using etcd http://a:2379 (from ETCDCTL_ENDPOINTS)", "--registry 'etcd://a:2379'",
		},
	} {
		t.Run(c.why, func(t *testing.T) {
			found, err := environ.Look(vars(c.env), readable())
			if err != nil {
				t.Fatal(err)
			}
			got, err := environ.Take(found)
			if err != nil || got.Note() != c.note || got.Flag() != c.flag {
				t.Errorf("%v\ngot  %s\n     %s\nwant %s\n     %s", err, got.Note(), got.Flag(), c.note, c.flag)
			}
			if strings.Contains(fmt.Sprintf("%+v", got), "s3cret") {
				t.Errorf("the secret is in the candidate: %+v", got)
			}
			// What is found and what the flag says are the same registry.
			line := strings.TrimSuffix(strings.TrimPrefix(got.Flag(), "--registry '"), "'")
			f, err := config.Parse("x.yaml", []byte("contexts:\n  - name: a\n    registries:\n      - \""+line+"\"\n"), config.Known{Schemes: readable()})
			if err != nil {
				t.Errorf("the flag's URL is refused: %v", err)
			} else if !strings.HasPrefix(f.Contexts[0].Registries[0].URL, got.Registry.URL) {
				t.Errorf("%s and %s differ", f.Contexts[0].Registries[0].URL, got.Registry.URL)
			}
		})
	}
}

func TestNoneOrSeveral(t *testing.T) {
	ways := "(three ways out: --registry etcd://HOST:2379 names one, `midwatch config init` writes a file, `midwatch demo` brings a fleet of its own)"
	for _, c := range []struct{ why, env, want string }{
		{"none", "", "no registry is named, and the environment shows none " + ways},
		{
			"only what cannot be read", "KUBECONFIG=/home/me/.kube/config\nNATS_URL=nats://me:s3cret@n",
			"no registry is named, and the environment shows none; KUBECONFIG is set, but this version cannot read kubernetes; NATS_URL is set, but this version cannot read nats " + ways,
		},
		{
			"two", "CONSUL_HTTP_ADDR=c:8500\nCONSUL_HTTP_TOKEN=s3cret\nETCDCTL_ENDPOINTS=a:2379",
			"the environment shows 2 registries (CONSUL_HTTP_ADDR, ETCDCTL_ENDPOINTS) and none is named (choose one:\n" +
				"  --registry 'consul://c:8500?token=env:CONSUL_HTTP_TOKEN'\n  --registry 'etcd://a:2379')",
		},
	} {
		t.Run(c.why, func(t *testing.T) {
			found, err := environ.Look(vars(c.env), readable())
			if err != nil {
				t.Fatal(err)
			}
			_, err = environ.Take(found)
			var wrong *form.Error
			if !errors.As(err, &wrong) || err.Error() != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestOnlyKnownKindsAreTaken(t *testing.T) {
	found, err := environ.Look(vars("CONSUL_HTTP_ADDR=c:8500\nETCDCTL_ENDPOINTS=a:2379"), []string{"etcd"})
	if err != nil || len(found) != 2 || found[0].Supported || found[0].Registry.URL != "" || !found[1].Supported {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestBadAddresses(t *testing.T) {
	for _, bad := range []string{
		"CONSUL_HTTP_ADDR=http://me:s3cret@c:8500", "CONSUL_HTTP_ADDR=me:s3cret@c:8500", "CONSUL_HTTP_ADDR=ftp://s3cret", "CONSUL_HTTP_ADDR=http://",
		"CONSUL_HTTP_ADDR=http://c:8500?token=s3cret", "CONSUL_HTTP_ADDR=c:s3cret", "CONSUL_HTTP_ADDR=unix://s3cret", "CONSUL_HTTP_ADDR=c\x1b[2J:8500",
		"ETCDCTL_ENDPOINTS=http://a:2379,https://b:2379", "ETCDCTL_ENDPOINTS=a:2379,,b:2379", "ETCDCTL_ENDPOINTS=a:2379/s3cret", "ETCDCTL_ENDPOINTS=http://root:s3cret@a:2379",
	} {
		variable, _, _ := strings.Cut(bad, "=")
		_, err := environ.Look(vars(bad), readable())
		var wrong *form.Error
		if !errors.As(err, &wrong) || !strings.HasPrefix(err.Error(), variable+": ") || strings.Contains(err.Error(), "s3cret") || strings.ContainsRune(err.Error(), '\x1b') {
			t.Errorf("%q: %v", bad, err)
		}
	}
	_, err := environ.Look(vars("CONSUL_HTTP_ADDR=ftp://x\nETCDCTL_ENDPOINTS=a/b"), readable())
	if err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("all that is wrong is shown: %v", err)
	}
}

func TestUnusedVariablesAreNamed(t *testing.T) {
	found, err := environ.Look(vars("CONSUL_HTTP_ADDR=c:8500\nCONSUL_CAPATH=/etc/ssl\nETCDCTL_ENDPOINTS=a:1\nETCDCTL_INSECURE_SKIP_TLS_VERIFY=true"), readable())
	if err != nil || len(found) != 2 {
		t.Fatal(err)
	}
	if got := fmt.Sprint(found[0].Unused, found[1].Unused); got != "[CONSUL_CAPATH] [ETCDCTL_INSECURE_SKIP_TLS_VERIFY]" {
		t.Errorf("got %s", got)
	}
}

// TestInit: the file is right as it is written, and right with its comments
// taken off; it holds what was found.
func TestInit(t *testing.T) {
	known := config.Known{
		Schemes:  readable(),
		Profiles: []string{"spring", "quarkus", "dotnet", "go", "node", "python", "envoy", "haproxy", "midwatch", "plain"},
	}
	for why, c := range map[string]struct {
		env  string
		urls []string
	}{
		"nothing found": {"", nil},
		"not readable":  {"NATS_URL=nats://n", nil},
		"one":           {"CONSUL_HTTP_ADDR=c:8500", []string{"consul://c:8500"}},
		"two with options": {
			"CONSUL_HTTP_ADDR=https://c:8500\nCONSUL_HTTP_TOKEN=s3cret\nCONSUL_NAMESPACE=true\nETCDCTL_ENDPOINTS=a:1,b:2\nETCDCTL_USER=root:s3cret",
			[]string{"consul://c:8500", "etcd://root@a:1,b:2"},
		},
	} {
		t.Run(why, func(t *testing.T) {
			found, err := environ.Look(vars(c.env), readable())
			if err != nil {
				t.Fatal(err)
			}
			written, err := environ.Init(found)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(written), "s3cret") {
				t.Error("a secret is written")
			}
			f, err := config.Parse("midwatch.yaml", written, known)
			if err != nil {
				t.Fatalf("the file is refused: %v\n%s", err, written)
			}
			var urls []string
			for _, one := range f.Contexts {
				for _, r := range one.Registries {
					urls = append(urls, r.URL)
				}
			}
			if fmt.Sprint(urls) != fmt.Sprint(c.urls) {
				t.Errorf("it holds %v, want %v", urls, c.urls)
			}
			plain := uncomment(string(written))
			f, err = config.Parse("midwatch.yaml", []byte(plain), known)
			if err != nil {
				t.Fatalf("with its comments taken off it is refused: %v\n%s", err, plain)
			}
			if len(f.Contexts) != 1 || len(f.Contexts[0].Services) == 0 || len(f.Profiles) == 0 {
				t.Errorf("with its comments taken off it holds %+v", f)
			}
		})
	}
}

// uncomment takes one sign off the lines that have one.
func uncomment(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "##") {
			line = strings.TrimPrefix(line, "#")
		}
		b.WriteString(line)
	}
	return b.String()
}
