package data

import (
	"bytes"
	"testing"
)

// Whatever stands beyond ~ is found, wherever it is among eight bytes and beside
// whatever other.
func TestSuspect(t *testing.T) {
	for at := range 19 {
		for c := range 256 {
			for _, beside := range []byte{'a', '~'} {
				b := bytes.Repeat([]byte{beside}, 19)
				b[at] = byte(c)
				if suspect(b) != (c > '~') {
					t.Fatalf("%q: suspect is %v", b, suspect(b))
				}
			}
		}
	}
	if !suspect([]byte("a##b")) || suspect([]byte("a#b#c")) {
		t.Error("two hashes in a row are suspect, and one is not")
	}
}
