package replay

import (
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/cmd/app"
)

// answered are the commands that a recording answers.
func answered() []string {
	return []string{"services", "instances", "check", "wait", "watch", "breakers", "breakers list", "breakers show", "breakers events", "resolve", "metrics", "query", "top"}
}

// asking are those that would ask the network something that was not recorded.
func asking() []string { return []string{"doctor", "record"} }

// writing are those that change what they are run on.
func writing() []string {
	return []string{
		"breakers trip", "breakers reset", "breakers bypass", "breakers half-open", "drain", "undrain", "register", "deregister",
		"changes undo", "changes settle", "context use", "config init",
	}
}

// refused says why a command is not run against a recording; nil where it is.
func refused(path string, command []string) error {
	line := "midwatch " + strings.Join(command, " ")
	switch {
	case slices.Contains(answered(), path):
		return nil
	case path == "":
		return app.Usagef("midwatch help lists the commands", "there is no command %q", line)
	case slices.Contains(writing(), path):
		return app.Usagef("without replay it is about the fleet of now", "a recording cannot be changed: midwatch %s writes", path)
	case slices.Contains(asking(), path):
		return app.Usagef("midwatch replay FILE -- check --explain says what was asked and answered", "midwatch %s asks the network, and a recording only answers what was recorded", path)
	}
	return app.Usagef("run it without replay", "midwatch %s is not about what was recorded", path)
}
