package probe_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// serverEnv makes the test binary a server of its own process, so that a
// benchmark counts the client's CPU only.
const serverEnv = "MIDWATCH_PROBE_TEST_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(serverEnv) != "" {
		if err := serveUntilEOF(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// serveUntilEOF prints its address and serves until standard input ends.
func serveUntilEOF() error {
	var lc net.ListenConfig
	ln, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(ln.Addr())
	go func() {
		_, _ = os.Stdin.Read(make([]byte, 1))
		_ = ln.Close()
	}()
	srv := &http.Server{Handler: http.HandlerFunc(up), ReadHeaderTimeout: time.Minute}
	_ = srv.Serve(ln)
	return nil
}
