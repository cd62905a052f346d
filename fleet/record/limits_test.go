package record

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/midwatch-cli/midwatch/fleet/record/line"
)

// TestBounds: a line without end, and a file that would fill the machine, are
// refused with what they would take bounded.
func TestBounds(t *testing.T) {
	head := string((&line.Header{Contexts: []string{""}}).Append(nil)) + "\n"
	long := head + `{"kind":"Weather","rain":"` + strings.Repeat("x", 1<<20)
	many := head + strings.Repeat(`{"kind":"Weather"}`+"\n", 1<<16)
	zip, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = zip.Close() }()
	for _, packed := range []bool{false, true} {
		for _, tt := range []struct {
			text string
			l    limits
			line int
			says string
		}{
			{long + "\"}\n", limits{1 << 16, MaxTotal}, 2, "the line is too long"},
			{long, limits{1 << 16, MaxTotal}, 2, "the line is too long"},
			{long + "\"}\n", limits{MaxLine, MaxTotal}, 0, ""},
			{many, limits{1 << 16, 1 << 18}, -1, "it holds more than 262144 bytes"},
			{many, limits{1 << 16, MaxTotal}, 0, ""},
		} {
			data := []byte(tt.text)
			if packed {
				data = zip.EncodeAll(data, nil)
			}
			path := filepath.Join(t.TempDir(), "a")
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			r, err := open(path, tt.l)
			if tt.says == "" {
				if err != nil {
					t.Errorf("%v", err)
					continue
				}
				_ = r.Close()
				continue
			}
			var e *Error
			if !errors.As(err, &e) || tt.line >= 0 && e.Line != tt.line || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("packed %v: %v, want line %d, %q", packed, err, tt.line, tt.says)
			}
		}
	}
}
