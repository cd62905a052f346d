package match

import (
	"errors"
	"net"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// CheckAddress says what is wrong with host:port as somebody typed it.
func CheckAddress(addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return errors.New("is not host:port")
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return errors.New("its port is not one of 1 to 65535")
	}
	if host == "" {
		return errors.New("has no host")
	}
	return CheckName(host)
}

// CheckName says what is wrong with a name that is to be written into a
// registry: keys are made of it.
func CheckName(name string) error {
	switch {
	case name == "":
		return errors.New("is empty")
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) || unicode.IsSpace(r) }):
		return errors.New("has characters that cannot be in a name")
	case strings.ContainsAny(name, "/?*"):
		return errors.New("a name has no slash, ? or *")
	}
	return nil
}
