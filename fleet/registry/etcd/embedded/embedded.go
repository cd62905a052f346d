// Package embedded runs a real etcd inside the process: the demo's registry and
// the one tests use. It listens on loopback only, keeps its data in a folder of
// the caller's, trades durability against power cuts for speed, and says
// nothing on standard error.
package embedded

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"sync"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3client"
	"go.uber.org/zap"
)

// Ticks are short because the only member never loses an election, and because
// the shortest lease is made of them.
const (
	tickMillis     = 10
	electionMillis = 50
)

// bcryptCost is the least there is: a login costs a millisecond. Whoever reaches
// the server at all is on this machine.
const bcryptCost = 4

// Server is a running etcd of one member. It is safe for concurrent use.
type Server struct {
	addr   string
	dir    string
	etcd   *embed.Etcd
	client *clientv3.Client
	close  sync.Once
}

// Start runs an etcd on an ephemeral loopback port with its data in dir, which
// must exist, and returns once it answers. A ctx that ends earlier ends the
// start.
func Start(ctx context.Context, dir string) (*Server, error) {
	return StartAt(ctx, dir, "127.0.0.1:0")
}

// StartAt is Start on a given loopback address. With the address and the folder
// of a closed Server it is that server come back.
func StartAt(ctx context.Context, dir, addr string) (*Server, error) {
	config, err := configure(dir, addr)
	if err != nil {
		return nil, err
	}
	etcd, err := embed.StartEtcd(config)
	if err != nil {
		return nil, fmt.Errorf("embedded etcd: %w", err)
	}
	select {
	case <-etcd.Server.ReadyNotify():
	case err := <-etcd.Err():
		etcd.Close()
		return nil, fmt.Errorf("embedded etcd: %w", err)
	case <-ctx.Done():
		etcd.Close()
		return nil, fmt.Errorf("embedded etcd: not ready: %w", ctx.Err())
	}
	return &Server{
		addr:   etcd.Clients[0].Addr().String(),
		dir:    dir,
		etcd:   etcd,
		client: v3client.New(etcd.Server),
	}, nil
}

// configure makes the configuration of a single quiet member.
func configure(dir, addr string) (*embed.Config, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("embedded etcd: address %q: %w", addr, err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("embedded etcd: %s is not a loopback address", host)
	}
	client := url.URL{Scheme: "http", Host: addr}
	peer := url.URL{Scheme: "http", Host: net.JoinHostPort(host, "0")}
	config := embed.NewConfig()
	config.Dir = dir
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	config.ListenPeerUrls, config.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	config.TickMs, config.ElectionMs = tickMillis, electionMillis
	config.UnsafeNoFsync = true
	config.BcryptCost = bcryptCost
	// Even at level "error" a clean start and a clean close log stack traces.
	config.ZapLoggerBuilder = embed.NewZapLoggerBuilder(zap.NewNop())
	return config, nil
}

// Addr is the address clients connect to: 127.0.0.1:PORT.
func (s *Server) Addr() string { return s.addr }

// Endpoint is the address as etcd's own tools want it: http://127.0.0.1:PORT.
func (s *Server) Endpoint() string { return "http://" + s.addr }

// URL is the address as a registry URL: etcd://127.0.0.1:PORT.
func (s *Server) URL() string { return "etcd://" + s.addr }

// Dir is the folder of its data.
func (s *Server) Dir() string { return s.dir }

// Client is a client without a connection, for the hands of tests. Close
// closes it.
func (s *Server) Client() *clientv3.Client { return s.client }

// Close stops the server and waits for it. The data stays. Twice is the same
// as once.
func (s *Server) Close() {
	s.close.Do(func() {
		_ = s.client.Close() // in-process: it holds no connection that could fail
		// Watch streams of clients would keep a graceful stop waiting.
		s.etcd.Close()
	})
}
