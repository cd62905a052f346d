package service

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"
)

// dialled is a connection to an instance's gRPC server until the test ends.
func dialled(t *testing.T, in *Instance) *grpc.ClientConn {
	t.Helper()
	_, addr := in.Addrs()
	conn, err := grpc.NewClient("passthrough:///"+addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// TestFaultsOverGRPC: what is wrong with an instance is wrong with all that it
// answers over gRPC, health and reflection too; a crash refuses, and after it
// the same address answers again.
func TestFaultsOverGRPC(t *testing.T) {
	in := newOne(t, Spec{Service: "order", ID: "order-1"}, &Directory{})
	health := func(within time.Duration) (time.Duration, error) {
		ctx, cancel := context.WithTimeout(t.Context(), within)
		defer cancel()
		began := time.Now()
		_, err := healthpb.NewHealthClient(dialled(t, in)).Check(ctx, &healthpb.HealthCheckRequest{})
		return time.Since(began), err
	}
	reflect := func(within time.Duration) error {
		ctx, cancel := context.WithTimeout(t.Context(), within)
		defer cancel()
		stream, err := reflectionpb.NewServerReflectionClient(dialled(t, in)).ServerReflectionInfo(ctx)
		if err != nil {
			return err
		}
		if err := stream.Send(&reflectionpb.ServerReflectionRequest{MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{}}); err != nil {
			return err
		}
		_, err = stream.Recv()
		return err
	}
	const short, long, late = 150 * time.Millisecond, 10 * time.Second, 200 * time.Millisecond
	apply := func(c Condition) {
		t.Helper()
		if err := in.Apply(c); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := health(long); err != nil {
		t.Errorf("well: %v", err)
	}
	apply(Condition{Latency: late})
	if took, err := health(long); err != nil || took < late {
		t.Errorf("late: %v after %v", err, took)
	}
	apply(Condition{Hang: true})
	if _, err := health(short); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("hanging: %v", err)
	}
	if err := reflect(short); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("hanging, reflection: %v", err)
	}
	apply(Condition{Crash: true})
	if _, err := health(long); status.Code(err) != codes.Unavailable {
		t.Errorf("crashed: %v", err)
	}
	apply(Condition{Errors: 1}) // of business calls only
	if _, err := health(long); err != nil {
		t.Errorf("back, with errors: %v", err)
	}
	apply(Condition{})
	if err := reflect(long); err != nil {
		t.Errorf("put right, reflection: %v", err)
	}
}

// TestPlaceOfAStranger: a message that is none is refused before any work, and
// a method that is not there is unimplemented.
func TestPlaceOfAStranger(t *testing.T) {
	in := newOne(t, Spec{Service: "order", ID: "order-1"}, &Directory{})
	conn := dialled(t, in)
	for method, want := range map[string]codes.Code{"/" + ordersService + "/Cancel": codes.Unimplemented, "/midwatch.demo.Nonsense/Place": codes.Unimplemented} {
		if err := conn.Invoke(t.Context(), method, &structpb.Struct{}, &structpb.Struct{}); status.Code(err) != want {
			t.Errorf("%s: %v", method, err)
		}
	}
	// A name that is not UTF-8 is no message of proto3.
	err := conn.Invoke(t.Context(), placeMethod, []byte{0x0a, 0x04, 0x0a, 0x02, 0xff, 0xfe}, &structpb.Struct{}, grpc.ForceCodec(rawBytes{}))
	if status.Code(err) != codes.Internal {
		t.Errorf("broken: %v", err)
	}
	if total, _ := in.Calls(); total != 0 {
		t.Errorf("%d of them were counted", total)
	}
}

// rawBytes sends bytes as they are.
type rawBytes struct{}

func (rawBytes) Name() string                  { return "proto" }
func (rawBytes) Unmarshal([]byte, any) error   { return nil }
func (rawBytes) Marshal(v any) ([]byte, error) { b, _ := v.([]byte); return b, nil }

// TestLeavingIsNotCounted: a caller that gives up on an order says nothing of
// the order service.
func TestLeavingIsNotCounted(t *testing.T) {
	all, _ := house(t)
	if err := all["payment"].Apply(Condition{Hang: true}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), leafTimeout/2)
	defer cancel()
	err := dialled(t, all["order"]).Invoke(ctx, placeMethod, &structpb.Struct{}, &structpb.Struct{})
	if status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("got %v", err)
	}
	if err := all["payment"].Apply(Condition{}); err != nil {
		t.Fatal(err)
	}
	if code, body := visit(t, all["order"], http.MethodPost, "/orders", "{}"); code != http.StatusOK {
		t.Errorf("afterwards: %d %s", code, body)
	}
	if total, failed := all["order"].Calls(); failed != 0 || total != 1 {
		t.Errorf("%d of %d failed, want none of one", failed, total)
	}
}

// TestDatabaseGone: without its file a service answers 502 to who needs it and
// says so in its health, with what its own word is.
func TestDatabaseGone(t *testing.T) {
	all, _ := house(t)
	all["user"].store.close()
	if code, body := visit(t, all["user"], http.MethodGet, "/users/7", ""); code != http.StatusBadGateway || !strings.Contains(body, "closed") {
		t.Errorf("the user: %d %s", code, body)
	}
	if p := all["user"].page(t.Context()); p.Status != down || p.Components["db"].Status != down || p.Components["requests"].Status != up {
		t.Errorf("its health: %+v", p)
	}
	if code, body := visit(t, all["order"], http.MethodPost, "/orders", "{}"); code != http.StatusBadGateway || !strings.Contains(body, `"user: `) || !strings.Contains(body, "the other side failed: 502") {
		t.Errorf("who needs it: %d %s", code, body)
	}
	if p := all["payment"].page(t.Context()); p.Status != up || len(p.Components) != 1 {
		t.Errorf("who has none: %+v", p)
	}
}

// TestPortTaken: a crashed instance whose port somebody else took cannot come
// back, says so, and can be tried again.
func TestPortTaken(t *testing.T) {
	in := newOne(t, Spec{Service: "order", ID: "order-1"}, &Directory{})
	web, rpc := in.Addrs()
	for _, addr := range []string{web, rpc} {
		if err := in.Apply(Condition{Crash: true}); err != nil {
			t.Fatal(err)
		}
		other, err := net.Listen("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		if err := in.Apply(Condition{}); !errors.Is(err, syscall.EADDRINUSE) || !strings.HasPrefix(err.Error(), "order-1: ") {
			t.Errorf("%s is taken: %v", addr, err)
		}
		if err := other.Close(); err != nil {
			t.Fatal(err)
		}
		if err := in.Apply(Condition{}); err != nil {
			t.Errorf("%s is free again: %v", addr, err)
		}
	}
}

// TestWindowEdges: a call counts for ten seconds, to the half second, wherever
// in its stretch it came.
func TestWindowEdges(t *testing.T) {
	for _, into := range []time.Duration{0, time.Millisecond, windowSlot / 2, windowSlot - time.Nanosecond} {
		synctest.Test(t, func(t *testing.T) {
			var w window
			after(into)
			w.add(false)
			began := time.Now()
			after(windowLength - windowSlot)
			if total, failed := w.count(); total != 1 || failed != 1 {
				t.Errorf("%v into a stretch, forgotten after %v", into, time.Since(began))
			}
			after(windowSlot)
			if total, _ := w.count(); total != 0 {
				t.Errorf("%v into a stretch, still there after %v", into, time.Since(began))
			}
			// Its slot is used again, and the old count is not in it.
			w.add(true)
			if total, failed := w.count(); total != 1 || failed != 0 {
				t.Errorf("%v into a stretch, %d of %d in a slot that is used again", into, failed, total)
			}
		})
	}
}

// TestWindowAtOnce: calls that end at the same time are all counted.
func TestWindowAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w window
		var all sync.WaitGroup
		for i := range 1000 {
			all.Go(func() { w.add(i%5 != 0) })
		}
		all.Wait()
		if total, failed := w.count(); total != 1000 || failed != 200 || w.failing() {
			t.Errorf("%d of %d, failing %v: a fifth is not too many", failed, total, w.failing())
		}
	})
}
