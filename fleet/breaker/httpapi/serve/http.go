package serve

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// maxBody bounds the body of an order.
const maxBody = 64 << 10

// ServeHTTP answers the contract. Names of breakers are one percent-encoded
// segment of the path, so that a slash in a name is %2F.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if !s.known(r) {
		w.Header().Set("WWW-Authenticate", "Bearer")
		fail(w, http.StatusUnauthorized, "a bearer token is needed")
		return
	}
	rest, ok := strings.CutPrefix(r.URL.EscapedPath(), s.base()+"/")
	if !ok {
		fail(w, http.StatusNotFound, "the breakers are at "+s.base()+"/breakers")
		return
	}
	parts := strings.Split(rest, "/")
	if len(parts) < 2 {
		s.top(w, r, parts[0])
		return
	}
	name, err := url.PathUnescape(parts[1])
	g := s.Guard(name)
	switch {
	case parts[0] != "breakers" || len(parts) > 3 || len(parts) == 3 && parts[2] != "events":
		fail(w, http.StatusNotFound, "there is nothing at this path")
	case err != nil || g == nil:
		fail(w, http.StatusNotFound, fmt.Sprintf("there is no breaker %q", name))
	case len(parts) == 3:
		if allow(w, r, http.MethodGet) {
			reply(w, http.StatusOK, map[string]any{"events": history(g)})
		}
	case allow(w, r, http.MethodGet, http.MethodPost):
		if r.Method == http.MethodPost {
			s.postBreaker(w, r, g)
			return
		}
		reply(w, http.StatusOK, g.view().document())
	}
}

// top answers what is not of one breaker.
func (s *Server) top(w http.ResponseWriter, r *http.Request, what string) {
	switch what {
	case "breakers":
		if !allow(w, r, http.MethodGet) {
			return
		}
		list := []breakerDoc{}
		for _, g := range s.sorted() {
			list = append(list, g.view().document())
		}
		reply(w, http.StatusOK, map[string]any{"breakers": list})
	case "events":
		if allow(w, r, http.MethodGet) {
			reply(w, http.StatusOK, map[string]any{"events": history(s.sorted()...)})
		}
	case "drain":
		switch {
		case !allow(w, r, http.MethodGet, http.MethodPost):
		case !s.Drains:
			fail(w, http.StatusNotImplemented, "this service cannot be drained")
		case r.Method == http.MethodPost:
			s.postDrain(w, r)
		default:
			reply(w, http.StatusOK, s.drainDocument())
		}
	default:
		fail(w, http.StatusNotFound, "there is nothing at this path")
	}
}

// postBreaker carries out an order and answers the breaker.
func (s *Server) postBreaker(w http.ResponseWriter, r *http.Request, g *Guard) {
	o, _, ok := s.order(w, r)
	if !ok {
		return
	}
	switch o.verb {
	case Trip, Reset, Bypass, TryHalfOpen:
	default:
		fail(w, http.StatusNotImplemented, fmt.Sprintf("%q is no order: want trip, reset, bypass or half-open", o.verb))
		return
	}
	if o.share > 0 && o.verb != Trip {
		fail(w, http.StatusBadRequest, "share belongs to trip only")
		return
	}
	switch err := g.order(o); {
	case errors.Is(err, errors.ErrUnsupported):
		fail(w, http.StatusNotImplemented, fmt.Sprintf("the library of %q cannot do %s", g.name, o.verb))
	case err != nil:
		fail(w, http.StatusConflict, err.Error())
	default:
		reply(w, http.StatusOK, g.view().document())
	}
}

// postDrain takes the service out of use, or puts it back.
func (s *Server) postDrain(w http.ResponseWriter, r *http.Request) {
	o, on, ok := s.order(w, r)
	if !ok {
		return
	}
	if on == nil {
		fail(w, http.StatusBadRequest, `"on" has to be true or false`)
		return
	}
	s.setDrain(*on, o)
	reply(w, http.StatusOK, s.drainDocument())
}

// order reads the body of a POST; where it must not be obeyed, it has been
// answered.
func (s *Server) order(w http.ResponseWriter, r *http.Request) (o order, on *bool, ok bool) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err != nil || kind != "application/json":
		fail(w, http.StatusUnsupportedMediaType, "an order is application/json")
		return o, nil, false
	case r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != "":
		// A page in a browser sends one of them with every POST, also one that
		// has been led to believe that we are its own server.
		fail(w, http.StatusForbidden, "no page in a browser may order anything")
		return o, nil, false
	case s.ReadOnly:
		fail(w, http.StatusForbidden, "orders are not taken here: it is read only")
		return o, nil, false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		fail(w, http.StatusRequestEntityTooLarge, "the body is too long, or did not come whole")
		return o, nil, false
	}
	var d orderDoc
	if o, err = d.read(body); err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return o, nil, false
	}
	return o, d.On, true
}

// known says whether the request carries the token, in a time that does not
// depend on how much of it is right.
func (s *Server) known(r *http.Request) bool {
	if s.Token == "" {
		return true
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	got, want := sha256.Sum256([]byte(strings.TrimSpace(token))), sha256.Sum256([]byte(s.Token))
	return strings.EqualFold(scheme, "bearer") && subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

// allow answers a method that is none of these; HEAD goes with GET.
func allow(w http.ResponseWriter, r *http.Request, methods ...string) bool {
	for _, m := range methods {
		if r.Method == m || m == http.MethodGet && r.Method == http.MethodHead {
			return true
		}
	}
	w.Header().Set("Allow", strings.Join(methods, ", "))
	fail(w, http.StatusMethodNotAllowed, "want "+strings.Join(methods, " or "))
	return false
}

// drainDocument is the drain as it is answered.
func (s *Server) drainDocument() drainDoc {
	h := s.draining()
	d := drainDoc{On: h != nil, Text: "ready", InFlight: count(int64(s.InFlight())), Effects: s.DrainEffects, holdDoc: h.document()}
	switch {
	case d.On && d.InFlight != nil && *d.InFlight == 0:
		d.Text = "drained"
	case d.On:
		d.Text = "draining"
	}
	return d
}

// reply writes JSON.
func reply(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // a peer that has left
}

// fail writes a problem.
func fail(w http.ResponseWriter, code int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(problemDoc{http.StatusText(code), code, detail}) // a peer that has left
}
