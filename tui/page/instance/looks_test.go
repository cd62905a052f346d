package instance_test

import (
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/page/instance"
	"github.com/midwatch-cli/midwatch/tui/page/pagetest"
	"github.com/midwatch-cli/midwatch/tui/theme"
)

// night is an instance after twenty passes, of which three failed, with a breaker
// that opened.
func night(width, height int) *page.View {
	var v *page.View
	past := pagetest.View(&fleet.Snapshot{}, width, height)
	for i := range 20 {
		in := deep(2)
		in.Labels, in.Endpoints, in.Claimed = nil, nil, nil
		in.Traffic = &fleet.Traffic{Rate: float64(10 * (1 + i%4)), Errors: float64(i%5) / 10, P50: 0.01, P95: 0.02, P99: 0.1 * float64(1+i%3)}
		if i >= 6 && i < 9 {
			in.Status, in.Why = fleet.Down, fleet.Why{Reason: probe.ReasonTimeout, Detail: "no answer in 2s"}
			in.Probes, in.Traffic = []probe.Result{{Target: in.Probes[0].Target, Outcome: probe.Fail, Reason: probe.ReasonTimeout, Took: 2 * time.Second}}, nil
		}
		if i < 12 {
			in.Breakers[0].State = fleet.BreakerClosed
		}
		v = pagetest.View(&fleet.Snapshot{At: pagetest.At().Add(time.Duration(i) * 5 * time.Second), Services: []fleet.ServiceView{{Ref: key().Ref, Instances: []fleet.InstanceView{in}}}}, width, height)
		v.History = past.History
		v.History.Add(v.Snapshot)
	}
	return v
}

// TestLooks: the whole page, on a wide screen and, in ASCII, on a narrow one. A pass
// without a number is a gap in the charts.
func TestLooks(t *testing.T) {
	if got := pagetest.Screen(t, instance.New(key()), night(100, 100)); got != strings.TrimSpace(wide) {
		t.Errorf("wide:\n%s", got)
	}
	v := night(40, 100)
	v.Theme = theme.New(theme.Options{ASCII: true, Colorless: true})
	if got := strings.ReplaceAll(pagetest.Screen(t, instance.New(key()), v), "`", "'"); got != strings.TrimSpace(narrow) {
		t.Errorf("narrow:\n%s", got)
	}
}

const wide = `
▌! payment-1 is degraded: breaker user open

 ▾ Probes
   http         ! warn  http://10.0.0.1:80/health  200 · slow · spring
                dial       1 ms  usually 1 ms    █████████████
                wait       2 ms  usually 2 ms                 ██████████████████████████
                in all     3 ms
                slow
   attempts     2
   flaky        it took a retry to pass

 ▾ Components
   └ ✓ broker UP
     └ ✓ primary UP
       └ ✗ queue DOWN
           com.rabbitmq.client.AlreadyClosedException: connection is already closed due to
           connection error; cause: java.net.SocketException: Broken pipe while waiting for the
           broker at 10.2.3.4
     └ ✓ secondary UP
   └ cache
     └ ! near OUT_OF_SERVICE  \x1b[2Jevicted  all
   └ ? clock UNKNOWN
   └ ✓ part0 UP  free 12 GB
   └ ✓ part1 UP  free 12 GB

 ▾ History
   passes       !!!!!!✗✗✗!!!!!!!!!!!
   failures     03:04:35 ✗ down  no answer in 2s  3 passes, 15 s, well again 03:04:50
                in all 2 s

 ▾ Metrics
          rate 40/s                       errors 40%                      p50 10 ms
     50/s│     ▃       ▃   ▃   ▃      50%│      ▃    ▃    ▃    ▃    10 ms│  ██████   ███████████
         │   ▂▆█ ▂   ▂▆█ ▂▆█ ▂▆█         │    ▂▆█    █  ▂▆█  ▂▆█         │  ██████   ███████████
        0│  ▅███▅█   ███▅███▅███        0│  ▁▅███▁   █▁▅███▁▅███        0│  ██████   ███████████
          03:03:55      03:05:40          03:03:55      03:05:40          03:03:55      03:05:40
          p95 20 ms                       p99 200 ms
    20 ms│  ██████   ███████████   500 ms│
         │  ██████   ███████████         │   ▂▆ ▂▆    ▂▆ ▂▆ ▂▆ ▂
        0│  ██████   ███████████        0│  ▅██▅██   ▅██▅██▅██▅█
          03:03:55      03:05:40          03:03:55      03:05:40

   rate         40/s
   errors       40%
   durations    p50 10 ms  p95 20 ms  p99 200 ms
   scrape       120 samples in 4 ms  http://10.0.0.1:80/metrics  text
                two families twice

 ▾ Breakers
   user         forced open  fail 62%  slow n/a  rejected 1204  since 03:03:05
                held by oncall-1: "db move"
                ────────────########
   order        closed  fail n/a  slow n/a
                ────────────────────

 ▾ Registered in etcd
   address      10.0.0.1:80
   version      2.4
   zone         a
   weight       10
   last seen    1 m 39 s ago
   lease        ends in 8 s

 ▾ Asked as
   path         /health  label "health_path"
`

// narrow has another sign for branches: ' for `.
const narrow = `
>! payment-1 is degraded: breaker user ~

 v Probes
   http         ! warn
                http://10.0.0.1:80/hea
                lth
                200 - slow - spring
                dial       1 ms  usuall~
                wait       2 ms  usuall~
                in all     3 ms
                slow
   attempts     2
   flaky        it took a retry to pass

 v Components
   ' + broker UP
     ' + primary UP
       ' x queue DOWN
           com.rabbitmq.client.Alread
           yClosedException:
           connection is already
           closed due to connection ~
     ' + secondary UP
   ' cache
     ' ! near OUT_OF_SERVICE
         \x1b[2Jevicted  all
   ' ? clock UNKNOWN
   ' + part0 UP  free 12 GB
   ' + part1 UP  free 12 GB

 v History
   passes       !!!!!!xxx!!!!!!!!!!!
   failures     03:04:35 x down
                no answer in 2s
                3 passes, 15 s, well
                again 03:04:50
                in all 2 s

 v Metrics
          rate 40/s
     50/s|           -       -   -   -
         |         .+# .   .+# .+# .+#
        0|        =###=#   ###=###=###
          03:03:25            03:05:40
          errors 40%
      50%|            -    -    -    -
         |          .+#    #  .+#  .+#
        0|        _=###_   #_=###_=###
          03:03:25            03:05:40
          p50 10 ms
    10 ms|        ######   ###########
         |        ######   ###########
        0|        ######   ###########
          03:03:25            03:05:40
          p95 20 ms
    20 ms|        ######   ###########
         |        ######   ###########
        0|        ######   ###########
          03:03:25            03:05:40
          p99 200 ms
   500 ms|
         |         .+ .+    .+ .+ .+ .
        0|        =##=##   =##=##=##=#
          03:03:25            03:05:40

   rate         40/s
   errors       40%
   durations    p50 10 ms  p95 20 ms  p~
   scrape       120 samples in 4 ms  ht~
                two families twice

 v Breakers
   user         forced open  fail 62%  ~
                held by oncall-1: "db m~
                ------------########
   order        closed  fail n/a  slow ~
                --------------------

 v Registered in etcd
   address      10.0.0.1:80
   version      2.4
   zone         a
   weight       10
   last seen    1 m 39 s ago
   lease        ends in 8 s

 v Asked as
   path         /health  label "health_~
`
