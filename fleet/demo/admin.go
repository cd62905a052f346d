package demo

import (
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
)

// admin is the fleet's own small API, on loopback:
//
//	GET    /admin/faults                                    {"faults":["payment#2:hang"]}
//	POST   /admin/faults  {"fault":"payment:errors=40%"}    adds one; the same kind at the same place is replaced
//	DELETE /admin/faults                                    lifts all
//	DELETE /admin/faults?fault=payment%232:hang             lifts one; 404 where it is not set
//
// Every answer is the list that is in force afterwards, or {"error","hint"}. A
// POST has to be application/json and every call has to name a loopback host,
// so that no page in a browser can make one.
func (f *Fleet) admin() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /admin/faults", func(w http.ResponseWriter, _ *http.Request) { f.showFaults(w) })
	mux.HandleFunc("POST /admin/faults", f.postFault)
	mux.HandleFunc("DELETE /admin/faults", f.deleteFaults)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLoopback(r.Host) {
			refuse(w, http.StatusForbidden, errors.New("the host has to be a loopback address"))
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// isLoopback says whether HOST:PORT is on this machine.
func isLoopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// showFaults answers the list.
func (f *Fleet) showFaults(w http.ResponseWriter) {
	list := []string{}
	for _, fault := range f.Faults() {
		list = append(list, fault.String())
	}
	reply(w, http.StatusOK, map[string]any{"faults": list})
}

// postFault adds a fault.
func (f *Fleet) postFault(w http.ResponseWriter, r *http.Request) {
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); strings.TrimSpace(kind) != "application/json" {
		refuse(w, http.StatusUnsupportedMediaType, errors.New("the body has to be application/json"))
		return
	}
	var body struct {
		Fault string `json:"fault"`
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4<<10))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&body); err != nil {
		refuse(w, http.StatusBadRequest, errors.New(`the body has to be {"fault":"payment#2:hang"}`))
		return
	}
	fault, err := ParseFault(body.Fault)
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	if err := f.SetFault(fault); err != nil {
		refuse(w, http.StatusInternalServerError, err)
		return
	}
	f.showFaults(w)
}

// deleteFaults lifts one fault or all.
func (f *Fleet) deleteFaults(w http.ResponseWriter, r *http.Request) {
	lift := f.Faults()
	if text := r.URL.Query().Get("fault"); text != "" {
		fault, err := ParseFault(text)
		if err != nil {
			refuse(w, http.StatusBadRequest, err)
			return
		}
		lift = []Fault{fault}
	}
	for _, fault := range lift {
		switch err := f.LiftFault(fault); {
		case errors.Is(err, fleet.ErrNotFound):
			refuse(w, http.StatusNotFound, err)
			return
		case err != nil:
			refuse(w, http.StatusInternalServerError, err)
			return
		}
	}
	f.showFaults(w)
}

// refuse answers an error.
func refuse(w http.ResponseWriter, code int, err error) {
	body := map[string]string{"error": err.Error()}
	var said *fleet.Error
	if errors.As(err, &said) && said.Hint != "" {
		body["hint"] = said.Hint
	}
	reply(w, code, body)
}

// reply writes JSON.
func reply(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // a peer that has left
}
