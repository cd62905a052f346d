package fleet_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
)

// TestReasonsAreAllOfThem: every reason that stands in the code is in the closed
// list, and nothing else is: --ignore and findings know no others.
func TestReasonsAreAllOfThem(t *testing.T) {
	var declared []string
	for _, file := range []string{"status.go", "../probe/probe.go"} {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(spec.Names[0].Name, "Reason") && len(spec.Values) == 1 {
				if lit, ok := spec.Values[0].(*ast.BasicLit); ok {
					word, _ := strconv.Unquote(lit.Value)
					declared = append(declared, word)
				}
			}
			return true
		})
	}
	declared = slices.DeleteFunc(declared, func(word string) bool { return word == "" }) // ReasonNone
	slices.Sort(declared)
	if got := fleet.Reasons(); !slices.Equal(got, declared) {
		t.Errorf("the list is  %q\ndeclared are %q", got, declared)
	}
	for _, word := range declared {
		if !fleet.IsReason(word) {
			t.Errorf("%s is no reason", word)
		}
	}
	for _, word := range []string{"", "Timeout", "time", "timeouts", "zzz", "a", "down", "no such thing"} {
		if fleet.IsReason(word) {
			t.Errorf("%q is a reason", word)
		}
	}
}
