package service_test

import (
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/page/pagetest"
	"github.com/midwatch-cli/midwatch/tui/page/service"
	"github.com/midwatch-cli/midwatch/tui/theme"
)

// drifted is a view after twelve passes, in which one instance runs another version.
func drifted(width, height int) *page.View {
	v := lived(12)
	v.Width, v.Height = width, height
	v.Snapshot.Services[1].Instances[1].Version = "2.5"
	return v
}

// same fails where a screen is not as it was looked at.
func same(t *testing.T, name, got, want string) {
	t.Helper()
	if want = strings.Trim(want, "\n"); got != want {
		t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
	}
}

// TestLooks: the page as it was looked at: on the smallest screen, on a usual one in
// ASCII, on a wide one, and of a service that is gone.
func TestLooks(t *testing.T) {
	same(t, "small", pagetest.Screen(t, service.New(ref("order")), drifted(40, 6)), `
   INSTANCE    STATUS     ERR     P99
▌✗ order-3     down       n/a     n/a
 ✓ order-1     up          0%  400 ms
 ✓ order-2     up        1.0%  300 ms
 ✓ order-4     up        3.0%  100 ms
 ✗ order-3 is down: no answer in 2s
`)
	v := drifted(80, 17)
	v.Theme = theme.New(theme.Options{ASCII: true, Colorless: true})
	same(t, "ASCII", pagetest.Screen(t, service.New(ref("order")), v), `
   INSTANCE    STATUS     RATE   ERR     P99  BREAKERS   VERSION  ZONE
>x order-3     down        n/a   n/a     n/a  ? timeout  2.4      a
 + order-1     up          0/s    0%  400 ms  closed     2.4      a
 + order-2     up         10/s  1.0%  300 ms  1 open     2.5      b
 + order-4     up         30/s  3.0%  100 ms  closed     2.4      b
 x order-3 is down: no answer in 2s                               10.0.0.1:9002

 ! order is degraded: waits for payment                3 of 4 serve, 2 versions
   traffic     30/s  9.0% errors  p50 10 ms  p95 200 ms  p99 >2 s
   trend       rate _-=#_-=#_-=#  errors ::::::::::::  p99 :::::::::::: in 55 s
   depends on  <1> x payment down, breaker open on 1 of 3 - <2> + user up
               ? nobody, not registered
   called by   <3> ! gateway degraded
   breakers    payment closed on 2 open on 1
   versions    ! 2 versions: 2.4 on 3, 2.5 on 1
   zones       a ! 1 of 2 - b 2 of 2 serve
   probes      usually 9 ms: dial 3 ms - wait 6 ms
`)
	same(t, "wide", pagetest.Screen(t, service.New(ref("order")), drifted(120, 22)), `
   INSTANCE    STATUS     RATE   ERR     P99  BREAKERS   VERSION  ZONE  ADDRESS          WHY
▌✗ order-3     down        n/a   n/a     n/a  ? timeout  2.4      a     10.0.0.1:9002    no answer in 2s
 ✓ order-1     up          0/s    0%  400 ms  closed     2.4      a     10.0.0.1:9000
 ✓ order-2     up         10/s  1.0%  300 ms  1 open     2.5      b     10.0.0.1:9001
 ✓ order-4     up         30/s  3.0%  100 ms  closed     2.4      b     10.0.0.1:9003






 ✗ order-3 is down: no answer in 2s                                                                       10.0.0.1:9002

 ! order is degraded: waits for payment                                                        3 of 4 serve, 2 versions
   traffic     30/s  9.0% errors  p50 10 ms  p95 200 ms  p99 >2 s
   trend       rate ▁▃▅▇▁▃▅▇▁▃▅▇  errors ▄▄▄▄▄▄▄▄▄▄▄▄  p99 ▄▄▄▄▄▄▄▄▄▄▄▄ in 55 s
   depends on  <1> ✗ payment down, breaker open on 1 of 3 · <2> ✓ user up · ? nobody, not registered
   called by   <3> ! gateway degraded
   breakers    payment closed on 2 open on 1
   versions    ! 2 versions: 2.4 on 3, 2.5 on 1
   zones       a ! 1 of 2 · b 2 of 2 serve
   probes      usually 9 ms: dial 3 ms · wait 6 ms
`)
	v = lived(3)
	v.Width, v.Height = 90, 17
	p := service.New(ref("order"))
	p.See(v)
	v.Snapshot = &fleet.Snapshot{At: v.Snapshot.At.Add(5 * time.Second)}
	v.History.Add(v.Snapshot)
	same(t, "gone", pagetest.Screen(t, p, v), `
   INSTANCE    STATUS     RATE   ERR     P99  BREAKERS   VERSION  ZONE
▌✗ order-3     down        n/a   n/a     n/a  ? timeout  2.4      a
 ✓ order-1     up          0/s    0%  400 ms  closed     2.4      a
 ✓ order-2     up         10/s  1.0%  300 ms  1 open     2.4      b
 ✓ order-4     up         30/s  3.0%  100 ms  closed     2.4      b
 ✗ order-3 is down: no answer in 2s                                         10.0.0.1:9002

 order is not here any more: since 03:04:20, as it was at 03:04:15
   traffic     20/s  9.0% errors  p50 10 ms  p95 200 ms  p99 >2 s
   trend       rate ▁▄▇   errors ▄▄▄   p99 ▄▄▄  in 15 s
   depends on  <1> ✗ payment down, breaker open on 1 of 3 · <2> ✓ user up
               ? nobody, not registered
   called by   <3> ! gateway degraded
   breakers    payment closed on 2 open on 1
   versions    2.4 on 4
   zones       a ! 1 of 2 · b 2 of 2 serve
   probes      usually 9 ms: dial 3 ms · wait 6 ms
`)
}
