package service

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/midwatch-cli/midwatch/fleet/breaker/httpapi/serve"
)

// maxBody bounds what a service reads of a request.
const maxBody = 64 << 10

// handler is everything an instance answers over HTTP.
func (in *Instance) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", in.health)
	if in.MetricsPath() == "/metrics" {
		mux.Handle("GET /metrics", in.stuck(in.metrics.page()))
	}
	mux.Handle("GET /metrics.json", in.stuck(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, in.metrics.summary())
	})))
	mux.Handle(serve.Path+"/", in.slowed(&in.admin))
	switch in.Service {
	case "gateway":
		in.business(mux, http.MethodPost, "/checkout", in.checkout)
	case "order":
		in.business(mux, http.MethodPost, "/orders", func(ctx context.Context, _ *http.Request) error { return in.place(ctx) })
	case "payment":
		in.business(mux, http.MethodPost, "/payments", nothing)
	case "inventory":
		in.business(mux, http.MethodPost, "/reservations", nothing)
	case "user":
		in.business(mux, http.MethodGet, "/users/7", func(ctx context.Context, _ *http.Request) error { return in.store.user(ctx) })
	}
	return mux
}

// nothing is the work of services that have none to show.
func nothing(context.Context, *http.Request) error { return nil }

// business adds a call that is counted, and that faults apply to.
func (in *Instance) business(mux *http.ServeMux, method, path string, work func(context.Context, *http.Request) error) {
	mux.HandleFunc(method+" "+path, func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		// Only with the body read does the server notice that a caller leaves.
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			reply(w, http.StatusRequestEntityTooLarge, map[string]string{"error": err.Error()})
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if in.cond.wait(r.Context()) != nil {
			return
		}
		err = in.serve(r.Context(), func(ctx context.Context) error { return work(ctx, r) })
		code, answer := http.StatusOK, map[string]string{"by": in.ID}
		switch {
		case errors.Is(err, errLeft):
			return
		case errors.Is(err, errInjected):
			code, answer = http.StatusInternalServerError, map[string]string{"error": err.Error()}
		case err != nil:
			code, answer = http.StatusBadGateway, map[string]string{"error": err.Error()}
		}
		in.metrics.http(method, path, code, time.Since(began))
		reply(w, code, answer)
	})
}

// stuck lets a page hang with the instance. Metrics are never slow otherwise.
func (in *Instance) stuck(page http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if in.cond.hang(r.Context()) == nil {
			page.ServeHTTP(w, r)
		}
	})
}

// slowed lets a page take as long as the instance's condition has it.
func (in *Instance) slowed(page http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if in.cond.wait(r.Context()) == nil {
			page.ServeHTTP(w, r)
		}
	})
}

// reply writes JSON.
func reply(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // a peer that has left
}

// checkout is what the gateway does: it asks for the user, then has the order
// placed, over REST or gRPC as ?via says.
func (in *Instance) checkout(ctx context.Context, r *http.Request) error {
	if err := in.callers["user"].rest(ctx, http.MethodGet, "/users/7", ""); err != nil {
		return err
	}
	if r.URL.Query().Get("via") != "grpc" {
		return in.callers["order"].rest(ctx, http.MethodPost, "/orders", `{"user":7}`)
	}
	order, err := structpb.NewStruct(map[string]any{"user": 7})
	if err != nil {
		return err
	}
	return in.callers["order"].place(ctx, order)
}

// place is what the order service does: check the user, reserve, pay, write
// down.
func (in *Instance) place(ctx context.Context) error {
	for _, step := range []struct{ to, method, path string }{
		{"user", http.MethodGet, "/users/7"},
		{"inventory", http.MethodPost, "/reservations"},
		{"payment", http.MethodPost, "/payments"},
	} {
		if err := in.callers[step.to].rest(ctx, step.method, step.path, "{}"); err != nil {
			return err
		}
	}
	return in.store.order(ctx)
}
