package jsonschema_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet/document/jsonschema"
)

type word string

func (word) Enum() []string { return []string{"up", "down"} }

type odd struct{}

func (odd) JSONSchema() map[string]any { return map[string]any{"type": "odd"} }

type inner struct {
	Name string `json:"name" doc:"a name"`
}

type outer struct {
	inner
	Yes    bool           `json:"yes"`
	Count  *int64         `json:"count"`
	Share  float64        `json:"share"`
	Word   word           `json:"word"`
	Maybe  *word          `json:"maybe"`
	List   []inner        `json:"list"`
	Map    map[string]int `json:"map"`
	Odd    odd            `json:"odd"`
	hidden int
}

// TestOf: every field is there and required, whatever its type; nothing that is
// not encoded is.
func TestOf(t *testing.T) {
	_ = outer{}.hidden
	got := jsonschema.Of(reflect.TypeFor[outer]())
	named := `{"type":"object","required":["name"],"properties":{"name":{"type":"string","description":"a name"}}}`
	want := `{"type":"object","required":["name","yes","count","share","word","maybe","list","map","odd"],"properties":{
		"name":{"type":"string","description":"a name"},"yes":{"type":"boolean","description":""},
		"count":{"anyOf":[{"type":"integer"},{"type":"null"}],"description":""},"share":{"type":"number","description":""},
		"word":{"type":"string","enum":["up","down"],"description":""},"maybe":{"anyOf":[{"type":"string","enum":["up","down"]},{"type":"null"}],"description":""},
		"list":{"type":"array","items":` + named + `,"description":""},"map":{"type":"object","additionalProperties":{"type":"integer"},"description":""},
		"odd":{"type":"odd","description":""}}}`
	var a, b any
	if err := json.Unmarshal([]byte(want), &a); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &b); err != nil || !reflect.DeepEqual(a, b) {
		t.Errorf("got %s\n%v", raw, err)
	}
}

// TestWhatNoDocumentHolds is a mistake of ours, found when the schema is made.
func TestWhatNoDocumentHolds(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a channel has a schema")
		}
	}()
	jsonschema.Of(reflect.TypeFor[chan int]())
}
