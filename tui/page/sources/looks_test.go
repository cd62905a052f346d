package sources_test

import (
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/tui/page/pagetest"
	"github.com/midwatch-cli/midwatch/tui/page/sources"
	"github.com/midwatch-cli/midwatch/tui/theme"
)

// TestLooks: the page as it was looked at, on a small screen in ASCII and on a wide
// one.
func TestLooks(t *testing.T) {
	v := covered(60, 12)
	v.Theme = theme.New(theme.Options{ASCII: true, Colorless: true})
	if got := pagetest.Screen(t, sources.New(), v); got != strings.Trim(small, "\n") {
		t.Errorf("small:\n%s", got)
	}
	if got := pagetest.Screen(t, sources.New(), covered(120, 16)); got != strings.Trim(wide, "\n") {
		t.Errorf("wide:\n%s", got)
	}
}

const small = `
   SOURCE    STATE       AGE  SERVICES  INSTANCES  ANSWER
>+ etcd      answers     0 s         2          5     80%
 + consul    answers     0 s         2          2      0%
 + files     answers     0 s         0          0     n/a

 etcd
   url         etcd://a:2379
   answer      4 of 5 instances - + 3 up - ? 1 unknown - x ~
   read        metrics 4 of 5 - breakers 2 of 3
   says        version 5 of 5 - zone 3 of 5 - weight 2 of 5~
   health      none of its own: what is known comes from as~
   labels      team 3 - tier 1
`

const wide = `
   SOURCE    STATE       AGE  SERVICES  INSTANCES  ANSWER  WARNINGS  URL
▌✓ etcd      answers     0 s         2          5     80%         –  etcd://a:2379
 ✓ consul    answers     0 s         2          2      0%         –  consul://b:8500
 ✓ files     answers     0 s         0          0     n/a         –  file:///x.yaml




 etcd
   url         etcd://a:2379
   answer      4 of 5 instances · ✓ 3 up · ? 1 unknown · ✗ 1 down
   read        metrics 4 of 5 · breakers 2 of 3
   says        version 5 of 5 · zone 3 of 5 · weight 2 of 5 · what they call 1 of 2 services
   health      none of its own: what is known comes from asking
   labels      team 3 · tier 1
   last change none was seen since this began
`
