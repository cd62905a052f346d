package haproxy_test

import (
	"math"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker/haproxy"
)

// sound holds what was decoded to what readers rely on.
func sound(t *testing.T, list []fleet.Breaker, err error) {
	t.Helper()
	if err != nil && list != nil || err == nil && list == nil {
		t.Fatalf("%v beside %v", list, err)
	}
	for _, b := range list {
		if b.FailureRate < 0 || b.FailureRate > 1 || !math.IsNaN(b.SlowRate) || !strings.Contains(b.Name, "/") || b.Observed == fleet.BreakerForcedOpen {
			t.Errorf("%+v", b)
		}
	}
}

func FuzzServersState(f *testing.F) {
	for _, name := range []string{"01-show-servers-state.txt", "06-state-after-drain.txt", "08-state-after-maint.txt", "18-over-tcp.txt", "17-no-permission.txt", "22-show-info.txt"} {
		f.Add(reply(f, name))
	}
	stat := strings.TrimRight(reply(f, "02-show-stat-csv.txt"), "\n")
	f.Fuzz(func(t *testing.T, state string) {
		list, err := haproxy.Decode(state, stat)
		sound(t, list, err)
	})
}

func FuzzStat(f *testing.F) {
	for _, name := range []string{"02-show-stat-csv.txt", "09-stat-after-maint.txt", "16-unknown-command.txt"} {
		f.Add(reply(f, name))
	}
	f.Add("# pxname,svname,status,type,stot,check_status,last_chk\norders,o1,\"DOWN\n\",2,9223372036854775807,L7STS,\"a \"\"b\"\"\n\nc\"\n")
	state := strings.TrimRight(reply(f, "01-show-servers-state.txt"), "\n")
	f.Fuzz(func(t *testing.T, stat string) {
		list, err := haproxy.Decode(state, stat)
		sound(t, list, err)
	})
}
