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
	"errors"
	"strings"
	"unicode"

	"github.com/midwatch-cli/midwatch/probe/health/rawjson"
)

// maxLine bounds what is quoted of the far side's words.
const maxLine = 160

var (
	errNoJSON   = errors.New("it is no JSON")
	errNoObject = errors.New("it is no JSON object")
)

// object is a JSON object whose keys may be in any case style. Of keys that are
// alike the first in alphabetical order counts.
type object rawjson.Object

// read reads a document.
func read(data []byte) (rawjson.Value, error) {
	doc, ok := rawjson.Parse(data)
	if !ok {
		return "", errNoJSON // what stands there is not to be touched
	}
	return doc, nil
}

// readObject reads a document that is an object.
func readObject(data []byte) (object, error) {
	doc, err := read(data)
	if err != nil {
		return nil, err
	}
	o, ok := doc.Object()
	if !ok {
		return nil, errNoObject
	}
	return object(o), nil
}

// inside is a value that is an object; nil where it is none.
func inside(v rawjson.Value) object {
	o, _ := v.Object()
	return object(o)
}

// get is a member by its key without case, dashes and the like; empty where
// there is none.
func (o object) get(key string) rawjson.Value {
	for i := range o {
		if alike(o[i].Name, key) {
			return o[i].Value
		}
	}
	return ""
}

// alike says whether a key is written in some case style of a plain one:
// circuit_breakers, circuit-breakers, CircuitBreakers of circuitbreakers.
func alike(key, plain string) bool {
	at := 0
	for i := range len(key) {
		c := key[i]
		if c == '_' || c == '-' || c == '.' {
			continue
		}
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if at == len(plain) || plain[at] != c {
			return false
		}
		at++
	}
	return at == len(plain)
}

// text is a member that is a string; empty where it is none. It is a copy, so
// that it does not keep the page.
func (o object) text(key string) string {
	s, _ := o.get(key).Text()
	return strings.Clone(s)
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
