package match_test

import (
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet/match"
)

func TestCheckName(t *testing.T) {
	for name, want := range map[string]string{
		"payment": "", "payment-2": "", "zahlung-größe": "", "支付": "", "a.b_c:9": "", "10.0.0.1:80": "", strings.Repeat("x", 300): "",
		"":           "is empty",
		"a b":        "has characters that cannot be in a name",
		"a\u00a0b":   "has characters that cannot be in a name",
		"a\nb":       "has characters that cannot be in a name",
		"a\x1b[2J":   "has characters that cannot be in a name",
		"a\x00":      "has characters that cannot be in a name",
		"a\xff":      "has characters that cannot be in a name",
		"a\u202eb":   "has characters that cannot be in a name",
		"shop/pay":   "a name has no slash, ? or *",
		"/":          "a name has no slash, ? or *",
		"../etc":     "a name has no slash, ? or *",
		"pay*":       "a name has no slash, ? or *",
		"pay?x=1":    "a name has no slash, ? or *",
		"pay\u200bx": "has characters that cannot be in a name",
	} {
		if got := said(match.CheckName(name)); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestCheckAddress(t *testing.T) {
	for address, want := range map[string]string{
		"127.0.0.1:80": "", "[::1]:65535": "", "pay.example:1": "", "[fe80::1%eth0]:80": "", "größe.example:80": "",
		"":                "is not host:port",
		"pay":             "is not host:port",
		"::1:80":          "is not host:port",
		"pay:80:80":       "is not host:port",
		"http://pay:80":   "is not host:port",
		":80":             "has no host",
		"pay:":            "its port is not one of 1 to 65535",
		"pay:0":           "its port is not one of 1 to 65535",
		"pay:65536":       "its port is not one of 1 to 65535",
		"pay:-1":          "its port is not one of 1 to 65535",
		"pay:http":        "its port is not one of 1 to 65535",
		"pay:80 ":         "its port is not one of 1 to 65535",
		"pay:99999999999": "its port is not one of 1 to 65535",
		"p ay:80":         "has characters that cannot be in a name",
		"pay\n:80":        "has characters that cannot be in a name",
		"a/b:80":          "a name has no slash, ? or *",
		"*:80":            "a name has no slash, ? or *",
	} {
		if got := said(match.CheckAddress(address)); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
}

func said(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
