package actuator

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/breaker/actuator/page"
	"github.com/midwatch-cli/midwatch/probe"
)

// GatewayName is the name of the driver that asks through a Spring Boot Admin
// server.
const GatewayName = "springbootadmin"

// Gateway is the row of the table for actuators that only a Spring Boot Admin
// server reaches: Site.Base is the server's own address, and the instance is
// found there by Site.Addr and the service's name. What is sent goes to one
// instance; the server's way to all of them at once is never used, as it would
// make a breaker of a wrong name in each.
func Gateway() *breaker.Driver {
	return driver(GatewayName, "Resilience4j through a Spring Boot Admin server")
}

// findInstance looks the site's instance up, by its service's name first: the
// whole list holds each instance's health and is long.
func (f *far) findInstance(ctx context.Context, at breaker.Site) error {
	queries := []string{""}
	if at.Key.Name != "" {
		queries = []string{"?name=" + url.QueryEscape(at.Key.Name), ""}
	}
	for _, query := range queries {
		reply, err := f.send(ctx, http.MethodGet, "/instances"+query, nil)
		if err != nil {
			return err
		}
		if reply.code == http.StatusNotFound {
			return &fleet.Error{Reason: probe.ReasonNotFound, Detail: f.where + " has no /instances: it is none, or below another path", Hint: "the admin address is the server's own, with its context path"}
		}
		if err := f.refusal(reply); err != nil {
			return err
		}
		list, err := page.Instances(reply.body)
		if err != nil {
			return f.unreadable(reply, err)
		}
		found, err := f.choose(list, at)
		if err != nil {
			return err
		}
		if found != nil {
			f.gateway = found
			f.where += " (instance " + page.Line(found.ID) + ")"
			f.actuate = "/instances/" + url.PathEscape(found.ID) + defaultPath
			return nil
		}
	}
	// Not fleet.ErrNotFound: that would be said of a breaker.
	return &fleet.Error{
		Reason: probe.ReasonNotFound, Detail: fmt.Sprintf("%s lists no instance at %s", f.where, at.Addr),
		Hint: "it is found by the address in its service, management or health URL, or by its service's name and host",
	}
}

// choose finds the entry of a site: the one that has its address in one of its
// URLs, else the only one of its service on its host, as the port may be that of
// the management. Nil is none; several are an error.
func (f *far) choose(list []page.Instance, at breaker.Site) (*page.Instance, error) {
	host, _, err := net.SplitHostPort(at.Addr)
	if err != nil {
		host = at.Addr
	}
	var byAddr, byHost []*page.Instance
	for i := range list {
		in := &list[i]
		same, onHost := false, false
		for _, raw := range in.URLs {
			if u, err := url.Parse(raw); err == nil {
				same = same || strings.EqualFold(withPort(u), at.Addr)
				onHost = onHost || strings.EqualFold(u.Hostname(), strings.Trim(host, "[]"))
			}
		}
		if same {
			byAddr = append(byAddr, in)
		}
		if onHost && at.Key.Name != "" && strings.EqualFold(in.Name, at.Key.Name) {
			byHost = append(byHost, in)
		}
	}
	for _, found := range [][]*page.Instance{byAddr, byHost} {
		switch {
		case len(found) == 1:
			return found[0], nil
		case len(found) > 1:
			ids := make([]string, len(found))
			for i := range found {
				ids[i] = page.Line(found[i].ID)
			}
			return nil, &fleet.Error{Reason: probe.ReasonPolicy, Detail: fmt.Sprintf("%s lists several instances at %s: %s", f.where, at.Addr, page.Line(strings.Join(ids, ", "))), Hint: "which of them is meant cannot be told"}
		}
	}
	return nil, nil
}

// withPort is the host and port of a URL, the scheme's own where none is said.
func withPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		if port = "80"; u.Scheme == "https" {
			port = "443"
		}
	}
	return net.JoinHostPort(u.Hostname(), port)
}
