// Package layout knows how libraries write services into etcd: what a key and
// its value say (wire reference A2). One layout a file, all of it pure.
package layout

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/midwatch-cli/midwatch/fleet"
)

// The layouts, by the names they have as options. Auto looks at each entry.
const (
	Auto   = "auto"
	Naming = "naming"
	Zero   = "go-zero"
	Kit    = "go-kit"
	Kratos = "kratos"
	Micro  = "go-micro"
	Kitex  = "kitex"
)

// Entry is what one key stands for. All texts in it are untrusted.
type Entry struct {
	Layout    string           // the layout it is written in
	Ref       fleet.Ref        // namespace and name only
	Instances []fleet.Instance // one, but for go-micro
	DependsOn []string         // names, as the owner wrote them
}

// ErrForeign says that a value is of none of the layouts.
var ErrForeign = errors.New("its value is of no layout known here")

// Decode reads a key below prefix and its value in the layout of a name; Auto
// looks for the one that fits. Its errors say why the entry cannot be read, and
// may repeat parts of it.
func Decode(name, prefix, key string, value []byte) (Entry, error) {
	if !utf8.ValidString(key) || !utf8.ValidString(prefix) { // which could cut a letter in two
		return Entry{}, errors.New("the key is not UTF-8")
	}
	at, ok := placeOf(prefix, key)
	if !ok {
		return Entry{}, errors.New("the key has no part for a service and one for an instance")
	}
	if name == Auto {
		if name = look(at, value); name == "" {
			return Entry{}, ErrForeign
		}
	}
	e := Entry{Layout: name, Ref: fleet.Ref{Namespace: at.namespace, Name: at.service}}
	var err error
	switch name {
	case Naming:
		err = e.naming(value)
	case Zero:
		err = e.zero(at, value)
	case Kit:
		err = e.kit(value)
	case Kratos:
		err = e.kratos(at, value)
	case Micro:
		err = e.micro(value)
	case Kitex:
		err = e.kitex(value)
	default:
		err = fmt.Errorf("no layout is called %q", name)
	}
	if err != nil {
		return Entry{}, errors.New(Short(err.Error()))
	}
	return e, nil
}

// Short cuts a text that may be as long as a value, which is a MiB, to what a
// message can hold.
func Short(s string) string {
	const most = 300
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}

// look finds the layout a value is written in: their shapes do not overlap.
func look(at place, value []byte) string {
	value = bytes.TrimSpace(value)
	if len(value) == 0 {
		return ""
	}
	if value[0] != '{' {
		return lookPlain(at, string(value))
	}
	var keys map[string]json.RawMessage
	if json.Unmarshal(value, &keys) != nil {
		return ""
	}
	has := func(key string) bool { _, ok := keys[key]; return ok }
	switch {
	case has("Addr"):
		return Naming
	case has("nodes"):
		return Micro
	case has("network") && has("address"):
		return Kitex
	case has("id") && has("name") && has("endpoints"):
		return Kratos
	}
	return ""
}

// lookPlain tells the two layouts apart whose values are plain text.
func lookPlain(at place, text string) string {
	if CheckAddr(text) == nil && isLease(at.last) {
		return Zero
	}
	if addr, _, err := parseURL(text); err == nil && addr != "" {
		return Kit
	}
	return ""
}

// isLease says whether a segment can be the id of a lease, or the number given
// in its place.
func isLease(s string) bool {
	_, err := strconv.ParseUint(s, 10, 64)
	return err == nil
}

// CheckAddr says what is wrong with an address, which has to be host:port.
func CheckAddr(addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || host == "" || strings.ContainsAny(host, " /@\\\"'<>?#") || !Printable(host) {
		return fmt.Errorf("%q is not an address", addr)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 || port[0] == '+' {
		return fmt.Errorf("%q has no port from 1 to 65535", addr)
	}
	return nil
}

// Printable says whether a text has no control characters and is UTF-8.
func Printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == utf8.RuneError })
}

// metadata is what a value says of an instance beside its address.
type metadata map[string]string

// flatten reads a JSON object with values of any kind into texts. Null and
// absent are nothing; a value that is no object stands under "metadata".
func flatten(raw json.RawMessage) metadata {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) != nil {
		return metadata{"metadata": text(raw)}
	}
	m := make(metadata, len(object))
	for key, value := range object {
		if string(bytes.TrimSpace(value)) != "null" {
			m[key] = text(value)
		}
	}
	return m
}

// text is a JSON string's content, or any other JSON value as written.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return string(raw)
	}
	return b.String()
}

// own reads one of our keys, which may carry our prefix.
func (m metadata) own(key string) string {
	if v := m["midwatch_"+key]; v != "" {
		return v
	}
	return m[key]
}

// describe fills in what metadata says of an instance.
func (m metadata) describe(in *fleet.Instance) {
	if len(m) == 0 {
		return
	}
	in.Labels = m
	in.Zone = m.own("zone")
	if v := m.own("version"); v != "" {
		in.Version = v
	}
	if n, err := strconv.Atoi(m.own("weight")); err == nil && n >= 0 {
		in.Weight = n
	}
}

// dependsOn are the names an owner wrote down, by commas.
func (m metadata) dependsOn() (names []string) {
	for name := range strings.SplitSeq(m.own("depends_on"), ",") {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return names
}
