package fleet

import (
	"fmt"
	"io"
	"strings"
)

// Secret is a credential's value. It prints as *** in every way fmt and
// encoding/json know; Reveal is the only way to it.
type Secret struct{ value string }

// NewSecret wraps a value.
func NewSecret(value string) Secret { return Secret{value: value} }

// Reveal returns the value, for the one place that sends it.
func (s Secret) Reveal() string { return s.value }

// IsZero says that there is no secret.
func (s Secret) IsZero() bool { return s.value == "" }

// String hides the value.
func (s Secret) String() string {
	if s.value == "" {
		return ""
	}
	return "***"
}

// Format hides the value from every verb of fmt, %#v too.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText hides the value from encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// SecretRef says where a secret is to be found. It holds no secret and may be
// shown. At most one field is set.
type SecretRef struct {
	Env  string   // name of an environment variable
	File string   // path of a file; a final newline is not part of the secret
	Cmd  []string // a program and its arguments, never a shell; its standard output is the secret
}

// IsZero says that nothing is referred to.
func (r SecretRef) IsZero() bool { return r.Env == "" && r.File == "" && len(r.Cmd) == 0 }

// String is the reference as it is written in configuration.
func (r SecretRef) String() string {
	switch {
	case r.Env != "":
		return "env:" + r.Env
	case r.File != "":
		return "file:" + r.File
	case len(r.Cmd) > 0:
		return "cmd:" + strings.Join(r.Cmd, " ")
	}
	return ""
}

// ParseSecretRef reads env:NAME and file:PATH. A command has its arguments in a
// list and can only be written in the configuration file. A literal secret is
// an error that does not repeat it.
func ParseSecretRef(s string) (SecretRef, error) {
	switch kind, rest, ok := strings.Cut(s, ":"); {
	case s == "":
		return SecretRef{}, nil
	case ok && kind == "env" && rest != "":
		return SecretRef{Env: rest}, nil
	case ok && kind == "file" && rest != "":
		return SecretRef{File: rest}, nil
	}
	return SecretRef{}, fmt.Errorf("a secret is given by reference only: env:NAME or file:PATH")
}
