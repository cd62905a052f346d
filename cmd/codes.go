package cmd

import "github.com/midwatch-cli/midwatch/cmd/app"

// CodeRow is a row of the table of exit codes.
type CodeRow struct {
	Code    app.Code
	Nagios  int // what --exit-style nagios makes of it
	Meaning string
}

// Codes is the one table of exit codes: it makes the help page and
// docs/exit-codes.md.
func Codes() []CodeRow {
	return []CodeRow{
		{app.OK, 0, "done, and well"},
		{app.NotWell, 2, "looked, and it is not well; a change was not made"},
		{app.Usage, 3, "wrong usage or configuration"},
		{app.CannotSay, 3, "could not tell: registry out of reach, nothing matched, no data"},
		{app.Partial, 2, "a change was made on some targets only"},
		{app.Undone, 2, "a runbook failed and was undone"},
		{app.HalfDone, 2, "a runbook failed and undoing is not complete"},
		{app.TimedOut, 2, "time ran out while waiting"},
		{app.HungUp, 3, "ended by HUP"},
		{app.Interrupt, 3, "ended by INT"},
		{app.Killed, 3, "ended by TERM"},
	}
}

// nagiosOf is a code as a monitoring plug-in ends: 0 OK, 1 WARNING, 2
// CRITICAL, 3 UNKNOWN.
func nagiosOf(c app.Code) int {
	for _, row := range Codes() {
		if row.Code == c {
			return row.Nagios
		}
	}
	return 3
}
