package wire

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"syscall"
)

// ErrForbidden is an address that is never asked, whoever names it.
var ErrForbidden = errors.New("never asked")

// Forbidden says why an address is never asked; nil if it may be. Link-local
// addresses belong to one cable and, in clouds, to the services that give
// credentials to whoever asks: a name that leads there was made to.
func Forbidden(ip netip.Addr) error {
	ip = ip.Unmap().WithZone("")
	switch {
	case slices.Contains(metadata[:], ip):
		return fmt.Errorf("%s is a cloud metadata service: %w", ip, ErrForbidden)
	case ip.IsLinkLocalUnicast():
		return fmt.Errorf("%s is a link-local address: %w", ip, ErrForbidden)
	}
	return nil
}

// metadata are the addresses of metadata services that are not link-local:
// those of AWS over IPv6, Alibaba and Oracle.
var metadata = [...]netip.Addr{
	netip.MustParseAddr("fd00:ec2::254"), netip.MustParseAddr("100.100.100.200"), netip.MustParseAddr("192.0.0.192"),
}

// allowed are those of a name's addresses that may be asked; an error if there
// is none.
func allowed(host string, all []netip.Addr) ([]netip.Addr, error) {
	var refused error
	kept := all[:0]
	for _, ip := range all {
		if err := Forbidden(ip); err != nil {
			refused = err
			continue
		}
		kept = append(kept, ip)
	}
	if len(kept) == 0 && refused != nil {
		return nil, fmt.Errorf("%s leads where nobody is asked: %w", host, refused)
	}
	return kept, nil
}

// Guard is a Control for a net.Dialer: it refuses the addresses that are never
// asked, also those that a name led to.
func Guard(_, address string, _ syscall.RawConn) error {
	if to, err := netip.ParseAddrPort(address); err == nil {
		return Forbidden(to.Addr())
	}
	return nil // a socket of this machine
}
