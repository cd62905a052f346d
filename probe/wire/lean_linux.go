package wire

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"syscall"
	"time"
)

// leanConn is a TCP connection made and used with as few system calls as that
// takes: the net package makes nine of what is three here (options that a single
// question does not need, both ends' addresses), and twice as many allocations.
// Where many are asked at once, what one waits for has mostly come by the time
// that the others have had their turn. So nobody waits at first: only what is
// not there after such a turn becomes a file, which waits on the runtime's
// poller until its deadline. It is used by one goroutine.
type leanConn struct {
	fd   int      // until there is a file; -1 when closed
	file *os.File // nil as long as nothing had to be waited for
	ctx  context.Context
	to   netip.AddrPort
	stop func() bool // of the file: nobody listens to ctx any more
}

// dialLean connects to a literal address before the end; ctx ends the
// connection at any time.
func dialLean(ctx context.Context, end time.Time, to netip.AddrPort) (net.Conn, error) {
	if to.Addr().Zone() != "" {
		return dialTCP(ctx, end, to) // names an interface, which is the net package's business
	}
	family, address := syscall.AF_INET6, syscall.Sockaddr(nil)
	if ip := to.Addr().Unmap(); ip.Is4() {
		family, address = syscall.AF_INET, &syscall.SockaddrInet4{Port: int(to.Port()), Addr: ip.As4()}
	} else {
		address = &syscall.SockaddrInet6{Port: int(to.Port()), Addr: ip.As16()}
	}
	fd, err := syscall.Socket(family, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	c := &leanConn{fd: fd, ctx: ctx, to: to}
	done, err := connect(fd, address)
	if !done {
		done, err = connect(fd, address) // on this machine it is there by now
	}
	if !done {
		runtime.Gosched()
		done, err = connect(fd, address)
	}
	if !done {
		err = c.connected(end, address)
	}
	if err == nil && ctx.Err() != nil {
		err = os.ErrDeadlineExceeded
	}
	if err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

// connect begins to connect; done once more, it tells how that goes.
func connect(fd int, address syscall.Sockaddr) (done bool, err error) {
	switch err := syscall.Connect(fd, address); err {
	case nil, syscall.EISCONN:
		return true, nil
	case syscall.EINPROGRESS, syscall.EALREADY, syscall.EINTR:
		return false, nil
	default:
		return true, os.NewSyscallError("connect", err)
	}
}

// connected waits for the connection until the end.
func (c *leanConn) connected(end time.Time, address syscall.Sockaddr) error {
	c.file = os.NewFile(uintptr(c.fd), "tcp")
	if err := c.file.SetWriteDeadline(end); err != nil {
		return err
	}
	stop := context.AfterFunc(c.ctx, func() { _ = c.file.SetWriteDeadline(time.Unix(1, 0)) })
	defer stop()
	raw, err := c.file.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Write(func(fd uintptr) (done bool) {
		done, failed = connect(int(fd), address)
		return done
	}); err != nil {
		return err
	}
	if failed != nil {
		return failed
	}
	stop()
	c.stop = interruptible(c.ctx, c.file)
	return nil
}

// waiting is the connection as a file, which waits; nil, which refuses
// everything, when it was closed before.
func (c *leanConn) waiting() *os.File {
	if c.file == nil && c.fd >= 0 {
		c.file = os.NewFile(uintptr(c.fd), "tcp")
		c.stop = interruptible(c.ctx, c.file)
	}
	return c.file
}

// now does what does not wait, if that can be done.
func (c *leanConn) now(name string, do func(fd int, p []byte) (int, error), p []byte) (n int, done bool, err error) {
	switch {
	case c.file != nil:
		return 0, false, nil
	case c.fd < 0:
		return 0, true, os.ErrClosed
	case c.ctx.Err() != nil:
		return 0, true, os.ErrDeadlineExceeded
	}
	n, err = do(c.fd, p)
	switch {
	case err == nil:
		return n, true, nil
	case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.EINTR):
		return 0, false, nil
	}
	return 0, true, os.NewSyscallError(name, err)
}

// Read lets others have their turn before it waits.
func (c *leanConn) Read(p []byte) (int, error) {
	if c.file == nil {
		runtime.Gosched()
	}
	n, done, err := c.now("read", syscall.Read, p)
	switch {
	case !done:
		return c.waiting().Read(p)
	case err == nil && n == 0 && len(p) > 0:
		return 0, io.EOF
	}
	return n, err
}

// Write writes all of it.
func (c *leanConn) Write(p []byte) (int, error) {
	n, done, err := c.now("write", syscall.Write, p)
	if err != nil || done && n == len(p) {
		return n, err
	}
	more, err := c.waiting().Write(p[n:])
	return n + more, err
}

// endsWithItsContext says that the connection listens to its context itself.
func (*leanConn) endsWithItsContext() {}

// Close hangs up.
func (c *leanConn) Close() error {
	switch {
	case c.stop != nil:
		c.stop()
		fallthrough
	case c.file != nil:
		return c.file.Close()
	case c.fd < 0:
		return os.ErrClosed
	}
	fd := c.fd
	c.fd = -1
	return os.NewSyscallError("close", syscall.Close(fd))
}

// SetDeadline sets both.
func (c *leanConn) SetDeadline(t time.Time) error { return c.waiting().SetDeadline(t) }

// SetReadDeadline sets that of reading.
func (c *leanConn) SetReadDeadline(t time.Time) error { return c.waiting().SetReadDeadline(t) }

// SetWriteDeadline sets that of writing.
func (c *leanConn) SetWriteDeadline(t time.Time) error { return c.waiting().SetWriteDeadline(t) }

// LocalAddr is not known: nobody asked the kernel.
func (c *leanConn) LocalAddr() net.Addr { return &net.TCPAddr{} }

// RemoteAddr is where it was connected to.
func (c *leanConn) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.to) }
