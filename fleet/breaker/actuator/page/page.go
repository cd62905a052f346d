// Package page says what the pages of Spring Boot's actuator mean, as far as
// circuit breakers go: Resilience4j 1.x and 2.x on Boot 2 and 3, Spring Cloud's
// serviceregistry, and the instances of a Spring Boot Admin server. It does no
// I/O and believes nothing: what it does not know it passes over, and what is
// not the page that was asked for is an error.
//
// The breaker pages are written with the application's own JSON mapper, so their
// keys come in any case style: keys are compared ignoring case, _ and -. Names
// of breakers are data and are taken as they are.
//
// Wire: /actuator/circuitbreakers, circuitbreakerevents, health, serviceregistry
// and the index, as recorded from Resilience4j 1.7.1 and 2.4.0; the recordings
// are in the adapter's testdata/wire.
package page

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// maxLine bounds what is quoted of the far side's words.
const maxLine = 160

// errNoObject is what is wrong with a page that is no JSON object.
var errNoObject = errors.New("it is no JSON object")

// object is a JSON object by its keys, folded. Of keys that fold alike the first
// in alphabetical order stays.
type object map[string]json.RawMessage

// readObject reads a JSON object.
func readObject(data []byte) (object, error) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return nil, fmt.Errorf("%w: %w", errNoObject, err)
	}
	if raw == nil {
		return nil, errNoObject
	}
	out := make(object, len(raw))
	for _, key := range slices.Sorted(maps.Keys(raw)) {
		if folded := fold(key); out[folded] == nil {
			out[folded] = raw[key]
		}
	}
	return out, nil
}

// fold makes one key of all the ways to write it: circuit_breakers,
// circuit-breakers, CircuitBreakers.
func fold(key string) string {
	plain := func(r rune) rune {
		if r == '_' || r == '-' {
			return -1
		}
		return unicode.ToLower(r)
	}
	return strings.Map(plain, key)
}

// text is a member that is a string; empty where it is none.
func (o object) text(key string) string {
	var s *string
	if json.Unmarshal(o[key], &s) != nil || s == nil {
		return ""
	}
	return *s
}

// isObject and isArray say what a raw value is, without reading it.
func isObject(raw json.RawMessage) bool { return first(raw) == '{' }
func isArray(raw json.RawMessage) bool  { return first(raw) == '[' }

func first(raw json.RawMessage) byte {
	if raw = bytes.TrimLeft(raw, " \t\r\n"); len(raw) > 0 {
		return raw[0]
	}
	return 0
}

// Line makes one short line of the far side's words, without control characters.
func Line(s string) string {
	// What is cut off is not looked at; a page may have megabytes.
	long := len(s) > 4*maxLine
	s = strings.ToValidUTF8(s[:min(len(s), 4*maxLine)], "")
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if len(s) <= maxLine && !long {
		return s
	}
	return strings.ToValidUTF8(s[:min(len(s), maxLine)], "") + "..."
}
