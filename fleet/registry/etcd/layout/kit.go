package layout

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
)

// kit reads an entry of go-kit, which leaves key and value to the service; its
// examples write
//
//	/services/orders/10.2.0.5:8080  http://10.2.0.5:8080
//	/services/orders/10.2.0.5:8080  10.2.0.5:8080
func (e *Entry) kit(value []byte) error {
	addr, scheme, err := parseURL(strings.TrimSpace(string(value)))
	if err != nil {
		return err
	}
	in := fleet.Instance{ID: addr, Addr: addr}
	if scheme != "" {
		in.Labels = map[string]string{"scheme": scheme}
	}
	e.Instances = []fleet.Instance{in}
	return nil
}

// parseURL reads host:port, with or without a scheme before it. Without a port
// it is the scheme's own.
func parseURL(s string) (addr, scheme string, err error) {
	if !strings.Contains(s, "://") {
		return s, "", CheckAddr(s)
	}
	u, err := url.Parse(s)
	if err != nil {
		return "", "", fmt.Errorf("%q is not a URL", s)
	}
	addr = u.Host
	if u.Port() == "" {
		port, ok := map[string]string{"http": "80", "https": "443"}[u.Scheme]
		if !ok || u.Hostname() == "" {
			return "", "", errors.New("its URL has no port")
		}
		addr = net.JoinHostPort(u.Hostname(), port)
	}
	return addr, u.Scheme, CheckAddr(addr)
}
