package wire

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// system asks the name servers of this machine.
var system = &net.Resolver{Dial: dialNames}

// Resolver asks the name server at address (host:port), by Go's own resolver;
// empty is the system's. Unlike net.DefaultResolver it leaves nothing behind
// when a lookup's context ends: there, what waits for a silent server goes on
// waiting for its own 5 s.
func Resolver(address string) *net.Resolver {
	if address == "" {
		return system
	}
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return dialNames(ctx, network, address)
	}}
}

func dialNames(ctx context.Context, network, address string) (net.Conn, error) {
	var nd net.Dialer
	conn, err := nd.DialContext(ctx, network, address)
	if err == nil {
		interruptible(ctx, conn) // its owner ends ctx when it is done
	}
	return conn, err
}

// LookUp gives what stands under a name, sorted: host:port for a name that
// begins with an underscore (SRV), else addresses. The name server is at address
// (host:port); empty is the system's.
func LookUp(ctx context.Context, address, name string) ([]string, error) {
	if at, err := netip.ParseAddrPort(address); err == nil {
		if err := Forbidden(at.Addr()); err != nil {
			return nil, err
		}
	}
	r := Resolver(address)
	if !strings.HasSuffix(name, ".") && strings.Contains(name, ".") {
		// As it is written: the search list of this machine is not meant.
		name += "."
	}
	var found []string
	if strings.HasPrefix(name, "_") {
		_, records, err := r.LookupSRV(ctx, "", "", name)
		if err != nil {
			return nil, err
		}
		for _, rec := range records {
			found = append(found, net.JoinHostPort(rec.Target, strconv.Itoa(int(rec.Port))))
		}
	} else {
		ips, err := r.LookupNetIP(ctx, "ip", name)
		if err != nil {
			return nil, err
		}
		for _, ip := range ips {
			found = append(found, ip.Unmap().String())
		}
	}
	slices.Sort(found)
	return found, nil
}
