package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
)

// patience is how long a text may take to appear.
const patience = 60 * time.Second

// terminal is a program on a terminal that understands what is written to it.
type terminal struct {
	vt    *vt.Emulator
	pty   *os.File
	news  chan struct{}
	ended chan struct{}

	mu sync.Mutex // of vt
}

// start runs the program on a terminal of its own, in a home of its own.
func start(ctx context.Context, program, home string, args []string, l look) (*terminal, error) {
	args = append(slices.Clone(args), "--palette", l.name, "--utc")
	cmd := exec.CommandContext(ctx, program, args...)
	if os.Getuid() == 0 { // the name of this machine is nobody's business
		cmd = exec.CommandContext(ctx, "sh", append([]string{"-c", `echo bastion-1 >/proc/sys/kernel/hostname; exec "$0" "$@"`, program}, args...)...)
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS}
	}
	// It is told to end, so that the demo takes its keeper along.
	cmd.Cancel, cmd.WaitDelay = func() error { return cmd.Process.Signal(syscall.SIGTERM) }, patience
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_STATE_HOME=" + filepath.Join(home, "state"), "XDG_CONFIG_HOME=" + filepath.Join(home, "config"),
		"TERM=xterm-256color", "COLORTERM=truecolor", "LANG=C.UTF-8", "TZ=UTC", "USER=oncall-1", "SUDO_USER=oncall-1",
	}
	f, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: cols, Rows: rows})
	if err != nil {
		return nil, err
	}
	t := &terminal{
		vt: vt.NewEmulator(cols, rows), pty: f,
		news: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	go t.read(cmd)
	go func() { _, _ = io.Copy(f, t.vt) }() // what the program asks of its terminal
	return t, nil
}

// read feeds the terminal until the program has ended.
func (t *terminal) read(cmd *exec.Cmd) {
	defer close(t.ended)
	buffer := make([]byte, 64<<10)
	for {
		n, err := t.pty.Read(buffer)
		t.mu.Lock()
		_, _ = t.vt.Write(buffer[:n])
		t.mu.Unlock()
		select {
		case t.news <- struct{}{}:
		default:
		}
		if err != nil {
			break
		}
	}
	_ = cmd.Wait() // how it ends is not of interest: the picture is taken
}

func (t *terminal) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.vt.String()
}

// cols and rows are the size that a terminal begins with.
const cols, rows = 100, 24

// resize makes it another size, as a window does that is dragged.
func (t *terminal) resize(cols, rows int) error {
	t.mu.Lock()
	t.vt.Resize(cols, rows)
	t.mu.Unlock()
	if err := pty.Setsize(t.pty, &pty.Winsize{Cols: uint16(cols), Rows: uint16(rows)}); err != nil {
		return err
	}
	t.rest()
	return nil
}

// do takes steps: one that begins with ~ waits for a text, an empty one for a
// second; any other is typed.
func (t *terminal) do(steps ...string) error {
	for _, step := range steps {
		if want, waits := strings.CutPrefix(step, "~"); waits {
			if err := t.wait(want); err != nil {
				return err
			}
			continue
		}
		if step == "" {
			time.Sleep(time.Second)
			continue
		}
		if _, err := t.pty.WriteString(step); err != nil {
			return err
		}
		t.rest()
	}
	return nil
}

// wait waits until a text stands on the screen.
func (t *terminal) wait(want string) error {
	over := time.After(patience)
	for !strings.Contains(t.text(), want) {
		select {
		case <-t.news:
		case <-t.ended:
			return fmt.Errorf("it ended and never showed %q:\n%s", want, t.text())
		case <-over:
			return fmt.Errorf("it never showed %q:\n%s", want, t.text())
		}
	}
	t.rest()
	return nil
}

// rest waits until nothing was written for a moment.
func (t *terminal) rest() {
	const quiet = 400 * time.Millisecond
	over := time.After(10 * quiet)
	for {
		select {
		case <-t.news:
		case <-time.After(quiet):
			return
		case <-over:
			return
		}
	}
}

// end ends the program, as its user does.
func (t *terminal) end(cancel context.CancelFunc) {
	cancel()
	<-t.ended
	_ = t.vt.Close()
	_ = t.pty.Close()
}
