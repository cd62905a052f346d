package wire

import (
	"context"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
)

// leanConn is a TCP connection that was made with the three system calls that
// takes. The net package makes nine of it (options that a single question does
// not need, both ends' addresses) and twice as many allocations, which is half
// of what a probe costs. It waits on the runtime's poller like any other.
type leanConn struct {
	*os.File
	to   netip.AddrPort
	stop func() bool
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
	done, err := connect(fd, address)
	if !done {
		done, err = connect(fd, address) // on this machine it is there by now
	}
	if err != nil {
		_ = syscall.Close(fd)
		return nil, err
	}
	c := &leanConn{File: os.NewFile(uintptr(fd), "tcp"), to: to}
	if !done {
		err = c.connected(ctx, end, address)
	}
	if err == nil {
		c.stop = interruptible(ctx, c.File)
		if ctx.Err() != nil {
			err = os.ErrDeadlineExceeded
		}
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
func (c *leanConn) connected(ctx context.Context, end time.Time, address syscall.Sockaddr) error {
	if err := c.SetWriteDeadline(end); err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = c.SetWriteDeadline(time.Unix(1, 0)) })()
	raw, err := c.SyscallConn()
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
	return c.SetWriteDeadline(time.Time{})
}

func (*leanConn) endsWithItsContext() {}

// Close hangs up.
func (c *leanConn) Close() error {
	if c.stop != nil {
		c.stop()
	}
	return c.File.Close()
}

// LocalAddr is not known: nobody asked the kernel.
func (c *leanConn) LocalAddr() net.Addr { return &net.TCPAddr{} }

// RemoteAddr is where it was connected to.
func (c *leanConn) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.to) }
