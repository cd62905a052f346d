package grpchealth_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/midwatch-cli/midwatch/probe/grpchealth"
	"github.com/midwatch-cli/midwatch/probe/probetest"
)

// framed is a far side written frame by frame: it begins as HTTP/2 does, and
// script answers each stream that is opened; without one it hangs up.
func framed(t *testing.T, script func(f *http2.Framer, stream uint32), settings ...http2.Setting) *grpchealth.Client {
	t.Helper()
	address := probetest.Raw(t, func(c net.Conn) {
		if _, err := io.ReadFull(c, make([]byte, len(http2.ClientPreface))); err != nil {
			return
		}
		f := http2.NewFramer(c, c)
		_ = f.WriteSettings(settings...)
		for {
			frame, err := f.ReadFrame()
			if err != nil {
				return
			}
			if h, ok := frame.(*http2.HeadersFrame); ok {
				if script == nil {
					return
				}
				script(f, h.StreamID)
			}
		}
	})
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	client, err := grpchealth.Open(conn, grpchealth.Options{Authority: "orders.example"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// head writes a block of header fields.
func head(f *http2.Framer, stream uint32, end bool, pairs ...string) {
	var b bytes.Buffer
	enc := hpack.NewEncoder(&b)
	for i := 0; i < len(pairs); i += 2 {
		_ = enc.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]})
	}
	block := b.Bytes()
	first := block[:min(len(block), 16<<10)]
	_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: first, EndHeaders: len(first) == len(block), EndStream: end})
	for block = block[len(first):]; len(block) > 0; {
		next := block[:min(len(block), 16<<10)]
		block = block[len(next):]
		_ = f.WriteContinuation(stream, len(block) == 0, next)
	}
}

var (
	spoken = []string{":status", "200", "content-type", "application/grpc"}
	well   = []byte{0, 0, 0, 0, 2, 8, 1} // a message: SERVING
)

// TestFrames: what a server can do wrong with its streams. Whatever it is, an
// error comes, soon, and it tells the server's word from the connection's.
func TestFrames(t *testing.T) {
	goAway := func(code http2.ErrCode, text string) func(*http2.Framer, uint32) {
		return func(f *http2.Framer, _ uint32) { _ = f.WriteGoAway(0, code, []byte(text)) }
	}
	reset := func(code http2.ErrCode) func(*http2.Framer, uint32) {
		return func(f *http2.Framer, stream uint32) { _ = f.WriteRSTStream(stream, code) }
	}
	only := func(pairs ...string) func(*http2.Framer, uint32) {
		return func(f *http2.Framer, stream uint32) { head(f, stream, true, pairs...) }
	}
	message := func(b []byte, trailer ...string) func(*http2.Framer, uint32) {
		return func(f *http2.Framer, stream uint32) {
			head(f, stream, false, spoken...)
			_ = f.WriteData(stream, false, b)
			head(f, stream, true, trailer...)
		}
	}
	proxy := "unexpected HTTP status code received from server: "
	for _, c := range []struct {
		name   string
		script func(*http2.Framer, uint32)
		want   string // what is said; "foreign" and how it begins; or "closed"
	}{
		{"well", message(well, "grpc-status", "0"), "SERVING"},
		{"a word, then an error", message(well, "grpc-status", "14", "grpc-message", "later"), "UNAVAILABLE: later"},

		{"it is told to go", goAway(http2.ErrCodeNo, ""), "closed"},
		{"it is told to calm down", goAway(http2.ErrCodeEnhanceYourCalm, "too_many_pings"), "closed"},
		{"hung up", nil, "closed"},

		{"refused", reset(http2.ErrCodeRefusedStream), "UNAVAILABLE: stream terminated by RST_STREAM with error code: REFUSED_STREAM"},
		{"a handler that panicked", reset(http2.ErrCodeInternal), "INTERNAL: stream terminated by RST_STREAM with error code: INTERNAL_ERROR"},
		{"reset for no reason", reset(http2.ErrCodeNo), "INTERNAL: stream terminated by RST_STREAM with error code: NO_ERROR"},
		{"reset, too often", reset(http2.ErrCodeEnhanceYourCalm), "RESOURCE_EXHAUSTED: stream terminated by RST_STREAM with error code: ENHANCE_YOUR_CALM"},
		{"cancelled over there", reset(http2.ErrCodeCancel), "CANCELLED: stream terminated by RST_STREAM with error code: CANCEL"},
		{"HTTP/1.1 is wanted", reset(http2.ErrCodeHTTP11Required), "foreign stream terminated by RST_STREAM with error code: HTTP_1_1_REQUIRED"},
		{"our protocol is wrong", reset(http2.ErrCodeProtocol), "foreign stream terminated by RST_STREAM with error code: PROTOCOL_ERROR"},

		{"400", only(":status", "400"), "foreign " + proxy + "400"},
		{"401", only(":status", "401"), "UNAUTHENTICATED: " + proxy + "401"},
		{"403", only(":status", "403"), "PERMISSION_DENIED: " + proxy + "403"},
		{"404", only(":status", "404", "content-type", "text/html"), "UNIMPLEMENTED: " + proxy + "404"},
		{"418", only(":status", "418"), "foreign " + proxy + "418"},
		{"429", only(":status", "429"), "RESOURCE_EXHAUSTED: " + proxy + "429"},
		{"500", only(":status", "500"), "UNKNOWN: " + proxy + "500"},
		{"501", only(":status", "501"), "foreign " + proxy + "501"},
		{"502", only(":status", "502"), "UNAVAILABLE: " + proxy + "502"},
		{"503", only(":status", "503"), "UNAVAILABLE: " + proxy + "503"},
		{"504", only(":status", "504"), "UNAVAILABLE: " + proxy + "504"},
		{"302", only(":status", "302", "location", "https://login.example/?token=s3cr3t"), "foreign " + proxy + "302"},
		{"200 and nothing", only(":status", "200"), "foreign " + proxy + "200"},
		{"gRPC for browsers", only(":status", "200", "content-type", "application/grpc-web", "grpc-status", "5"), "foreign " + proxy + "200"},
		{"gRPC in JSON", only(":status", "200", "content-type", "application/grpc+json", "grpc-status", "5"), "NOT_FOUND"},
		{"gRPC's own word under 503", only(":status", "503", "content-type", "application/grpc", "grpc-status", "8", "grpc-message", "full"), "RESOURCE_EXHAUSTED: full"},

		{"no status", only(append(spoken, "x", "y")...), "UNKNOWN"},
		{"a status in words", only(append(spoken, "grpc-status", "OK")...), "foreign transport: malformed grpc-status"},
		{"well, but no message", only(append(spoken, "grpc-status", "0")...), "INTERNAL: cardinality violation"},
		{"escapes", only(append(spoken, "grpc-status", "13", "grpc-message", "100%25%0a%1b[2J%zz")...), "INTERNAL: 100%\n\x1b[2J%zz"},
		{"broken protobuf", message([]byte{0, 0, 0, 0, 1, 8}, "grpc-status", "0"), "INTERNAL: grpc: failed to unmarshal"},
		{"compressed by nothing", message([]byte{1, 0, 0, 0, 2, 8, 1}, "grpc-status", "0"), "INTERNAL: grpc: compressed flag set"},
		{"two messages", message(append(append([]byte{}, well...), well...), "grpc-status", "0"), "foreign cardinality violation"},
		{"half a message", message(well[:6], "grpc-status", "0"), "INTERNAL: unexpected EOF"},
		{"data before headers", func(f *http2.Framer, stream uint32) { _ = f.WriteData(stream, true, well) }, "foreign server closed the stream without sending trailers"},

		{"headers of 10 kB", only(append(spoken, "x-much", strings.Repeat("x", 10<<10), "grpc-status", "5")...), "NOT_FOUND"},
		{"headers of 100 kB", only(append(spoken, "x-much", strings.Repeat("x", 100<<10), "grpc-status", "5")...), "foreign error reading from server: connection error"},
		{"a broken frame", func(f *http2.Framer, _ uint32) { _ = f.WriteRawFrame(http2.FramePing, 0, 0, []byte("x")) }, "foreign error reading from server: connection error: FRAME_SIZE_ERROR"},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := framed(t, c.script)
			ctx := within(t)
			said, err := client.Check(ctx, "orders")
			if got := ending(said, err); !strings.HasPrefix(got, c.want) || !client.Answered() || ctx.Err() != nil {
				t.Errorf("%s (%T), want %s", got, err, c.want)
			}
			// There is no second connection, and nobody waits for one.
			if _, err := client.Check(ctx, "orders"); c.want == "closed" && (err == nil || ctx.Err() != nil) {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

// ending is how a question ended, in a word.
func ending(said grpchealth.Said, err error) string {
	var told *grpchealth.Error
	var foreign *grpchealth.Foreign
	switch {
	case err == nil:
		return said.Word
	case errors.As(err, &told):
		return told.Error()
	case errors.As(err, &foreign):
		return "foreign " + foreign.Error()
	}
	for _, end := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, end) {
			return "closed"
		}
	}
	return err.Error()
}

// TestNoStreams: a server that lets nobody ask is waited for as long as there is
// time, and no longer.
func TestNoStreams(t *testing.T) {
	client := framed(t, func(*http2.Framer, uint32) { t.Error("it was asked all the same") }, http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 0})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := client.Check(ctx, ""); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

// TestSchemeOfTheCall: https over a connection that somebody secured, so that a
// server behind a proxy knows.
func TestSchemeOfTheCall(t *testing.T) {
	for secure, want := range map[bool]string{true: "https", false: "http"} {
		scheme := make(chan string, 1)
		near, far := net.Pipe()
		client, err := grpchealth.Open(near, grpchealth.Options{Authority: "orders.example", Secure: secure})
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, _ = io.ReadFull(far, make([]byte, len(http2.ClientPreface)))
			f := http2.NewFramer(far, far)
			f.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
			go func() { _ = f.WriteSettings() }()
			for {
				frame, err := f.ReadFrame()
				if err != nil {
					return
				}
				if h, ok := frame.(*http2.MetaHeadersFrame); ok {
					scheme <- h.PseudoValue("scheme")
				}
			}
		}()
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			if got := <-scheme; got != want {
				t.Errorf("secure %v: the scheme is %q", secure, got)
			}
			cancel()
		}()
		if _, err := client.Check(ctx, ""); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
		_ = client.Close()
		_ = far.Close()
		<-done
	}
}
