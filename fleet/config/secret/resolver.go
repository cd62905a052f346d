// Package secret finds the secrets that configuration refers to.
package secret

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/config/form"
)

const (
	maxSecret   = 64 << 10         // bytes
	commandTime = 20 * time.Second // for somebody to touch a key, not for ever
)

// Resolver finds the secrets that references name. What it found it keeps as
// long as it lives, so that a command runs once; what it did not find it looks
// for again. It is safe for concurrent use, and asks for one reference once at
// a time.
//
// A file must be a regular one of at most 64 KiB; one final line break is not
// part of the secret. A command gets the process's environment and no input,
// has 20 s, and its standard output is the secret; what it writes to standard
// error goes nowhere, because nobody knows what is in it.
//
// $ETCDCTL_USER and $CONSUL_HTTP_AUTH hold USER:PASSWORD by the custom of the
// tools that made them; as secrets, they are the part behind the colon.
type Resolver struct {
	env  func(string) string
	warn func(string)
	mu   sync.Mutex
	held map[string]*held
}

// held is one reference: its turn is taken by sending into the channel.
type held struct {
	turn  chan struct{}
	value fleet.Secret
}

// NewResolver returns a Resolver. Warn is told of files that everybody may
// read, once each; it may be nil.
func NewResolver(env func(string) string, warn func(string)) *Resolver {
	if warn == nil {
		warn = func(string) {}
	}
	return &Resolver{env: env, warn: warn, held: map[string]*held{}}
}

// Resolve returns the secret. Its errors are *form.Error, name the reference and
// never the value, and wrap ctx.Err() when the context ended. A reference to
// nothing is no secret and no error.
func (r *Resolver) Resolve(ctx context.Context, ref fleet.SecretRef) (fleet.Secret, error) {
	if ref.IsZero() {
		return fleet.Secret{}, nil
	}
	h := r.entry(ref)
	select {
	case h.turn <- struct{}{}:
		defer func() { <-h.turn }()
	case <-ctx.Done():
		return fleet.Secret{}, refused(ref, "gave up waiting for it", "", ctx.Err())
	}
	if !h.value.IsZero() {
		return h.value, nil
	}
	value, err := r.look(ctx, ref)
	if err != nil {
		return fleet.Secret{}, err
	}
	switch {
	case value == "":
		return fleet.Secret{}, refused(ref, "is empty", "", nil)
	case strings.ContainsAny(value, "\r\n\x00"):
		return fleet.Secret{}, refused(ref, "holds more than one line", "only a last line break is left out", nil)
	}
	h.value = fleet.NewSecret(value)
	return h.value, nil
}

func (r *Resolver) entry(ref fleet.SecretRef) *held {
	key := fmt.Sprintf("%q", []any{ref.Env, ref.File, ref.Cmd})
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.held[key]
	if h == nil {
		h = &held{turn: make(chan struct{}, 1)}
		r.held[key] = h
	}
	return h
}

func (r *Resolver) look(ctx context.Context, ref fleet.SecretRef) (string, error) {
	switch {
	case ref.Env != "":
		return r.variable(ref)
	case ref.File != "":
		return r.file(ref)
	}
	return command(ctx, ref)
}

func (r *Resolver) variable(ref fleet.SecretRef) (string, error) {
	value := r.env(ref.Env)
	if value == "" {
		return "", refused(ref, "the variable is not set", "", nil)
	}
	if ref.Env == "ETCDCTL_USER" || ref.Env == "CONSUL_HTTP_AUTH" {
		_, value, _ = strings.Cut(value, ":")
	}
	return value, nil
}

func (r *Resolver) file(ref fleet.SecretRef) (string, error) {
	info, err := os.Stat(ref.File)
	switch {
	case err != nil:
		return "", refused(ref, form.ReasonOf(err), "", err)
	case !info.Mode().IsRegular():
		return "", refused(ref, "is not a regular file", "use {cmd: [program, ...]} for what is made on the fly", nil)
	case info.Size() > maxSecret:
		return "", refused(ref, "is larger than 64 KiB", "", nil)
	}
	in, err := os.Open(ref.File)
	if err != nil {
		return "", refused(ref, form.ReasonOf(err), "", err)
	}
	defer func() { _ = in.Close() }() // read only: nothing can be lost
	data, err := io.ReadAll(io.LimitReader(in, maxSecret))
	if err != nil {
		return "", refused(ref, form.ReasonOf(err), "", err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o004 != 0 {
		r.warn(fmt.Sprintf("%s can be read by everybody on this machine (mode %#o)", shown(ref), info.Mode().Perm()))
	}
	return oneLine(data), nil
}

func command(ctx context.Context, ref fleet.SecretRef) (string, error) {
	bounded, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	out := &limited{}
	cmd := exec.CommandContext(bounded, ref.Cmd[0], ref.Cmd[1:]...)
	cmd.Stdout = out
	cmd.WaitDelay = time.Second // a child of its own may hold the pipe open
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return "", refused(ref, "gave up waiting for it", "", ctx.Err())
	case bounded.Err() != nil:
		return "", refused(ref, "did not end within "+commandTime.String(), "run it by hand to see what it waits for", bounded.Err())
	case out.cut:
		return "", refused(ref, "wrote more than 64 KiB", "", nil)
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return "", refused(ref, "ended with "+exit.ProcessState.String(), "run it by hand to see why", nil)
	}
	if err != nil {
		return "", refused(ref, "cannot be run: "+cause(err), "", err)
	}
	return oneLine(out.kept.Bytes()), nil
}

// cause is why a program could not be started, without its name.
func cause(err error) string {
	if e, ok := errors.AsType[*exec.Error](err); ok {
		return e.Err.Error()
	}
	return form.ReasonOf(err)
}

// limited keeps the first 64 KiB. The buffer is not embedded: its ReadFrom
// would take all there is.
type limited struct {
	kept bytes.Buffer
	cut  bool
}

// Write takes all that comes, so that the program is not stopped by a full pipe.
func (l *limited) Write(p []byte) (int, error) {
	if room := maxSecret - l.kept.Len(); len(p) > room {
		l.cut = true
		l.kept.Write(p[:room])
		return len(p), nil
	}
	return l.kept.Write(p)
}

// oneLine takes the final line break off.
func oneLine(data []byte) string {
	s := strings.TrimSuffix(string(data), "\n")
	return strings.TrimSuffix(s, "\r")
}

func refused(ref fleet.SecretRef, message, hint string, cause error) error {
	return form.Wrong(shown(ref), message, hint, cause)
}

// shown is a reference as it may stand on a terminal. Of a command only the
// program is named: its arguments may say more than they should.
func shown(ref fleet.SecretRef) string {
	s := ref.String()
	if len(ref.Cmd) > 0 {
		s = "cmd:" + ref.Cmd[0]
	}
	if form.HasControl(s) {
		return form.Quote(s)
	}
	return s
}
