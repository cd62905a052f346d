package cmd_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/midwatch-cli/midwatch/cmd"
)

func TestMain(m *testing.M) {
	if playRole() {
		return
	}
	testscript.Main(m, map[string]func(){
		"midwatch": func() { os.Exit(cmd.Main()) },
	})
}

// scripts lists the folders of testdata/script: one for each command.
func scripts(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join("..", "testdata", "script"))
	if err != nil {
		t.Fatal(err)
	}
	var dirs []string
	for _, e := range entries {
		dir := filepath.Join("..", "testdata", "script", e.Name())
		found, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
		if err != nil || len(found) == 0 {
			t.Errorf("%s holds no script", dir)
			continue
		}
		dirs = append(dirs, dir)
	}
	return dirs
}

// scriptCommands are what scripts find besides testscript's own:
//
//	service NAME MODE     an HTTP server on loopback; $NAME is its address. MODE is a row of modes,
//	                      or @FILE: the mode whose name stands in the file at the time
//	raw NAME MODE         a TCP server on loopback; MODE is a row of rawModes
//	named NAME OTHER      the address $OTHER with localhost for its host
//	bare NAME OTHER       the URL $OTHER without its scheme
//	address NAME FILE     $NAME is the first line of the file
//	closed NAME           an address where nothing listens
//	etcd NAME             an etcd of its own; $NAME is its URL
//	livesOn NAME KEY      from now on a living service writes the keys below KEY of etcd NAME again
//	consul NAME MODE      a little Consul; $NAME is its URL. MODE is a row of consulModes
//	expand FILE...        $NAMES in files become what they stand for
//	code N COMMAND...     the command ends with exactly N
//	until N COMMAND...    the command is run again and again until it ends with N
//	unread N COMMAND...   the command ends with N although nobody reads its standard output
//	start JOB COMMAND...  the command runs beside the script; what it writes is in JOB.out and JOB.err
//	sees JOB REGEXP       waits until the job has written that
//	signal JOB SIGNAL     INT, TERM, HUP or KILL
//	ended JOB N           waits until the job has ended, with exactly N; -1 is by force
//	clean                 the last command wrote nothing that a terminal or a build system could obey
func scriptCommands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"service": service,
		"raw":     raw,
		"named":   named,
		"bare":    bare,
		"address": address,
		"closed":  closed,
		"etcd":    startEtcd,
		"livesOn": livesOn,
		"consul":  startConsul,
		"expand":  expand,
		"code":    code,
		"until":   until,
		"unread":  unread,
		"start":   startJob,
		"sees":    sees,
		"signal":  signalJob,
		"ended":   ended,
		"clean":   clean,
	}
}

// TestScripts runs the tool as it is typed, with its exit codes.
func TestScripts(t *testing.T) {
	for _, dir := range scripts(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			testscript.Run(t, testscript.Params{
				Dir: dir, UpdateScripts: *update, RequireExplicitExec: true, RequireUniqueNames: true,
				Setup: setupScript, Cmds: scriptCommands(),
			})
		})
	}
}

// setupScript gives a script a home of its own and nothing of ours in its
// environment.
func setupScript(e *testscript.Env) error {
	e.Setenv("HOME", filepath.Join(e.WorkDir, "home"))
	e.Setenv("XDG_CONFIG_HOME", filepath.Join(e.WorkDir, "config"))
	e.Setenv("XDG_STATE_HOME", filepath.Join(e.WorkDir, "state"))
	e.Setenv("LANG", "C.UTF-8")
	// Short and once: what a script is not about should not cost it time.
	e.Setenv("FAST", "--attempts=1")
	world := &scriptWorld{vars: e.Vars, jobs: map[string]*job{}, etcds: map[string]*etcdServer{}}
	e.Values[worldKey{}] = world
	e.Defer(world.close)
	return nil
}

// TestEveryCommandHasScripts walks the tree of commands.
func TestEveryCommandHasScripts(t *testing.T) {
	have := map[string]bool{}
	for _, dir := range scripts(t) {
		have[filepath.Base(dir)] = true
	}
	for _, c := range tree().Commands() {
		if c.Runnable() && !have[c.Name()] {
			t.Errorf("testdata/script/%s is not there", c.Name())
		}
	}
}
