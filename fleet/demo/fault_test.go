package demo_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/demo"
	"github.com/midwatch-cli/midwatch/fleet/registry"
)

func TestParseFault(t *testing.T) {
	for text, want := range map[string]demo.Fault{
		"payment:errors=40%":      {Service: "payment", Kind: demo.Errors, Rate: 0.4},
		"payment:errors=0.5%":     {Service: "payment", Kind: demo.Errors, Rate: 0.005},
		"gateway#1:errors=100%":   {Service: "gateway", Instance: 1, Kind: demo.Errors, Rate: 1},
		"order#2:latency=800ms":   {Service: "order", Instance: 2, Kind: demo.Latency, Latency: 800 * time.Millisecond},
		"order#2:latency=1.5s":    {Service: "order", Instance: 2, Kind: demo.Latency, Latency: 1500 * time.Millisecond},
		"user#1:hang":             {Service: "user", Instance: 1, Kind: demo.Hang},
		"inventory#1:crash":       {Service: "inventory", Instance: 1, Kind: demo.Crash},
		"payment#3:latency=250µs": {Service: "payment", Instance: 3, Kind: demo.Latency, Latency: 250 * time.Microsecond},
	} {
		got, err := demo.ParseFault(text)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", text, got, err, want)
			continue
		}
		if again, err := demo.ParseFault(got.String()); err != nil || again != got {
			t.Errorf("%s is written %s and read back as %+v, %v", text, got, again, err)
		}
	}
}

func TestParseFaultRefuses(t *testing.T) {
	for text, want := range map[string][2]string{
		"":                        {"want a service and what is wrong with it", "write SERVICE[#N]:KIND"},
		"payment":                 {"want a service", "payment:errors=40%"},
		"payment:":                {"want a service", ""},
		":hang":                   {"want a service", ""},
		"paymnet:hang":            {`no service is called "paymnet"`, "did you mean payment?"},
		"zzz:hang":                {`no service is called "zzz"`, "there are: gateway, inventory, order, payment, user"},
		"payment-2:hang":          {`no service is called "payment-2"`, "did you mean payment#2?"},
		"payment#4:hang":          {`there is no instance "4"`, "payment has the instances #1 to #3"},
		"payment#0:hang":          {`there is no instance "0"`, "#1 to #3"},
		"payment#:hang":           {`there is no instance ""`, ""},
		"payment#two:hang":        {`there is no instance "two"`, ""},
		"payment:hagn":            {`no fault is called "hagn"`, "did you mean hang?"},
		"payment:explode":         {`no fault is called "explode"`, "there are: errors=40%"},
		"payment:hang=yes":        {"hang takes no value", "write payment:hang"},
		"payment#2:crash=":        {"crash takes no value", "write payment#2:crash"},
		"payment:errors":          {`"" is not a share`, "write errors=40%"},
		"payment:errors=40":       {`"40" is not a share`, "write errors=40%"},
		"payment:errors=0%":       {"is not a share above 0% and up to 100%", ""},
		"payment:errors=101%":     {"is not a share", ""},
		"payment:errors=NaN%":     {"is not a share", ""},
		"payment:errors=many%":    {"is not a share", ""},
		"payment:latency":         {`"" is not a delay`, "write latency=800ms"},
		"payment:latency=800":     {`"800" is not a delay`, "write latency=800ms"},
		"payment:latency=-1s":     {"is not a delay above 0 and up to 1m0s", ""},
		"payment:latency=2m":      {"is not a delay", ""},
		"payment:errors=40%:hang": {"is not a share", ""},
	} {
		got, err := demo.ParseFault(text)
		var said *fleet.Error
		if !errors.As(err, &said) || !errors.Is(err, registry.ErrConfig) {
			t.Errorf("%q: %+v, %v", text, got, err)
			continue
		}
		if !strings.Contains(said.Detail, want[0]) || !strings.Contains(said.Hint, want[1]) {
			t.Errorf("%q: %q, hint %q; want %q, %q", text, said.Detail, said.Hint, want[0], want[1])
		}
	}
}

func FuzzParseFault(f *testing.F) {
	for _, s := range []string{"payment:errors=40%", "order#2:latency=800ms", "user#1:hang", "inventory#1:crash", "a#:b=%", "user:errors=1e-9%"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		fault, err := demo.ParseFault(s)
		if err != nil {
			return
		}
		again, err := demo.ParseFault(fault.String())
		if err != nil {
			t.Fatalf("%q is written %q, which is refused: %v", s, fault, err)
		}
		if again.Kind != fault.Kind || again.Service != fault.Service || again.Instance != fault.Instance || again.Latency != fault.Latency {
			t.Errorf("%q is written %q and read back as %+v", s, fault, again)
		}
	})
}
