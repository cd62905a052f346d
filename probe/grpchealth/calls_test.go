package grpchealth_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/midwatch-cli/midwatch/probe/grpchealth"
)

// codeNames is the list of the protocol (grpc/doc/statuscodes.md), to the letter.
const codeNames = "OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED RESOURCE_EXHAUSTED " +
	"FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED"

// TestStatuses: every status of the protocol arrives as the server's own word,
// with its number, name and text, for a question and for a watch.
func TestStatuses(t *testing.T) {
	next := make(chan error, 1)
	s := &scripted{
		check: func(string) (string, error) { return "", <-next },
		watch: func(string, func(string)) error { return <-next },
	}
	client := registered(t, grpchealth.Options{}, s.register)
	for code, name := range strings.Fields(codeNames) {
		if code == 0 {
			continue // OK is no error
		}
		for _, text := range []string{"", "what went wrong: 100%\n\x1b[2J"} {
			want := name
			if text != "" {
				want += ": " + text
			}
			for _, ask := range []func() error{
				func() error { _, err := client.Check(within(t), "a"); return err },
				func() error { return client.Watch(within(t), "a", func(grpchealth.Said) { t.Error("told something") }) },
			} {
				next <- status.Error(codes.Code(code), text)
				err := ask()
				var told *grpchealth.Error
				if !errors.As(err, &told) || told.Code != uint32(code) || told.Name != name || told.Message != text || err.Error() != want {
					t.Errorf("%s: %#v", name, err)
				}
			}
		}
	}
	next <- status.Error(4711, "x")
	if _, err := client.Check(within(t), "a"); err == nil || err.Error() != "code 4711: x" {
		t.Errorf("a code that nobody knows: %v", err)
	}
}

// TestWords: every word, also one that the protocol has not yet.
func TestWords(t *testing.T) {
	var number int32
	client := registered(t, grpchealth.Options{}, func(srv *grpc.Server) {
		grpc_health_v1.RegisterHealthServer(srv, numbered{&number})
	})
	for n, want := range []string{"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN", "4"} {
		number = int32(n)
		said, err := client.Check(within(t), "orders.v1.Orders")
		if err != nil || said != (grpchealth.Said{Service: "orders.v1.Orders", Word: want}) {
			t.Errorf("%d: %+v, %v", n, said, err)
		}
	}
}

type numbered struct{ number *int32 }

func (n numbered) Check(context.Context, *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	return &grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_ServingStatus(*n.number)}, nil
}

func (numbered) List(context.Context, *grpc_health_v1.HealthListRequest) (*grpc_health_v1.HealthListResponse, error) {
	return nil, status.Error(codes.Unimplemented, "no")
}

func (numbered) Watch(*grpc_health_v1.HealthCheckRequest, grpc_health_v1.Health_WatchServer) error {
	return status.Error(codes.Unimplemented, "no")
}

// TestWatchTells: each word as it is sent, the unknown service that appears
// later too; a stream that ends without an error did not end well.
func TestWatchTells(t *testing.T) {
	sends := []string{"SERVICE_UNKNOWN", "SERVING", "NOT_SERVING", "SERVING", "SERVICE_UNKNOWN", "SERVING"}
	for _, c := range []struct {
		name string
		end  error
		want func(error) bool
	}{
		{"ended politely", nil, func(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }},
		{"ended with a status", status.Error(codes.Unavailable, "shutting down"), func(err error) bool {
			var told *grpchealth.Error
			return errors.As(err, &told) && told.Error() == "UNAVAILABLE: shutting down"
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := registered(t, grpchealth.Options{}, (&scripted{watch: func(_ string, send func(string)) error {
				for _, word := range sends {
					send(word)
				}
				return c.end
			}}).register)
			var told []string
			err := client.Watch(within(t), "orders", func(s grpchealth.Said) { told = append(told, s.Word) })
			if !c.want(err) || strings.Join(told, " ") != strings.Join(sends, " ") {
				t.Errorf("%q, then %v", told, err)
			}
		})
	}
}

// TestWatchEndsWithItsContext: a stream that says nothing is left at once when
// nobody wants it any more, by the reason that ended it.
func TestWatchEndsWithItsContext(t *testing.T) {
	entered := make(chan struct{}, 2)
	client := registered(t, grpchealth.Options{}, func(srv *grpc.Server) {
		grpc_health_v1.RegisterHealthServer(srv, silent{entered: entered})
	})
	why := errors.New("the screen was closed")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		<-entered
		cancel(why)
	}()
	if err := client.Watch(ctx, "", func(grpchealth.Said) {}); !errors.Is(err, why) {
		t.Errorf("cancelled: %v", err)
	}
	limited, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	if err := client.Watch(limited, "", func(grpchealth.Said) {}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("timed out: %v", err)
	}
}

type silent struct {
	grpc_health_v1.UnimplementedHealthServer
	entered chan struct{}
}

func (s silent) Watch(_ *grpc_health_v1.HealthCheckRequest, stream grpc_health_v1.Health_WatchServer) error {
	s.entered <- struct{}{}
	<-stream.Context().Done()
	return stream.Context().Err()
}

// TestGoesWith: what goes with a call is what the options say, and nothing else
// that could tell who asks.
func TestGoesWith(t *testing.T) {
	var got metadata.MD
	see := grpc.UnaryInterceptor(func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		got, _ = metadata.FromIncomingContext(ctx)
		return next(ctx, req)
	})
	s := &scripted{check: func(string) (string, error) { return "SERVING", nil }}
	for _, c := range []struct {
		name string
		o    grpchealth.Options
		want map[string]string // "" is not sent at all
	}{
		{"nothing", grpchealth.Options{Authority: "orders.internal:9000"}, map[string]string{":authority": "orders.internal:9000", "authorization": "", "x-tenant": ""}},
		{"a token", grpchealth.Options{UserAgent: "midwatch/1", Metadata: metadata.Pairs("authorization", "Bearer t0k3n")}, map[string]string{"authorization": "Bearer t0k3n", "x-tenant": ""}},
		{"several", grpchealth.Options{Metadata: metadata.Pairs("x-tenant", "a", "x-tenant", "b", "trace-bin", "\x00\xff")}, map[string]string{"x-tenant": "a|b", "trace-bin": "\x00\xff", "authorization": ""}},
		{"IPv6", grpchealth.Options{Authority: "[::1]:9000"}, map[string]string{":authority": "[::1]:9000"}},
	} {
		client := registered(t, c.o, s.register, see)
		if _, err := client.Check(within(t), ""); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for key, want := range c.want {
			if v := strings.Join(got.Get(key), "|"); v != want {
				t.Errorf("%s: %s is %q, want %q", c.name, key, v, want)
			}
		}
		if agent := strings.Join(got.Get("user-agent"), "|"); !strings.HasPrefix(agent, strings.TrimSpace(c.o.UserAgent+" grpc-go/")) {
			t.Errorf("%s: user agent %q", c.name, agent)
		}
	}
}

// TestMessageBound: an answer of exactly the bound is read, one byte more is
// refused by us and told as a status, whatever the server is.
func TestMessageBound(t *testing.T) {
	list := map[string]string{strings.Repeat("x", 1000): "SERVING", "": "SERVING"}
	s := &scripted{check: knows(map[string]string{"": "SERVING"}), list: func() (map[string]string, error) { return list, nil }}
	reply, _ := s.List(t.Context(), nil)
	size := proto.Size(reply)
	for limit, want := range map[int]string{
		0: "by List", size: "by List",
		// A list that is too long to read is one that has too many.
		size - 1: "neither List nor reflection: the whole server only",
	} {
		client := registered(t, grpchealth.Options{MaxMessage: limit}, s.register)
		if all, how, err := client.All(within(t)); err != nil || how != want || all[0].Word != "SERVING" {
			t.Errorf("at most %d of %d bytes: %v, %q, %v", limit, size, all, how, err)
		}
	}
	client := registered(t, grpchealth.Options{}, s.register)
	list[strings.Repeat("y", 1<<20)] = "SERVING"
	if _, how, err := client.All(within(t)); how == "by List" || err != nil {
		t.Errorf("a list of more than 1 MiB: %q, %v", how, err)
	}
	_, err := registered(t, grpchealth.Options{MaxMessage: 1}, s.register).Check(within(t), "")
	var told *grpchealth.Error
	if !errors.As(err, &told) || told.Name != "RESOURCE_EXHAUSTED" {
		t.Errorf("an answer of 2 bytes where 1 is read: %v", err)
	}
}

// TestDeadlineOfTheServer: a server that gives up by itself says so; one that
// only repeats our own deadline says nothing of itself.
func TestDeadlineOfTheServer(t *testing.T) {
	s := &scripted{check: func(string) (string, error) { return "", status.Error(codes.DeadlineExceeded, "its database") }}
	client := registered(t, grpchealth.Options{}, s.register)
	var told *grpchealth.Error
	if _, err := client.Check(within(t), ""); !errors.As(err, &told) || told.Message != "its database" {
		t.Errorf("long before our deadline: %v", err)
	}
	soon, cancel := context.WithTimeout(t.Context(), 45*time.Millisecond)
	defer cancel()
	if _, err := client.Check(soon, ""); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("at our deadline: %v", err)
	}
	over, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	if _, err := client.Check(over, ""); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("after our deadline: %v", err)
	}
}

// TestAtOnce: questions at the same time do not disturb each other, and Close
// ends those that wait.
func TestAtOnce(t *testing.T) {
	hang := make(chan struct{})
	s := &scripted{check: func(service string) (string, error) {
		if service == "hang" {
			<-hang
		}
		return map[bool]string{true: "SERVING", false: "NOT_SERVING"}[strings.HasPrefix(service, "well")], nil
	}}
	client := registered(t, grpchealth.Options{}, s.register)
	defer close(hang)
	waiting := make(chan error, 4)
	for range cap(waiting) {
		go func() {
			_, err := client.Check(within(t), "hang")
			waiting <- err
		}()
	}
	answers := make(chan string, 40)
	for i := range cap(answers) {
		go func() {
			service := map[bool]string{true: "well", false: "ill"}[i%2 == 0]
			said, err := client.Check(within(t), service)
			if err != nil {
				answers <- err.Error()
				return
			}
			answers <- said.Service + " " + said.Word
		}()
	}
	count := map[string]int{}
	for range cap(answers) {
		count[<-answers]++
	}
	if count["well SERVING"] != 20 || count["ill NOT_SERVING"] != 20 {
		t.Errorf("%v", count)
	}
	_ = client.Close()
	for range cap(waiting) {
		if err := <-waiting; err == nil {
			t.Error("a question on a closed connection was answered")
		}
	}
	if _, err := client.Check(within(t), ""); err == nil {
		t.Error("a closed connection answers")
	}
	_ = client.Close() // twice is once
}
