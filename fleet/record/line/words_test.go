package line

import (
	"encoding/json"
	"testing"
)

// TestWords: whatever Go's numbers are, lines have words, and no other word is
// taken.
func TestWords(t *testing.T) {
	for _, v := range []any{new(status), new(outcome), new(word), new(breakerState)} {
		if err := json.Unmarshal([]byte(`"splendid"`), v); err == nil {
			t.Errorf("%T takes a word nobody knows", v)
		}
		if err := json.Unmarshal([]byte(`3`), v); err == nil {
			t.Errorf("%T takes a number", v)
		}
	}
}
