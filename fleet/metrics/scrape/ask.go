package scrape

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics/scrape/exposition"
	"github.com/midwatch-cli/midwatch/fleet/web"
	"github.com/midwatch-cli/midwatch/probe"
)

// What is asked for: as Prometheus does, OpenMetrics before text, names in UTF-8
// where the far side has such, and whatever there is rather than a 406. Spring
// Boot answers OpenMetrics without its charset with one; Go's client has
// UTF-8 names in text only for version 0.0.4. The protobuf form costs several
// times as much to read, so it is asked for where it has more to say.
const (
	inText   = openMetrics + ";version=1.0.0;charset=utf-8;escaping=allow-utf-8;q=0.6," + plainText + ";version=0.0.4;escaping=allow-utf-8;q=0.5,*/*;q=0.1"
	inNative = protobuf + ";proto=io.prometheus.client.MetricFamily;encoding=delimited;escaping=allow-utf-8;q=0.8," + inText
)

// Memory that pages take while they are read.
const (
	firstBuffer = 64 << 10
	largeBuffer = 1 << 20 // beyond that, few at once
	largeAtOnce = 4
	errorBody   = 4 << 10 // of an answer that is no page
)

// Asker asks for pages. It may be used by several goroutines; they share its
// buffers. The zero value is one without a bound on how many large pages are
// read at once.
type Asker struct {
	buffers   sync.Pool // *[]byte
	inflaters sync.Pool // *gzip.Reader
	large     chan struct{}
}

// NewAsker makes an Asker for many targets: pages of more than 1 MiB wait for
// each other, so that 256 at once take no more than 512 MiB.
func NewAsker() *Asker { return &Asker{large: make(chan struct{}, largeAtOnce)} }

// Answer is a page as it came, inflated. What it holds is untrusted, and stands
// until Release.
type Answer struct {
	Where string          // the address, for messages
	Type  string          // Content-Type as it was sent
	Form  string          // of an answer that was no page, and was made one: ByHand, Actuator
	Note  exposition.Note // what is odd of that; may be empty
	Body  []byte
	At    time.Time     // when the answer had come
	Took  time.Duration // from the question to that

	asker   *Asker
	buffer  []byte
	isLarge bool
}

// Ask asks for a page; in protobuf, if the far side can, where native is set.
// Its errors are *fleet.Error with a reason, and name the address; answers other
// than success wrap what web.Answer.Err has for them. The client sends what
// proves who we are and follows nothing; ctx has the deadline.
func (a *Asker) Ask(ctx context.Context, client *http.Client, url string, native bool) (*Answer, error) {
	accept := inText
	if native {
		accept = inNative
	}
	began := time.Now()
	stream, err := web.Open(ctx, client, web.Question{URL: url, Accept: accept, Packed: "gzip", Limit: MaxBytes})
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	from := stream.Head
	answer := &Answer{Where: from.Where, Type: from.Type, asker: a}
	err = a.read(ctx, answer, stream)
	if err == nil {
		err = translate(ctx, client, url, answer)
	}
	answer.At = time.Now()
	answer.Took = answer.At.Sub(began)
	if err != nil {
		answer.Release()
		return nil, err
	}
	return answer, nil
}

// read reads the body of an answer.
func (a *Asker) read(ctx context.Context, answer *Answer, stream *web.Stream) error {
	from, body := stream.Head, io.Reader(stream)
	switch from.Packed {
	case "", "identity":
	case "gzip", "x-gzip":
		inflater, err := a.inflate(body)
		if err != nil {
			return unpacked(ctx, from, err)
		}
		defer a.inflaters.Put(inflater)
		body = inflater
	default:
		return answer.Wrong(refused("it is packed with %q, which was not asked for", exposition.Clean(from.Packed)))
	}
	if !from.OK() {
		from.Body, _ = io.ReadAll(io.LimitReader(body, errorBody))
		return from.Err()
	}
	if kept, ok := a.buffers.Get().(*[]byte); ok {
		answer.buffer = (*kept)[:0]
	}
	for {
		if len(answer.buffer) == cap(answer.buffer) {
			if len(answer.buffer) > MaxBytes {
				return from.TooLong(MaxBytes)
			}
			if err := answer.grow(ctx); err != nil {
				return from.Failed(ctx, err)
			}
		}
		n, err := body.Read(answer.buffer[len(answer.buffer):cap(answer.buffer)])
		answer.buffer = answer.buffer[:len(answer.buffer)+n]
		switch {
		case errors.Is(err, io.EOF):
			answer.Body = answer.buffer
			return nil
		case err != nil:
			return unpacked(ctx, from, err)
		}
	}
}

// inflate takes a reader of gzip from the pool.
func (a *Asker) inflate(body io.Reader) (*gzip.Reader, error) {
	if inflater, ok := a.inflaters.Get().(*gzip.Reader); ok {
		return inflater, inflater.Reset(body)
	}
	return gzip.NewReader(body)
}

// unpacked tells a network that failed from an answer that is packed wrongly.
func unpacked(ctx context.Context, from *web.Answer, err error) error {
	if said := (*fleet.Error)(nil); errors.As(err, &said) {
		return err // the stream's own
	}
	if errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || from.Packed != "" && errors.Is(err, io.ErrUnexpectedEOF) {
		return &fleet.Error{Reason: probe.ReasonBody, Detail: from.Where + ": the packed answer is broken, or ends too early", Err: err}
	}
	return from.Failed(ctx, err)
}

// grow doubles the buffer; one that becomes large waits until it may.
func (a *Answer) grow(ctx context.Context) error {
	size := min(max(firstBuffer, 2*cap(a.buffer)), MaxBytes+1)
	if size > largeBuffer && !a.isLarge && a.asker.large != nil {
		select {
		case a.asker.large <- struct{}{}:
			a.isLarge = true
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	larger := make([]byte, len(a.buffer), size)
	copy(larger, a.buffer)
	a.buffer = larger
	return nil
}

// Release gives back what the answer is held in.
func (a *Answer) Release() {
	buffer := a.buffer
	if a.isLarge {
		<-a.asker.large
	} else if cap(buffer) > 0 && cap(buffer) <= largeBuffer {
		a.asker.buffers.Put(&buffer)
	}
	a.Body, a.buffer, a.isLarge = nil, nil, false
}

// Wrong puts the address before what is wrong with the page.
func (a *Answer) Wrong(err error) error {
	reason, text := fleet.ReasonOf(err)
	return &fleet.Error{Reason: reason, Detail: a.Where + ": " + text, Hint: fleet.HintOf(err), Err: err}
}

// refused says why an answer is no page of metrics.
func refused(format string, args ...any) error {
	return &fleet.Error{Reason: probe.ReasonBody, Detail: fmt.Sprintf(format, args...), Err: exposition.ErrOther}
}
