package profile

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// place is where something is asked.
type place struct {
	socket string // path of a unix socket; then the rest is empty
	scheme string // empty: not said
	host   string
	port   int    // 0: not said
	path   string // empty: not said
}

// authority is host and port as a URL has them.
func (p *place) authority() string {
	host := strings.Replace(p.host, "%", "%25", 1) // before the zone of an address
	switch {
	case p.port != 0:
		return net.JoinHostPort(host, strconv.Itoa(p.port))
	case strings.Contains(host, ":"):
		return "[" + host + "]"
	}
	return host
}

var errNoAddress = errors.New("there is none")

// parsePlace reads host:port, a bare host, a unix socket, or a URL.
func parsePlace(text string) (p place, err error) {
	switch {
	case text == "":
		return p, errNoAddress
	case strings.HasPrefix(text, "/"), strings.HasPrefix(text, "@"):
		return place{socket: text}, nil
	case strings.HasPrefix(text, "unix:"):
		return place{socket: strings.TrimPrefix(strings.TrimPrefix(text, "unix:"), "//")}, nil
	case strings.Contains(text, "://"):
		u, err := url.Parse(text)
		if err != nil {
			return p, errors.New("not a URL")
		}
		p.scheme, p.path, text = strings.ToLower(u.Scheme), u.EscapedPath(), u.Host
		if u.Query().Get("isSecure") == "true" { // Kratos
			p.scheme = strings.TrimSuffix(p.scheme, "s") + "s"
		} else if u.RawQuery != "" && p.path != "" {
			p.path += "?" + u.RawQuery
		}
	}
	if bare := withoutSecrets(text); bare != text {
		return p, fmt.Errorf("%q with a password before it is no address", bare)
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")
		if strings.Contains(host, ":") && !isIP(host) {
			return p, fmt.Errorf("%q is not host:port", text)
		}
	} else if p.port, err = parsePort(port); err != nil {
		return p, err
	}
	p.host = strings.TrimSuffix(host, ".")
	if !isIP(p.host) && (p.host == "" || strings.ContainsFunc(p.host, notInName)) {
		return p, fmt.Errorf("%q names no host", text)
	}
	return p, nil
}

// withoutSecrets is an address without what may be a secret in it: what stands
// before its host, and a query.
func withoutSecrets(text string) string {
	text, _, _ = strings.Cut(text, "?")
	scheme, rest, found := strings.Cut(text, "://")
	if !found {
		return text[strings.LastIndexByte(text, '@')+1:]
	}
	return scheme + "://" + rest[strings.LastIndexByte(rest, '@')+1:]
}

// parsePort reads a port.
func parsePort(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 65535 {
		return 0, fmt.Errorf("%q is not a port: want 1 to 65535", text)
	}
	return n, nil
}

// cleanPath makes a path of what people and registries write: one slash leads.
func cleanPath(text string) (string, error) {
	if text == "" || strings.ContainsFunc(text, func(r rune) bool {
		return r <= ' ' || r == 0x7f || r == '#' || r == '\\' || r == unicode.ReplacementChar
	}) {
		return "", fmt.Errorf("%q is not a path", text)
	}
	path := "/" + strings.TrimLeft(text, "/")
	if _, err := url.Parse(path); err != nil {
		return "", fmt.Errorf("%q is not a path: a percent sign is written %%25", text)
	}
	return path, nil
}

// notInName says whether a letter has no place in the name of a host; names in
// other scripts come in their ASCII form (xn--...).
func notInName(r rune) bool {
	return r != '-' && r != '_' && r != '.' && (r < '0' || r > '9') && (r|0x20 < 'a' || r|0x20 > 'z')
}

func isIP(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

// metadataHosts are names and addresses of cloud metadata services, which give
// credentials to whoever asks.
var metadataHosts = []string{"metadata", "metadata.google.internal", "instance-data", "instance-data.ec2.internal", "fd00:ec2::254", "100.100.100.200", "192.0.0.192"}

// forbidden says why a host is never asked, whoever names it; empty if it may be.
func forbidden(host string) string {
	ip, err := netip.ParseAddr(host)
	if err == nil {
		ip = ip.Unmap().WithZone("")
		host = ip.String()
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	switch {
	case slices.Contains(metadataHosts, strings.ToLower(host)):
		return host + " is a cloud metadata service"
	case err == nil && (ip.IsLinkLocalUnicast() || ip.IsLinkLocalMulticast()):
		return host + " is a link-local address"
	case err == nil && ip.IsUnspecified():
		return host + " is where it listens, not an address: it must register one"
	case err == nil && ip.IsMulticast():
		return host + " is a multicast address"
	case err != nil && last != "" && (strings.Trim(last, "0123456789") == "" || strings.HasPrefix(strings.ToLower(last), "0x")):
		return host + " is neither an address nor a name" // 2852039166, 0xa9fea9fe: spellings some resolvers take
	}
	return ""
}

// isLoopback says whether a host is this machine.
func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback() || strings.EqualFold(host, "localhost")
}

// allowed says whether a list of CIDRs, addresses and suffixes holds a host.
func allowed(list []string, host string) bool {
	ip, err := netip.ParseAddr(host)
	ip = ip.Unmap()
	return slices.ContainsFunc(list, func(entry string) bool {
		if net, bad := netip.ParsePrefix(entry); bad == nil {
			return err == nil && net.Contains(ip)
		}
		entry = strings.ToLower(strings.TrimPrefix(entry, "*"))
		host := strings.ToLower(host)
		if name := strings.TrimPrefix(entry, "."); host == name && name != "" {
			return true
		}
		return err != nil && strings.TrimPrefix(entry, ".") != "" && strings.HasSuffix(host, "."+strings.TrimPrefix(entry, "."))
	})
}

// allowedSocket says whether a list of paths, folders (ending in a slash) and
// globs holds a socket.
func allowedSocket(list []string, socket string) bool {
	return path.Clean(socket) == socket && slices.ContainsFunc(list, func(entry string) bool {
		ok, err := path.Match(entry, socket)
		return entry == socket || err == nil && ok || strings.HasSuffix(entry, "/") && strings.HasPrefix(socket, entry)
	})
}
