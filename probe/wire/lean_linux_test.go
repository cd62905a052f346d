package wire_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/probe/wire"
)

// leanPair is a lean connection and its far end.
func leanPair(ctx context.Context, t *testing.T) (near *wire.Link, far *net.TCPConn) {
	t.Helper()
	ln := listen(t, "tcp", "127.0.0.1:0")
	d := wire.Dialer{Lean: true}
	near, err := d.Connect(ctx, "", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = near.Close()
		_ = conn.Close()
	})
	return near, conn.(*net.TCPConn)
}

// TestLeanThereOrNot: what is there already and what has to be waited for is
// read alike, in any order, to the end.
func TestLeanThereOrNot(t *testing.T) {
	near, far := leanPair(t.Context(), t)
	if _, err := far.Write([]byte("here")); err != nil {
		t.Fatal(err)
	}
	read := func(want string) {
		t.Helper()
		got := make([]byte, len(want))
		if _, err := io.ReadFull(near, got); err != nil || string(got) != want {
			t.Fatalf("got %q, %v; want %q", got, err, want)
		}
	}
	read("he")
	read("re")
	if n, err := near.Read(nil); n != 0 || err != nil {
		t.Errorf("nothing into nothing gave %d, %v", n, err)
	}
	if n, err := near.Write([]byte("ask")); n != 3 || err != nil {
		t.Fatalf("wrote %d, %v", n, err)
	}
	go func() {
		// Only when the question has come: the other end waits by then, or will.
		_, _ = io.ReadFull(far, make([]byte, 3))
		_, _ = far.Write([]byte("later"))
		_ = far.CloseWrite()
	}()
	read("later")
	for range 2 {
		if n, err := near.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
			t.Errorf("at the end: %d, %v", n, err)
		}
	}
}

func TestLeanEndsAtOnce(t *testing.T) {
	near, far := leanPair(t.Context(), t)
	_ = far.Close()
	if n, err := near.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("got %d, %v", n, err)
	}
}

// TestLeanWritesAll: also what the kernel does not take at once.
func TestLeanWritesAll(t *testing.T) {
	near, far := leanPair(t.Context(), t)
	sent := bytes.Repeat([]byte("0123456789abcdef"), 1<<20)
	came := make(chan []byte)
	go func() {
		all, _ := io.ReadAll(far)
		came <- all
	}()
	if n, err := near.Write(sent); n != len(sent) || err != nil {
		t.Errorf("wrote %d, %v", n, err)
	}
	if err := near.Close(); err != nil {
		t.Error(err)
	}
	if all := <-came; !bytes.Equal(all, sent) {
		t.Errorf("%d bytes came of %d", len(all), len(sent))
	}
}

// TestLeanReset: the kernel's word is kept, whether it was waited for or not.
func TestLeanReset(t *testing.T) {
	for _, waited := range []bool{false, true} {
		near, far := leanPair(t.Context(), t)
		if waited {
			_ = near.SetReadDeadline(time.Now().Add(time.Minute)) // makes it one that waits
		}
		if err := far.SetLinger(0); err != nil {
			t.Fatal(err)
		}
		_ = far.Close()
		_, err := near.Read(make([]byte, 1))
		if cause, text := wire.Explain(err); cause != wire.Reset {
			t.Errorf("waited %v: %s %q (%v)", waited, cause, text, err)
		}
		_, err = near.Write([]byte("x"))
		if cause, text := wire.Explain(err); cause != wire.Reset {
			t.Errorf("waited %v, writing: %s %q (%v)", waited, cause, text, err)
		}
	}
}

// TestLeanWaitsUntilItsEnd: reading ends with the limit, and with what was
// cancelled, before and while it waits; so does writing.
func TestLeanWaitsUntilItsEnd(t *testing.T) {
	limited := wire.Until(t.Context(), time.Now().Add(50*time.Millisecond))
	defer limited.Stop()
	near, far := leanPair(limited, t)
	for range 2 {
		if _, err := near.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("reading gave %v", err)
		}
	}
	if _, err := near.Write([]byte("x")); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("writing gave %v", err)
	}
	_ = far.Close()

	ctx, cancel := context.WithCancel(t.Context())
	near, _ = leanPair(ctx, t)
	go cancel()
	if _, err := near.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("cancelled: reading gave %v", err)
	}

	ctx, cancel = context.WithCancel(t.Context())
	near, far = leanPair(ctx, t)
	if _, err := far.Write([]byte("there")); err != nil {
		t.Fatal(err)
	}
	cancel()
	for range 2 {
		if _, err := near.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("cancelled before: reading gave %v", err)
		}
		if _, err := near.Write([]byte("x")); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("cancelled before: writing gave %v", err)
		}
	}
}

// TestLeanDeadlines are those of any connection.
func TestLeanDeadlines(t *testing.T) {
	near, _ := leanPair(t.Context(), t)
	past := time.Unix(1, 0)
	if err := near.SetWriteDeadline(past); err != nil {
		t.Fatal(err)
	}
	if _, err := near.Write([]byte("x")); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("writing gave %v", err)
	}
	if err := near.SetDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	if _, err := near.Write([]byte("x")); err != nil {
		t.Error(err)
	}
	if err := near.SetReadDeadline(past); err != nil {
		t.Fatal(err)
	}
	if _, err := near.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("reading gave %v", err)
	}
}

// TestLeanClosed: nothing is done by a number that may be somebody else's by
// now.
func TestLeanClosed(t *testing.T) {
	for _, waited := range []bool{false, true} {
		near, far := leanPair(t.Context(), t)
		if waited {
			_ = near.SetDeadline(time.Now().Add(time.Minute))
		}
		if err := near.Close(); err != nil {
			t.Error(err)
		}
		_, readErr := near.Read(make([]byte, 1))
		_, writeErr := near.Write([]byte("x"))
		for _, err := range []error{readErr, writeErr, near.SetDeadline(time.Time{}), near.SetReadDeadline(time.Time{}), near.SetWriteDeadline(time.Time{}), near.Close()} {
			if err == nil {
				t.Errorf("waited %v: no error when it is closed", waited)
			}
		}
		if all, err := io.ReadAll(far); len(all) > 0 || err != nil {
			t.Errorf("waited %v: the far end read %q, %v", waited, all, err)
		}
	}
}
