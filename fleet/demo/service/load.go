package service

import (
	"context"
	"net/http"
	"sync"
	"time"
)

const (
	loadTimeout = 4 * time.Second // of one call at a gateway
	loadAtOnce  = 100             // calls under way; more than that are not made
)

// Load calls the gateways, one after the other, every second time over gRPC
// inside, until ctx ends; then it waits for the calls under way.
func Load(ctx context.Context, known *Directory, perSecond int) {
	web := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: loadAtOnce}}
	defer web.CloseIdleConnections()
	var calls sync.WaitGroup
	defer calls.Wait()
	slots := make(chan struct{}, loadAtOnce)
	tick := time.NewTicker(time.Second / time.Duration(perSecond))
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		gateways := known.Of("gateway")
		if len(gateways) == 0 {
			continue
		}
		url := "http://" + gateways[n%len(gateways)].Addr + "/checkout"
		if n/(2*len(gateways))%2 == 1 { // in pairs, so that every order instance gets both
			url += "?via=grpc"
		}
		select {
		case slots <- struct{}{}:
		default:
			continue // everything hangs: more of it helps nobody
		}
		calls.Go(func() {
			defer func() { <-slots }()
			call, cancel := context.WithTimeout(ctx, loadTimeout)
			defer cancel()
			_ = ask(call, web, http.MethodPost, url, "{}") // the fleet counts its failures itself
		})
	}
}
