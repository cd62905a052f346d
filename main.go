// Midwatch finds a fleet of services in its registries, asks every instance
// how it is, and says in an exit code whether a deploy may go on.
package main

import (
	"os"

	"github.com/midwatch-cli/midwatch/cmd"
)

func main() {
	os.Exit(cmd.Main())
}
