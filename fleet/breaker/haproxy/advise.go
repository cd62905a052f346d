package haproxy

import (
	"context"
	"fmt"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/probe"
)

// forgets is true of everything that is set here.
const forgets = "it is in this process's memory: a reload or restart of HAProxy forgets it, but for servers it keeps by load-server-state-from-file"

// asked reads what an answer to "what if" needs: all servers, the one it is about
// unless it is refused, and what there is to say of the socket.
func (a *admin) asked(ctx context.Context, at breaker.Site, name string, refused func(*server) error) (servers []server, s *server, more []string, err error) {
	if servers, err = a.read(ctx, at); err != nil {
		return nil, nil, nil, err
	}
	if s, err = pick(at, servers, name); err == nil {
		err = refused(s)
	}
	if err == nil {
		more, err = a.may(ctx, at)
	}
	return servers, s, more, err
}

// Advise says what an order does beside what it is for, or why it cannot be
// given: a socket without the right, a server that follows another.
func (a *admin) Advise(ctx context.Context, at breaker.Site, name string, o fleet.Order) ([]string, error) {
	servers, s, more, err := a.asked(ctx, at, name, func(s *server) error { return refuse(at, s, o) })
	if err != nil {
		return nil, err
	}
	var effects []string
	if o.Verb == fleet.Trip {
		effects = append(effects, "no call reaches it, also none bound to it by a cookie; its checks stop; calls under way go on")
		if s.draining() {
			effects = append(effects, "it is draining: maintenance takes the place of that, and a reset makes it ready")
		}
		effects = append(effects, alone(servers, s)...)
	} else if s.admin&configMaint != 0 {
		effects = append(effects, "its configuration starts it in maintenance: a reload puts it there again")
	}
	effects = append(effects, followers(servers, s, o.Verb == fleet.Trip, "in maintenance")...)
	return append(append(effects, forgets), more...), nil
}

// may says whether this socket may write, which HAProxy tells without trying,
// and whom it speaks for.
func (a *admin) may(ctx context.Context, at breaker.Site) (effects []string, err error) {
	replies, err := a.ask(ctx, at, "show cli level", "show info")
	if err != nil {
		return nil, err
	}
	if level := replies[0]; level != "admin" {
		return nil, &fleet.Error{
			Reason: probe.ReasonAuth, Err: fleet.ErrDenied,
			Detail: fmt.Sprintf("haproxy at %s: this socket has the level %q and may not write", at.Base, short(level)),
			Hint:   "its `stats socket` line wants `level admin`",
		}
	}
	info := map[string]string{}
	for line := range strings.Lines(replies[1]) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		info[key] = value
	}
	if n := info["Nbproc"]; n != "" && n != "1" {
		effects = append(effects, fmt.Sprintf("this socket speaks for process %s of %s: the others go on as they are", info["Process_num"], n))
	}
	if n := info["Stopping"]; n != "" && n != "0" {
		effects = append(effects, "this process is stopping: a newer one has its ports already")
	}
	return effects, nil
}

// alone warns where no other server of the backend takes calls.
func alone(servers []server, s *server) []string {
	for i := range servers {
		o := &servers[i]
		if o.backend == s.backend && o.name != s.name && o.uweight > 0 && o.state() == fleet.BreakerClosed && !o.draining() {
			return nil
		}
	}
	return []string{"no other server of backend " + s.backend + " is up: its calls get 503"}
}

// followers names the servers that track this one.
func followers(servers []server, s *server, on bool, how string) (effects []string) {
	for i := range servers {
		if servers[i].tracked != s.full() {
			continue
		}
		if on {
			effects = append(effects, fmt.Sprintf("%s tracks it and is %s with it", servers[i].full(), how))
		} else {
			effects = append(effects, servers[i].full()+" tracks it and comes back with it")
		}
	}
	return effects
}
