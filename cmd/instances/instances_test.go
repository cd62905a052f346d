package instances_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/cmdtest"
	"github.com/midwatch-cli/midwatch/cmd/instances"
)

const inventory = `services:
  - name: pay
    instances:
      - {id: pay-1, address: "10.0.0.1:80", zone: a, version: 2.4.1, weight: 3, labels: {tier: "1", app: shop}}
      - {id: pay-2, address: "[fd00::2]:80"}
  - {name: order, instances: []}
  - {name: idle, instances: []}
`

func file(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fleet.yaml")
	if err := os.WriteFile(path, []byte(inventory), 0o600); err != nil {
		t.Fatal(err)
	}
	return "file://" + path
}

func run(t *testing.T, args ...string) cmdtest.Result {
	t.Helper()
	return cmdtest.Command{New: instances.New}.Run(t, args...)
}

func TestTable(t *testing.T) {
	r := run(t, "--registry", file(t), "-o", "wide")
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	for _, want := range []string{
		"CONTEXT\tSOURCE\tNAMESPACE\tSERVICE\tINSTANCE\tADDRESS\tZONE\tVERSION\tCLAIMED\tWEIGHT\tLEASE\tSEEN\tENDPOINTS\tLABELS\n",
		"-\tfile\t-\tpay\tpay-1\t10.0.0.1:80\ta\t2.4.1\t-\t3\t-\t-\t-\tapp=shop,tier=1\n",
		"-\tfile\t-\tpay\tpay-2\t[fd00::2]:80\t-\t-\t-\t-\t-\t-\t-\t-\n",
	} {
		if !strings.Contains(r.Out, want) {
			t.Errorf("lacks %q:\n%s", want, r.Out)
		}
	}
	for _, want := range []string{"2 instances of 3 services", "known but empty: idle, order"} {
		if !strings.Contains(r.Errs, want) {
			t.Errorf("does not say %q: %s", want, r.Errs)
		}
	}
}

func TestSelected(t *testing.T) {
	url := file(t)
	for _, tt := range []struct {
		args string
		want string
		code app.Code
	}{
		{"", "pay/pay-1 pay/pay-2", 0},
		{"pay/pay-1", "pay/pay-1", 0},
		{"--instance pay-2", "pay/pay-2", 0},
		{"--instance *-1", "pay/pay-1", 0},
		{"--zone a", "pay/pay-1", 0},
		{"-l tier=1", "pay/pay-1", 0},
		{"-l tier!=1", "pay/pay-2", 0},
		{"order", "", 0},
		{"--instance none", "", app.CannotSay},
		{"none", "", app.CannotSay},
	} {
		r := run(t, append([]string{"--registry", url, "-o", "name"}, strings.Fields(tt.args)...)...)
		if got := strings.Join(strings.Fields(r.Out), " "); got != tt.want || r.Code() != tt.code {
			t.Errorf("%q: ended with %d and %q, want %d and %q", tt.args, r.Code(), got, tt.code, tt.want)
		}
	}
}

// TestNamesAreTakenBack: what -o name prints selects that instance again.
func TestNamesAreTakenBack(t *testing.T) {
	url := file(t)
	for name := range strings.Lines(run(t, "--registry", url, "-o", "name").Out) {
		name = strings.TrimSpace(name)
		if r := run(t, "--registry", url, "-o", "name", name); strings.TrimSpace(r.Out) != name {
			t.Errorf("%s selects %q", name, r.Out)
		}
	}
}

// TestNothingIsAsked: a list of what registries hold sends nothing to services.
func TestNothingIsAsked(t *testing.T) {
	addr := cmdtest.Health(t, 500, "{}")
	r := run(t, "--registry", cmdtest.Inventory(t, "pay 1="+addr), "--jq", ".items[0].probes | length")
	if r.Err != nil || strings.TrimSpace(r.Out) != "0" {
		t.Errorf("ended with %v and %q", r.Err, r.Out)
	}
	if r := run(t, "--probe-timeout", "1s"); r.Err == nil {
		t.Error("took a flag about probes")
	}
}

func TestWrongUsage(t *testing.T) {
	for _, args := range []string{"-o junit", "--interval 1ms", "[a", "-l =", "--registry ectd://x", "--registry etcd://a:b@c"} {
		r := run(t, append(strings.Fields(args), "--timeout", "5s")...)
		if r.Code() != app.Usage {
			t.Errorf("%s: ended with %d, %v; want 2", args, r.Code(), r.Err)
		}
	}
}
