package etcd_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/registry/registrytest"
)

// written are the keys four libraries were seen to write into a real etcd.
func written(t *testing.T) map[string]string {
	t.Helper()
	data, err := os.ReadFile("layout/testdata/wire/libraries-3.7.txt")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^key   (".*")\nvalue (".*")$`).FindAllStringSubmatch(string(data), -1) {
		key, err1 := strconv.Unquote(m[1])
		value, err2 := strconv.Unquote(m[2])
		if err1 != nil || err2 != nil {
			t.Fatalf("%s: %v, %v", m[0], err1, err2)
		}
		all[key] = value
	}
	return all
}

// putAll writes keys.
func putAll(t *testing.T, c *clientv3.Client, all map[string]string) {
	t.Helper()
	for key, value := range all {
		do(t, func(ctx context.Context) error { _, err := c.Put(ctx, key, value); return err })
	}
}

// inLine is a set in one line: services with their instances, then warnings.
func inLine(s registry.Set) string {
	var b strings.Builder
	for _, svc := range s.Services {
		fmt.Fprintf(&b, "%s:", svc.Ref)
		for _, in := range svc.Instances {
			fmt.Fprintf(&b, " %s", in.ID)
		}
		b.WriteString("; ")
	}
	for _, w := range s.Warnings {
		fmt.Fprintf(&b, "! %s: %s; ", w.Where, w.Detail)
	}
	return strings.TrimSuffix(b.String(), "; ")
}

// TestLayoutsTogether has what four libraries wrote in one keyspace, with
// something nobody can read beside it, and reads it through every URL people
// would write.
func TestLayoutsTogether(t *testing.T) {
	for name, start := range map[string]func(testing.TB) string{"embedded": startEmbedded, "real": startReal} {
		t.Run(name, func(t *testing.T) {
			addr := start(t)
			c := client(t, addr, "", "")
			putAll(t, c, written(t))
			putAll(t, c, map[string]string{
				"kitex/registry-etcd/pay/h:1": `{"network":"tcp","address":"h:1"}`,
				"kitex/registry-etcd/pay/h:2": `{"network":"unix","address":"/run/x"}`,
				"/micro/registry/shop/n1":     `{"name":"shop","nodes":[{"id":"n1","address":"h:3"}]}`,
				"config/limits":               `{"rps":7}`,
			})
			const (
				orders  = "! /microservices/orders/orders-2: it names no endpoint"
				network = `! kitex/registry-etcd/pay/h:2: its network is "unix": only tcp can be asked`
				twice   = "! orders/127.0.0.1:9101: /services/orders/127.0.0.1:9101 is the instance 127.0.0.1:9101 already"
				foreign = ": its value is of no layout known here"
			)
			for url, want := range map[string]string{
				"": "orders: 127.0.0.1:9101 127.0.0.1:9111 127.0.0.1:9121 orders-1; orders.rpc: 127.0.0.1:9101 127.0.0.1:9111; pay: h:1; shop: n1; users: 127.0.0.1:9301; " +
					orders + "; ! config/limits" + foreign + "; " + network + "; " + twice,
				"/orders":                      "orders: 127.0.0.1:9101 127.0.0.1:9111 127.0.0.1:9121",
				"/orders.rpc":                  "orders.rpc: 127.0.0.1:9101 127.0.0.1:9111",
				"/orders.rpc?layout=go-zero":   "orders.rpc: 127.0.0.1:9101 127.0.0.1:9111",
				"//services":                   "orders: 127.0.0.1:9101; users: 127.0.0.1:9301",
				"//services?layout=go-kit":     "orders: 127.0.0.1:9101; users: 127.0.0.1:9301",
				"//services/orders":            "orders: 127.0.0.1:9101",
				"/microservices":               "orders: orders-1; " + orders,
				"?layout=kratos":               "orders: orders-1; " + orders,
				"?layout=go-micro":             "shop: n1",
				"?layout=kitex":                "pay: h:1; " + network,
				"/micro/registry":              "shop: n1",
				"/orders?layout=naming":        "orders: 127.0.0.1:9101 127.0.0.1:9111 127.0.0.1:9121",
				"//services?layout=kratos":     "! /services/orders/127.0.0.1:9101: not the JSON of Kratos: invalid character 'h' looking for beginning of value; ! /services/users/127.0.0.1:9301: not the JSON of Kratos: invalid character '.' after top-level value",
				"/services":                    "! services/: no key starts with it, but 2 with /services/: write etcd://" + addr + "//services",
				"/config":                      "! config/limits" + foreign,
				"/nothing/here?layout=go-zero": "",
			} {
				if got := inLine(list(t, opened(t, "etcd://"+addr+url))); got != want {
					t.Errorf("%s\n got %s\nwant %s", url, got, want)
				}
			}
			for _, url := range []string{"?layout=consul", "?layout=dubbo", "?layout=Kratos", "?layout="} {
				r, err := tryOpen("etcd://"+addr+url, registry.Env{})
				if err == nil {
					_ = r.Close()
				}
				if !errors.Is(err, registry.ErrConfig) || !strings.Contains(err.Error(), "go-zero") {
					t.Errorf("%s: %v, which has to name the layouts there are", url, err)
				}
			}
		})
	}
}

// TestOneBadEntry puts one entry nobody can read beside a good one, in each
// layout: the good one is there, the bad one is a warning that names its key, and
// once it is mended both are there and nothing is said.
func TestOneBadEntry(t *testing.T) {
	addr := startEmbedded(t)
	c := client(t, addr, "", "")
	for name, x := range map[string]struct{ good, bad, mended, goodValue, badValue, mendedValue string }{
		"naming":   {"s/h:1", "s/h:2", "s/h:2", `{"Op":0,"Addr":"h:1"}`, `{"Op":0,"Addr":`, `{"Op":0,"Addr":"h:2"}`},
		"go-zero":  {"s/1", "s/2", "s/2", "h:1", "h", "h:2"},
		"go-kit":   {"s/a", "s/b", "s/b", "http://h:1", "http://", "http://h:2"},
		"kratos":   {"s/a", "s/b", "s/b", `{"id":"a","name":"s","endpoints":["http://h:1"]}`, `{"id":"b","name":"s","endpoints":null}`, `{"id":"b","name":"s","endpoints":["http://h:2"]}`},
		"go-micro": {"s/a", "s/b", "s/b", `{"name":"s","nodes":[{"id":"a","address":"h:1"}]}`, `{"name":"s","nodes":[]}`, `{"name":"s","nodes":[{"id":"b","address":"h:2"}]}`},
		"kitex":    {"s/a", "s/b", "s/b", `{"network":"tcp","address":"h:1"}`, `{"network":"tcp","address":"h:0"}`, `{"network":"tcp","address":"h:2"}`},
	} {
		for _, named := range []string{"", "?layout=" + name} {
			prefix := name + named + "/"
			prefix = strings.NewReplacer("?", "-", "=", "-").Replace(prefix)
			putAll(t, c, map[string]string{prefix + x.good: x.goodValue, prefix + x.bad: x.badValue})
			r := opened(t, "etcd://"+addr+"/"+strings.TrimSuffix(prefix, "/")+named)
			sets, ended := watching(t, r)
			one := func(s registry.Set) bool {
				return len(s.Services) == 1 && len(s.Services[0].Instances) == 1 && len(s.Warnings) == 1 && s.Warnings[0].Where == prefix+x.bad
			}
			until(t, sets, ended, one)
			if set := list(t, r); !one(set) {
				t.Errorf("%s%s: %s", name, named, inLine(set))
			}
			putAll(t, c, map[string]string{prefix + x.mended: x.mendedValue})
			until(t, sets, ended, func(s registry.Set) bool { return len(s.Warnings) == 0 && len(s.Services[0].Instances) == 2 })
			putAll(t, c, map[string]string{prefix + x.bad: x.badValue}) // and broken again
			until(t, sets, ended, one)
		}
	}
}

// TestPagesOfOneRevision changes keys all the while a set of several pages is
// read. Each change is one transaction in which entries at the start of the range
// and at its end change places: a set made of two revisions would have some of
// them twice and others not at all.
func TestPagesOfOneRevision(t *testing.T) {
	addr := startEmbedded(t)
	c := client(t, addr, "", "")
	const all, moved = 2500, 60 // keys, and how many at each end change places
	put := func(key, id int) clientv3.Op {
		return clientv3.OpPut(fmt.Sprintf("many/s/%04d", key), fmt.Sprintf(`{"Op":0,"Addr":"10.0.%d.%d:80","Metadata":{"id":"i%d"}}`, id/250, id%250, id))
	}
	for first := 0; first < all; first += 100 {
		var ops []clientv3.Op
		for i := first; i < first+100; i++ {
			ops = append(ops, put(i, i))
		}
		do(t, func(ctx context.Context) error { _, err := c.Txn(ctx).Then(ops...).Commit(); return err })
	}
	swap := func(generation int) error {
		var ops []clientv3.Op
		for low := range moved {
			high := all - 1 - low
			if generation%2 == 1 {
				ops = append(ops, put(low, high), put(high, low))
			} else {
				ops = append(ops, put(low, low), put(high, high))
			}
		}
		_, err := c.Txn(t.Context()).Then(ops...).Commit()
		return err
	}
	stop, stopped := make(chan struct{}), make(chan error, 1)
	go func() {
		for generation := 1; ; generation++ {
			select {
			case <-stop:
				stopped <- nil
				return
			default:
			}
			if err := swap(generation); err != nil {
				stopped <- err
				return
			}
		}
	}()
	r := opened(t, "etcd://"+addr+"/many")
	for range 20 {
		set := list(t, r)
		if len(set.Services) != 1 || len(set.Services[0].Instances) != all || len(set.Warnings) > 0 {
			t.Errorf("%d instances, warnings %v", len(set.Services[0].Instances), set.Warnings)
			break
		}
	}
	close(stop)
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
}

// TestBlackHole asks somebody who accepts and never says a word. The end of the
// caller's context, the registry's own limit and Close each end the call, and
// each is said as what it is.
func TestBlackHole(t *testing.T) {
	hole, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var held sync.WaitGroup
	held.Go(func() {
		for {
			conn, err := hole.Accept()
			if err != nil {
				return
			}
			held.Go(func() { // until the other side hangs up
				buf := make([]byte, 1024)
				for {
					if _, err := conn.Read(buf); err != nil {
						_ = conn.Close()
						return
					}
				}
			})
		}
	})
	t.Cleanup(func() { // after the registries have hung up
		_ = hole.Close()
		held.Wait()
	})
	calls := map[string]func(ctx context.Context, r registry.Registry) error{
		"List": func(ctx context.Context, r registry.Registry) error { _, err := r.List(ctx); return err },
		"Watch": func(ctx context.Context, r registry.Registry) error {
			return r.Watch(ctx, func(registry.Set) error { return nil })
		},
		"Register": func(ctx context.Context, r registry.Registry) error {
			_, err := r.(registry.Registrar).Register(ctx, registry.Entry{Service: "s", Instance: fleet.Instance{Addr: "h:1"}})
			return err
		},
		"Heartbeat": func(ctx context.Context, r registry.Registry) error {
			return r.(registry.Registrar).Heartbeat(ctx, fleet.Key{Ref: fleet.Ref{Name: "s"}, Instance: "h:1"})
		},
	}
	for name, call := range calls {
		for how, c := range map[string]struct {
			url    string
			ctx    func() (context.Context, context.CancelFunc)
			reason fleet.Reason
			is     error
		}{
			"our limit": {"?timeout=150ms", func() (context.Context, context.CancelFunc) { return context.WithCancel(t.Context()) }, registry.ReasonTimeout, nil},
			"a deadline": {"?timeout=1m", func() (context.Context, context.CancelFunc) {
				return context.WithTimeout(t.Context(), 150*time.Millisecond)
			}, registry.ReasonTimeout, context.DeadlineExceeded},
			"over TLS": {"?timeout=150ms&tls=true", func() (context.Context, context.CancelFunc) { return context.WithCancel(t.Context()) }, registry.ReasonTimeout, nil},
			"cancelled": {"?timeout=1m", func() (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(100*time.Millisecond, cancel)
				return ctx, cancel
			}, registry.ReasonCancelled, context.Canceled},
		} {
			r := opened(t, "etcd://"+hole.Addr().String()+c.url)
			ctx, cancel := c.ctx()
			began := time.Now()
			err := call(ctx, r)
			if took := time.Since(began); took > 3*time.Second {
				t.Errorf("%s, %s: took %v", name, how, took)
			}
			cancel()
			fails(t, err, c.reason, "etcd at "+hole.Addr().String(), c.is)
		}
	}
}

// TestUserWhereNobodyAsks: a user and a password do no harm where the server
// has authentication switched off.
func TestUserWhereNobodyAsks(t *testing.T) {
	addr := startEmbedded(t)
	r := opened(t, "etcd://ops@"+addr+"/prod?password=env:OPS")
	if _, err := r.Register(t.Context(), registry.Entry{Service: "orders", Instance: fleet.Instance{Addr: "h:1"}}); err != nil {
		t.Error(err)
	}
	if set := list(t, r); len(set.Services) != 1 {
		t.Errorf("got %+v", set)
	}
}

// TestRelist compacts away what a Watch wants to go on from, again and again,
// while keys change: in the end it has what List has.
func TestRelist(t *testing.T) {
	addr := startEmbedded(t)
	c := client(t, addr, "", "")
	gate := newGate(t, addr)
	sets, ended := watching(t, opened(t, "etcd://"+gate.addr()+"/prod"))
	until(t, sets, ended, has(0))
	for round := range 4 {
		gate.hold()
		for i := range 5 {
			putAll(t, c, map[string]string{fmt.Sprintf("prod/s%d/h:%d", round, i+1): fmt.Sprintf(`{"Op":0,"Addr":"h:%d"}`, i+1)})
		}
		do(t, func(ctx context.Context) error {
			gone, err := c.Delete(ctx, fmt.Sprintf("prod/s%d/", round-1), clientv3.WithPrefix())
			if err != nil {
				return err
			}
			_, err = c.Compact(ctx, gone.Header.GetRevision())
			return err
		})
		gate.release()
		want := fmt.Sprintf("s%d: h:1 h:2 h:3 h:4 h:5", round)
		until(t, sets, ended, func(s registry.Set) bool {
			if len(s.Services) == 0 {
				t.Errorf("round %d: an empty set for an outage", round)
			}
			return inLine(s) == want
		})
	}
	registrytest.Eventually(t, 5*time.Second, "it follows on", func() bool {
		putAll(t, c, map[string]string{"prod/end/h:1": `{"Op":0,"Addr":"h:1"}`})
		select {
		case s := <-sets:
			return len(s.Services) == 2
		case err := <-ended:
			t.Fatal(err)
			return false
		default:
			return false
		}
	})
}
