package term

import (
	"errors"
	"io"
	"sync"
	"syscall"
)

// pipe writes until nobody reads any more; from then on it swallows. It is safe
// for concurrent use.
type pipe struct {
	mu   sync.Mutex
	to   io.Writer
	shut bool
	gone chan struct{}
}

// Write says that all was written when the reader has gone: `check | head`
// ends by its verdict, in silence.
func (p *pipe) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shut {
		return len(b), nil
	}
	n, err := p.to.Write(b)
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe) {
		p.shut = true
		close(p.gone)
		return len(b), nil
	}
	return n, err
}
