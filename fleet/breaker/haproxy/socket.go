package haproxy

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/probe"
)

const (
	// maxReply bounds a reply: a server is some 500 bytes of it, so this is for
	// tens of thousands of them.
	maxReply = 32 << 20
	// longest bounds a question whatever its context says: it is HAProxy's own
	// idle time limit.
	longest = 10 * time.Second
)

// place is what to dial for a base.
func place(base string) (network, address string, err error) {
	u, err := url.Parse(base)
	switch {
	case err == nil && u.Scheme == "unix" && u.Host == "" && u.Path != "":
		return "unix", u.Path, nil
	case err == nil && u.Scheme == "tcp" && u.Port() != "" && u.User == nil:
		return "tcp", u.Host, nil
	}
	// What stands before an @ may be a password.
	base = base[strings.LastIndexByte(base, '@')+1:]
	return "", "", &fleet.Error{
		Reason: probe.ReasonPolicy, Detail: fmt.Sprintf("%q is no address of HAProxy's runtime API", base),
		Hint: "want unix:///run/haproxy.sock or tcp://host:port",
	}
}

// ask sends commands in one line over a connection of their own and returns a
// reply for each, without the empty line that ends it. The commands hold no ;
// and no line break: callers see to it.
func (a *admin) ask(ctx context.Context, at breaker.Site, commands ...string) ([]string, error) {
	network, address, err := place(at.Base)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	whole, err := a.exchange(ctx, network, address, strings.Join(commands, ";")+"\n")
	if err != nil {
		// The end of the context shows as whatever it broke off.
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		_, reason, text := probe.Classify(err)
		return nil, &fleet.Error{Reason: reason, Detail: fmt.Sprintf("haproxy at %s: %s: %s", at.Base, commands[0], text), Err: err}
	}
	return replies(at, whole, commands)
}

// exchange is one line out and all that comes back.
func (a *admin) exchange(ctx context.Context, network, address, line string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	conn, err := a.dial(ctx, network, address)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := io.WriteString(conn, line); err != nil {
		return "", err
	}
	data, err := io.ReadAll(io.LimitReader(conn, maxReply+1))
	if len(data) > maxReply {
		return "", fmt.Errorf("its reply is longer than %d bytes", maxReply)
	}
	return string(data), err
}

// replies takes the reply to a line apart. One that does not end in an empty
// line broke off. No table holds an empty line but in a quoted text of the last
// one, so what is left over belongs to the last command.
func replies(at breaker.Site, whole string, commands []string) ([]string, error) {
	say := func(reason fleet.Reason, format string, args ...any) *fleet.Error {
		return &fleet.Error{Reason: reason, Detail: fmt.Sprintf("haproxy at %s: %s: %s", at.Base, commands[0], fmt.Sprintf(format, args...))}
	}
	switch {
	case whole == "":
		return nil, say(probe.ReasonClosed, "closed without an answer")
	case whole != "\n" && !strings.HasSuffix(whole, "\n\n"):
		return nil, say(probe.ReasonClosed, "the answer broke off after %d bytes: %q", len(whole), short(whole))
	}
	var out []string
	for i, rest := 0, whole; i < len(commands); i++ {
		reply := rest
		if i < len(commands)-1 {
			reply, rest, _ = strings.Cut(rest, "\n\n")
		}
		reply = plain(reply)
		switch {
		case strings.HasPrefix(reply, "Permission denied"):
			err := say(probe.ReasonAuth, "permission denied")
			err.Hint, err.Err = "this socket has not the right: its `stats socket` line wants `level admin`", fleet.ErrDenied
			return nil, err
		case strings.HasPrefix(reply, "Unknown command"):
			err := say(probe.ReasonProtocol, "it does not know `%s`", commands[i])
			err.Hint = "want the `stats socket` of a worker, not the master's"
			return nil, err
		}
		out = append(out, reply)
	}
	return out, nil
}

// plain takes off the line's end and the severity that a socket with
// `severity-output` puts before messages: [3]: or [err]:.
func plain(reply string) string {
	reply = strings.TrimRight(reply, "\n")
	if tag, text, ok := strings.Cut(reply, "]: "); ok && strings.HasPrefix(tag, "[") && len(tag) < 12 {
		return text
	}
	return reply
}

// short is the beginning of a text of the far side.
func short(text string) string {
	const most = 120
	if len(text) > most {
		return text[:most]
	}
	return text
}
