package grpchealth_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/grpc/status"

	"github.com/midwatch-cli/midwatch/probe/grpchealth"
)

// registered runs a server with what register puts into it, on a connection
// inside the process.
func registered(t *testing.T, o grpchealth.Options, register func(*grpc.Server), options ...grpc.ServerOption) *grpchealth.Client {
	t.Helper()
	near, far := net.Pipe()
	l := one{make(chan net.Conn, 1), make(chan struct{})}
	l.conns <- far
	srv := grpc.NewServer(options...)
	register(srv)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(l)
	}()
	if o.Authority == "" {
		o.Authority = "orders.example"
	}
	c, err := grpchealth.Open(near, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Close()
		close(l.done)
		srv.Stop()
		<-done
	})
	return c
}

// scripted is a health server whose answers a test writes, and which counts the
// names it was asked for.
type scripted struct {
	grpc_health_v1.UnimplementedHealthServer
	check func(service string) (string, error)
	list  func() (map[string]string, error)
	watch func(service string, send func(word string)) error

	mu    sync.Mutex
	asked []string
}

func wordOf(word string) grpc_health_v1.HealthCheckResponse_ServingStatus {
	return grpc_health_v1.HealthCheckResponse_ServingStatus(grpc_health_v1.HealthCheckResponse_ServingStatus_value[word])
}

func (s *scripted) Check(ctx context.Context, r *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	s.mu.Lock()
	s.asked = append(s.asked, r.GetService())
	s.mu.Unlock()
	if s.check == nil {
		return s.UnimplementedHealthServer.Check(ctx, r)
	}
	word, err := s.check(r.GetService())
	if err != nil {
		return nil, err
	}
	return &grpc_health_v1.HealthCheckResponse{Status: wordOf(word)}, nil
}

func (s *scripted) List(ctx context.Context, r *grpc_health_v1.HealthListRequest) (*grpc_health_v1.HealthListResponse, error) {
	if s.list == nil {
		return s.UnimplementedHealthServer.List(ctx, r)
	}
	words, err := s.list()
	reply := &grpc_health_v1.HealthListResponse{Statuses: map[string]*grpc_health_v1.HealthCheckResponse{}}
	for name, word := range words {
		reply.Statuses[name] = &grpc_health_v1.HealthCheckResponse{Status: wordOf(word)}
	}
	return reply, err
}

func (s *scripted) Watch(r *grpc_health_v1.HealthCheckRequest, stream grpc_health_v1.Health_WatchServer) error {
	if s.watch == nil {
		return s.UnimplementedHealthServer.Watch(r, stream)
	}
	return s.watch(r.GetService(), func(word string) {
		_ = stream.Send(&grpc_health_v1.HealthCheckResponse{Status: wordOf(word)})
	})
}

func (s *scripted) register(srv *grpc.Server) { grpc_health_v1.RegisterHealthServer(srv, s) }

// names are the services that reflection tells of.
type names []string

func (n names) GetServiceInfo() map[string]grpc.ServiceInfo {
	all := map[string]grpc.ServiceInfo{}
	for _, name := range n {
		all[name] = grpc.ServiceInfo{}
	}
	return all
}

func reflectV1(n ...string) func(*grpc.Server) {
	return func(srv *grpc.Server) {
		grpc_reflection_v1.RegisterServerReflectionServer(srv, reflection.NewServerV1(reflection.ServerOptions{Services: names(n)}))
	}
}

func reflectAlpha(n ...string) func(*grpc.Server) {
	return func(srv *grpc.Server) {
		grpc_reflection_v1alpha.RegisterServerReflectionServer(srv, reflection.NewServer(reflection.ServerOptions{Services: names(n)}))
	}
}

func saidWords(all []grpchealth.Said) string {
	var words []string
	for _, s := range all {
		words = append(words, s.Service+"="+s.Word)
	}
	return strings.Join(words, " ")
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func knows(words map[string]string) func(string) (string, error) {
	return func(service string) (string, error) {
		if word, ok := words[service]; ok {
			return word, nil
		}
		return "", status.Error(codes.NotFound, "unknown service")
	}
}

// TestAllByList: one question is enough, the names come sorted, and what a
// server keeps of itself (the empty name) is one of them.
func TestAllByList(t *testing.T) {
	s := &scripted{list: func() (map[string]string, error) {
		return map[string]string{"z": "SERVING", "": "SERVING", "a": "NOT_SERVING", "m": "SERVICE_UNKNOWN"}, nil
	}}
	all, how, err := registered(t, grpchealth.Options{}, s.register).All(within(t))
	if err != nil || how != "by List" || saidWords(all) != "=SERVING a=NOT_SERVING m=SERVICE_UNKNOWN z=SERVING" {
		t.Errorf("%v, %q, %v", all, how, err)
	}
	if len(s.asked) > 0 {
		t.Errorf("a server with a List was asked for %q as well", s.asked)
	}
	empty := &scripted{list: func() (map[string]string, error) { return nil, nil }}
	if all, how, err := registered(t, grpchealth.Options{}, empty.register).All(within(t)); err != nil || len(all) != 0 || how != "by List" {
		t.Errorf("an empty list: %v, %q, %v", all, how, err)
	}
}

// TestAllByReflection: which services are asked for, and which not.
func TestAllByReflection(t *testing.T) {
	own := []string{"b.B", "a.A", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.healthy.Shop"}
	known := map[string]string{"": "SERVING", "a.A": "NOT_SERVING", "grpc.healthy.Shop": "SERVING"}
	for name, reflects := range map[string]func(*grpc.Server){"v1": reflectV1(own...), "v1alpha": reflectAlpha(own...)} {
		t.Run(name, func(t *testing.T) {
			s := &scripted{check: knows(known)}
			all, how, err := registered(t, grpchealth.Options{}, func(srv *grpc.Server) {
				s.register(srv)
				reflects(srv)
			}).All(within(t))
			if err != nil || how != "by reflection" || saidWords(all) != "=SERVING a.A=NOT_SERVING grpc.healthy.Shop=SERVING" {
				t.Errorf("%v, %q, %v", all, how, err)
			}
			// The protocol's own services have no health of their own to ask for.
			if want := []string{"", "a.A", "b.B", "grpc.healthy.Shop"}; !slices.Equal(s.asked, want) {
				t.Errorf("asked for %q, want %q", s.asked, want)
			}
		})
	}
}

// TestAllOfMany: exactly as many as the bound are all asked for; one more and
// the rest is left, which is said.
func TestAllOfMany(t *testing.T) {
	for _, n := range []int{0, 1, 99, 100, 101, 1000} {
		var own []string
		for i := range n {
			own = append(own, fmt.Sprintf("s%04d", i))
		}
		s := &scripted{
			check: func(string) (string, error) { return "SERVING", nil },
			list: func() (map[string]string, error) {
				return nil, status.Error(codes.ResourceExhausted, "server health list exceeds maximum capacity")
			},
		}
		all, how, err := registered(t, grpchealth.Options{}, func(srv *grpc.Server) {
			s.register(srv)
			reflectV1(own...)(srv)
		}).All(within(t))
		want := "by reflection"
		if n > 100 {
			want = "by reflection, the first 100 services only"
		}
		if err != nil || len(all) != 1+min(n, 100) || how != want {
			t.Errorf("%d services: %d told, %q, %v", n, len(all), how, err)
		}
		if last := all[len(all)-1].Service; n > 0 && last != own[min(n, 100)-1] {
			t.Errorf("%d services: the last is %s: not the first ones by name", n, last)
		}
	}
}

// TestAllEnds: every way in which a server cannot say it of all, with the
// question at which the asking ends.
func TestAllEnds(t *testing.T) {
	fails := func(code codes.Code) func(string) (string, error) {
		return func(string) (string, error) { return "", status.Error(code, "x") }
	}
	for _, c := range []struct {
		name     string
		s        *scripted
		reflects func(*grpc.Server)
		want     string // error, or the words
		asked    int
	}{
		{"the list is denied", &scripted{list: func() (map[string]string, error) { return nil, status.Error(codes.Unauthenticated, "x") }}, nil, "UNAUTHENTICATED: x", 0},
		{"the list fails", &scripted{list: func() (map[string]string, error) { return nil, status.Error(codes.Internal, "") }}, nil, "INTERNAL", 0},
		{"no Check either", &scripted{}, reflectV1("a"), "UNIMPLEMENTED: method Check not implemented", 1},
		{"the whole is denied", &scripted{check: fails(codes.PermissionDenied)}, reflectV1("a"), "PERMISSION_DENIED: x", 1},
		{"nothing known, no reflection", &scripted{check: fails(codes.NotFound)}, nil, "UNIMPLEMENTED: unknown service grpc.reflection.v1alpha.ServerReflection", 1},
		{"nothing known of what there is", &scripted{check: fails(codes.NotFound)}, reflectV1("a", "b"), "NOT_FOUND: it keeps the health of none of its services", 3},
		{"nothing there", &scripted{check: fails(codes.NotFound)}, reflectV1(), "NOT_FOUND: it keeps the health of none of its services", 1},
		{"the whole only", &scripted{check: knows(map[string]string{"": "NOT_SERVING"})}, nil, "=NOT_SERVING", 1},
		{"one fails", &scripted{check: func(service string) (string, error) {
			if service == "b" {
				return "", status.Error(codes.Unavailable, "x")
			}
			return "SERVING", nil
		}}, reflectV1("a", "b", "c"), "UNAVAILABLE: x", 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			all, _, err := registered(t, grpchealth.Options{}, func(srv *grpc.Server) {
				c.s.register(srv)
				if c.reflects != nil {
					c.reflects(srv)
				}
			}).All(within(t))
			got := saidWords(all)
			if err != nil {
				var told *grpchealth.Error
				if got = err.Error(); !errors.As(err, &told) || len(all) > 0 {
					t.Errorf("%T beside %v: what the server refuses is its own word, alone", err, all)
				}
			}
			if got != c.want || len(c.s.asked) != c.asked {
				t.Errorf("%q after %d questions %q, want %q after %d", got, len(c.s.asked), c.s.asked, c.want, c.asked)
			}
		})
	}
}

// TestAllInTime: wherever it hangs, the deadline is the reason.
func TestAllInTime(t *testing.T) {
	for _, c := range []struct {
		name string
		hang func(s *scripted, block func())
	}{
		{"in List", func(s *scripted, block func()) {
			s.list = func() (map[string]string, error) { block(); return nil, nil }
		}},
		{"in the first Check", func(s *scripted, block func()) {
			s.check = func(string) (string, error) { block(); return "SERVING", nil }
		}},
		{"in a later Check", func(s *scripted, block func()) {
			s.check = func(service string) (string, error) {
				if service == "a" {
					block()
				}
				return "SERVING", nil
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			released := make(chan struct{})
			s := &scripted{}
			c.hang(s, func() { <-released })
			client := registered(t, grpchealth.Options{}, func(srv *grpc.Server) {
				s.register(srv)
				reflectV1("a")(srv)
			})
			all, _, err := client.All(ctx)
			close(released)
			if !errors.Is(err, context.DeadlineExceeded) || len(all) > 0 {
				t.Errorf("%v, %v", all, err)
			}
		})
	}
}
