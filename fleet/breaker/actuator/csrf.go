package actuator

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker/actuator/page"
	"github.com/midwatch-cli/midwatch/probe"
)

// The cookie and the headers Spring Security knows its tokens by.
const (
	tokenCookie  = "XSRF-TOKEN"
	cookieHeader = "X-XSRF-TOKEN"
	pageHeader   = "X-CSRF-TOKEN"
)

// token fetches what Spring Security wants to see with a POST: the token that
// stands in its login page, and the cookies that came with it. Where tokens are
// kept in the cookie XSRF-TOKEN the header is another, and the cookie will do if
// the page holds none.
func (f *far) token(ctx context.Context) (http.Header, error) {
	reply, err := f.send(ctx, http.MethodGet, f.admin.login, nil, http.Header{"Accept": {"text/html, application/json"}})
	if err != nil {
		return nil, err
	}
	token, _ := page.Form(reply.body)
	header := pageHeader
	var cookies []string
	for _, c := range (&http.Response{Header: reply.header}).Cookies() {
		if c.Name == tokenCookie {
			if header = cookieHeader; token == "" {
				token = c.Value
			}
		}
		cookies = append(cookies, c.Name+"="+c.Value)
	}
	if token == "" || strings.ContainsAny(token, "\r\n\x00") {
		return nil, &fleet.Error{
			Reason: probe.ReasonAuth, Detail: fmt.Sprintf("%s: %s (%d) hands out no token against forged requests", f.where, f.admin.login, reply.code),
			Hint: "set breakers.csrf to the path of a page that does, or let the service exempt its actuator from CSRF protection", Err: fleet.ErrDenied,
		}
	}
	out := http.Header{http.CanonicalHeaderKey(header): {token}}
	if len(cookies) > 0 {
		out.Set("Cookie", strings.Join(cookies, "; "))
	}
	return out, nil
}
