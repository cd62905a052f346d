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

// dialLean connects to a literal address; ctx bounds the connecting by its
// deadline, and ends the connection at any time by its end.
func dialLean(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	if to.Addr().Zone() != "" {
		return dialTCP(ctx, to) // names an interface, which is the net package's business
	}
	family, address := syscall.AF_INET, syscall.Sockaddr(&syscall.SockaddrInet4{Port: int(to.Port())})
	if ip := to.Addr().Unmap(); ip.Is4() {
		address = &syscall.SockaddrInet4{Port: int(to.Port()), Addr: ip.As4()}
	} else {
		family, address = syscall.AF_INET6, &syscall.SockaddrInet6{Port: int(to.Port()), Addr: ip.As16()}
	}
	fd, err := syscall.Socket(family, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	switch err := syscall.Connect(fd, address); err {
	case nil, syscall.EINPROGRESS, syscall.EALREADY, syscall.EINTR:
	default:
		_ = syscall.Close(fd)
		return nil, os.NewSyscallError("connect", err)
	}
	c := &leanConn{File: os.NewFile(uintptr(fd), "tcp"), to: to}
	c.stop = interruptible(ctx, c.File)
	if err := c.connected(ctx, address); err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

// connected waits for the connection, which connecting again tells of.
func (c *leanConn) connected(ctx context.Context, address syscall.Sockaddr) error {
	if end, ok := ctx.Deadline(); ok {
		if err := c.SetWriteDeadline(end); err != nil {
			return err
		}
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var state error
	err = raw.Write(func(fd uintptr) (done bool) {
		switch state = syscall.Connect(int(fd), address); state {
		case syscall.EINPROGRESS, syscall.EALREADY, syscall.EINTR:
			return false
		case syscall.EISCONN:
			state = nil
		}
		return true
	})
	if err != nil {
		return err
	}
	if state != nil {
		return os.NewSyscallError("connect", state)
	}
	if err := c.SetWriteDeadline(time.Time{}); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return os.ErrDeadlineExceeded // and its deadline was just taken off
	}
	return nil
}

func (*leanConn) endsWithItsContext() {}

// Close hangs up.
func (c *leanConn) Close() error {
	c.stop()
	return c.File.Close()
}

// LocalAddr is not known: nobody asked the kernel.
func (c *leanConn) LocalAddr() net.Addr { return &net.TCPAddr{} }

// RemoteAddr is where it was connected to.
func (c *leanConn) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.to) }
