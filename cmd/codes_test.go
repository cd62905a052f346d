package cmd_test

import (
	"testing"

	"github.com/midwatch-cli/midwatch/cmd"
	"github.com/midwatch-cli/midwatch/cmd/app"
)

// TestTableOfCodes: what Nagios makes of them is a contract too.
func TestTableOfCodes(t *testing.T) {
	want := map[app.Code]int{0: 0, 1: 2, 2: 3, 3: 3, 4: 2, 5: 2, 6: 2, 124: 2, 129: 3, 130: 3, 143: 3}
	last := app.Code(-1)
	for _, row := range cmd.Codes() {
		nagios, known := want[row.Code]
		if !known || row.Nagios != nagios || row.Meaning == "" {
			t.Errorf("%d is %d for Nagios (%q), want %d", row.Code, row.Nagios, row.Meaning, nagios)
		}
		if row.Code <= last {
			t.Errorf("%d stands after %d", row.Code, last)
		}
		last = row.Code
		delete(want, row.Code)
	}
	if len(want) > 0 {
		t.Errorf("the table lacks %v", want)
	}
}
