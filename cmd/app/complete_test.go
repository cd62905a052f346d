package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
)

// complete is what a shell is offered behind these words: the candidates, one
// a word, and nothing on standard error but the library's own remark.
func (w *world) complete(t *testing.T, args ...string) string {
	t.Helper()
	var sel app.Selection
	var probing app.Probing
	var watching app.Watching
	w.root.RemoveCommand(w.root.Commands()...)
	cmd := &cobra.Command{Use: "check", ValidArgsFunction: w.ServiceArgs, RunE: func(*cobra.Command, []string) error { return nil }}
	sel.Add(cmd, w.App)
	probing.Add(cmd, w.App)
	cmd.Flags().String("confirm", "", "")
	w.CompleteFunc(cmd, "confirm", w.ServiceNames)
	watching.Add(cmd)
	cmd.Flags().String("own", "", "")
	w.NoComplete(cmd, "own")
	w.AddOutput(cmd, true)
	keys := &cobra.Command{Use: "deregister", RunE: cmd.RunE, ValidArgsFunction: func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		return w.InstanceKeys(cmd.Context()), cobra.ShellCompDirectiveNoFileComp
	}}
	w.root.AddCommand(cmd, keys)
	w.out.Reset()
	w.root.SetOut(w.out)
	w.root.SetErr(w.errs)
	w.root.SetArgs(append([]string{cobra.ShellCompNoDescRequestCmd}, args...))
	if err := w.root.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	text, directive, _ := strings.Cut(w.out.String(), ":")
	for strings.Contains(directive, ":") { // a candidate with a colon in it
		var more string
		more, directive, _ = strings.Cut(directive, ":")
		text += ":" + more
	}
	if strings.TrimSpace(directive) != fmt.Sprint(int(cobra.ShellCompDirectiveNoFileComp)) {
		t.Errorf("%v: directive %q: the shell would offer files", args, directive)
	}
	return strings.Join(strings.Fields(text), " ")
}

const liveFleet = `services:
  - name: order
    namespace: shop
    instances:
      - {id: order-1, address: "10.0.0.1:80", zone: a, version: "1.2"}
      - {id: order-2, address: "10.0.0.2:80", zone: b, version: "1.3"}
  - name: payment
    instances:
      - {id: payment-1, address: "10.0.0.3:80", zone: a, version: "1.2"}
  - name: idle
    instances: []
`

// TestCompleteLiveNames: names of services, instances, zones, versions and
// namespaces come from the registries, each once, sorted.
func TestCompleteLiveNames(t *testing.T) {
	w := newWorld(t)
	w.flags(t, "--registry", "file://"+w.write(t, "fleet.yaml", liveFleet))
	for _, c := range []struct{ words, want string }{
		{"check|", "idle order payment"},
		{"check|order|", "idle payment"},
		{"deregister|", "order/order-1 order/order-2 payment/payment-1"},
		{"check|--zone|", "a b"},
		{"check|--zone|b", "b"},
		{"check|--zone=", "a b"},
		{"check|--zone|z", ""},
		{"check|--service-version|", "1.2 1.3"},
		{"check|--instance|order", "order-1 order-2"},
		{"check|-n|", "shop"},
		{"check|--confirm|p", "payment"},
		{"check|--zone|a,", "a,b"},
		{"check|--instance|order-1,payment-1,", "order-1,payment-1,order-2"},
		{"check|--instance|order-1,p", "order-1,payment-1"},
	} {
		if got := w.complete(t, strings.Split(c.words, "|")...); got != c.want {
			t.Errorf("%s: offers %q, want %q", c.words, got, c.want)
		}
	}
}

// TestCompleteWords: flags of a fixed set of words, and those whose values
// nobody can guess.
func TestCompleteWords(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ words, want string }{
		{"check|--color|", "auto always never"},
		{"check|--exit-style|", "midwatch nagios"},
		{"check|--probe|", "http grpc tcp tls dns"},
		{"check|-o|", "table wide json yaml jsonl name junit tap nagios prometheus markdown github"},
		{"check|--timeout|", ""},
		{"check|--user-agent|", ""},
		{"check|--selector|", ""},
		{"check|--interval|", ""},
		{"check|--probe-timeout|", ""},
		{"check|--attempts|", ""},
		{"check|--parallel|", ""},
		{"check|--qps|", ""},
		{"check|--health-path|", ""},
		{"check|--slow|", ""},
		{"check|--jq|", ""},
		{"check|--template|", ""},
		{"check|--own|", ""},
	} {
		if got := w.complete(t, strings.Split(c.words, "|")...); got != c.want {
			t.Errorf("%s: offers %q, want %q", c.words, got, c.want)
		}
	}
}

// TestCompleteConfigured: contexts and profiles of the file, registries of the
// environment.
func TestCompleteConfigured(t *testing.T) {
	w := newWorld(t, "CONSUL_HTTP_ADDR=10.0.0.5:8500", "NATS_URL=nats://n")
	w.config(t, "contexts:\n  - {name: prod, registries: [\"etcd://h:1\"], profiles: {inner: {extends: plain}}}\n"+
		"  - {name: test, registries: [\"etcd://h:1\"]}\nprofiles:\n  shop: {extends: spring}\n")
	for _, c := range []struct{ words, want string }{
		{"check|--context|", "prod test none"},
		{"check|--context|prod,", "prod,test prod,none"},
		{"check|--context|prod,t", "prod,test"},
		{"check|--profile|", "dotnet envoy go haproxy inner midwatch node plain python quarkus shop spring"},
		{"check|--profile|s", "shop spring"},
		{"check|--registry|", "consul://10.0.0.5:8500 consul:// etcd:// file:// memory://"},
		{"check|--registry|et", "etcd://"},
	} {
		if got := w.complete(t, strings.Split(c.words, "|")...); got != c.want {
			t.Errorf("%s: offers %q, want %q", c.words, got, c.want)
		}
	}
	w.config(t, "contexts: nonsense\n")
	if got := w.complete(t, "check", "--context", ""); got != "" {
		t.Errorf("of a file that cannot be read: %q", got)
	}
	if got := w.complete(t, "check", "--profile", "s"); got != "spring" {
		t.Errorf("the built-in ones are there all the same: %q", got)
	}
	w.env["CONSUL_HTTP_ADDR"] = "ftp://x"
	if got := w.complete(t, "check", "--registry", "c"); got != "consul://" {
		t.Errorf("of an environment that cannot be read: %q", got)
	}
}

// TestCompleteNeverOffersHostileNames: what a shell would obey or hide is left
// out, and the others are offered.
func TestCompleteNeverOffersHostileNames(t *testing.T) {
	w := newWorld(t)
	w.flags(t, "--registry", "file://"+w.write(t, "targets.json", `[
		{"targets": ["10.0.0.1:80"], "labels": {"service": "good", "zone": "a\u001b[2J", "version": "1"}},
		{"targets": ["10.0.0.2:80"], "labels": {"service": "good", "zone": "a\u202eb", "version": "::stop-commands::x"}},
		{"targets": ["10.0.0.3:80"], "labels": {"service": "good", "zone": "b\nc", "version": "##[group]x"}}
	]`))
	for words, want := range map[string]string{
		"check|":                   "good",
		"check|--zone|":            "",
		"check|--service-version|": "1",
		"deregister|":              "good/10.0.0.1:80 good/10.0.0.2:80 good/10.0.0.3:80",
	} {
		if got := w.complete(t, strings.Split(words, "|")...); got != want {
			t.Errorf("%s: offers %q, want %q", words, got, want)
		}
	}
}

// TestCompleteInTime: a person waits for a completion. A registry that hangs
// or is not there costs a second at most, and hides nothing of another.
func TestCompleteInTime(t *testing.T) {
	hanging := mute(t)
	for name, urls := range map[string][]string{
		"hanging Consul":           {"consul://" + hanging},
		"hanging etcd":             {"etcd://" + hanging},
		"refused":                  {"etcd://" + closed(t)},
		"wrong":                    {"nonsense://x"},
		"one of two hangs":         {"", "consul://" + hanging},
		"a file that is not there": {"file:///none/fleet.yaml"},
	} {
		w := newWorld(t)
		want := ""
		if urls[0] == "" {
			urls[0], want = "file://"+w.write(t, "fleet.yaml", liveFleet), "idle order payment"
		}
		w.Global.Registries = urls
		began := time.Now()
		got := w.complete(t, "check", "")
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
		if got != want {
			t.Errorf("%s: offers %q, want %q", name, got, want)
		}
	}
	if got := newWorld(t).complete(t, "check", ""); got != "" {
		t.Errorf("without a registry: %q", got)
	}
}

// TestCompleteSaysNothing: the line that says what is used of the environment
// is for people, not for a shell that completes.
func TestCompleteSaysNothing(t *testing.T) {
	w := newWorld(t, "CONSUL_HTTP_ADDR="+closed(t))
	if got := w.complete(t, "check", ""); got != "" || strings.Contains(w.errs.String(), "using consul") {
		t.Errorf("offers %q, says %q", got, w.errs)
	}
}

// TestFlagsThatAreNotThere: a wrong name in the program's own code shows at
// once, in every run of it.
func TestFlagsThatAreNotThere(t *testing.T) {
	defer func() {
		if got := fmt.Sprint(recover()); !strings.Contains(got, "flag --nonsense of check") {
			t.Errorf("got %s", got)
		}
	}()
	newWorld(t).NoComplete(&cobra.Command{Use: "check"}, "nonsense")
	t.Error("taken")
}
