package file_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet/registry/file"
)

// BenchmarkDecode reads 10,000 instances in each layout.
func BenchmarkDecode(b *testing.B) {
	const n = 10_000
	var yaml, json strings.Builder
	yaml.WriteString("services:\n")
	json.WriteString("[")
	for i := range n {
		if i%100 == 0 {
			fmt.Fprintf(&yaml, "  - name: s%d\n    instances:\n", i/100)
			if i > 0 {
				json.WriteString("]},")
			}
			fmt.Fprintf(&json, `{"labels":{"job":"s%d"},"targets":[`, i/100)
		} else {
			json.WriteString(",")
		}
		fmt.Fprintf(&yaml, "      - {id: i%d, address: \"10.0.%d.%d:80\", zone: a}\n", i, i/250, i%250)
		fmt.Fprintf(&json, `"10.0.%d.%d:80"`, i/250, i%250)
	}
	json.WriteString("]}]")
	for name, text := range map[string]string{"fleet.yaml": yaml.String(), "targets.json": json.String()} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if services, _, err := file.Decode(name, "auto", []byte(text)); err != nil || len(services) != n/100 {
					b.Fatal(len(services), err)
				}
			}
		})
	}
}
