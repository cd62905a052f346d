package schema_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/cmdtest"
	"github.com/midwatch-cli/midwatch/cmd/schema"
	"github.com/midwatch-cli/midwatch/fleet/document/kinds"
)

func run(t *testing.T, args ...string) cmdtest.Result {
	t.Helper()
	return cmdtest.Command{New: schema.New}.Run(t, args...)
}

// TestEveryKind is listed and has its schema, by its name in any case.
func TestEveryKind(t *testing.T) {
	list := run(t, "-o", "name").Out
	for _, k := range kinds.All() {
		if !strings.Contains("\n"+list, "\n"+k.Kind+"\n") {
			t.Errorf("%s is not listed", k.Kind)
		}
		for _, name := range []string{k.Kind, strings.ToLower(k.Kind), strings.ToUpper(k.Kind)} {
			r := run(t, name)
			var doc map[string]any
			if err := json.Unmarshal([]byte(r.Out), &doc); err != nil || doc["$schema"] == nil {
				t.Errorf("%s: %v, %v", name, r.Err, err)
			}
		}
	}
}

func TestUnknown(t *testing.T) {
	for name, hint := range map[string]string{"Chekc": "did you mean Check?", "zzzzzzz": "there are: "} {
		r := run(t, name)
		if r.Code() != app.Usage || !strings.Contains(r.Hint(), hint) || r.Out != "" {
			t.Errorf("%s: ended with %d, %v, hint %q", name, r.Code(), r.Err, r.Hint())
		}
	}
	if r := run(t, "Check", "-q"); r.Err != nil || r.Out != "" {
		t.Errorf("-q: ended with %v and %d bytes", r.Err, len(r.Out))
	}
}
