package cmd_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/midwatch-cli/midwatch"

// The import policy: who may import whom inside the module. A pattern is a
// package path below the module; "/**" at its end means the package and all
// below it. A package without a rule fails. Do not loosen a rule to get a
// build through: move the code.
var rules = []struct {
	pkg  string   // pattern of the importing package
	may  []string // patterns of what it may import; its own package is always allowed
	test []string // what its tests may import besides
}{
	{pkg: ".", may: []string{"cmd"}},
	{pkg: "cmd", may: []string{"cmd/*", "tui", "fleet/**", "probe"}, test: []string{"**"}},
	{pkg: "cmd/app/build", may: nil},
	{pkg: "cmd/app", may: []string{"cmd/app/build", "cmd/render", "cmd/term", "fleet/**", "probe"}, test: []string{"cmd/**"}},
	{pkg: "cmd/term", may: []string{"fleet/plain"}},
	{pkg: "cmd/render/data", may: []string{"fleet/document", "cmd/term"}, test: []string{"fleet/**"}},
	{pkg: "cmd/render/report", may: []string{"cmd/render/data", "cmd/term", "fleet", "fleet/gate", "fleet/metrics", "fleet/metrics/observed", "probe"}, test: []string{"fleet/**"}},
	{pkg: "cmd/render/chart", may: []string{"cmd/term", "fleet/metrics"}},
	{pkg: "cmd/render", may: []string{"cmd/render/*", "cmd/term", "fleet", "fleet/document", "fleet/gate", "fleet/metrics", "probe", "probe/health"}, test: []string{"fleet/selection", "fleet/judge", "fleet/document/kinds", "fleet/metrics/observed"}},
	{pkg: "cmd/write/screen", may: []string{"cmd/render", "cmd/term", "fleet", "fleet/change"}, test: []string{"cmd/**"}},
	{pkg: "cmd/write", may: []string{"cmd/app", "cmd/write/screen", "cmd/render", "cmd/term", "fleet/**"}, test: []string{"cmd/**"}},
	{pkg: "cmd/write/proposal", may: []string{"cmd/app", "cmd/write", "cmd/write/screen", "fleet/**"}, test: []string{"cmd/**"}},
	{pkg: "cmd/measure", may: []string{"cmd/app", "cmd/render", "cmd/term", "fleet/**", "probe"}, test: []string{"cmd/**"}},
	{pkg: "cmd/top", may: []string{"cmd/app", "cmd/render/data", "cmd/term", "cmd/write", "cmd/write/proposal", "cmd/write/screen", "fleet/**", "tui", "tui/desk", "tui/outside", "tui/page", "tui/tape", "tui/theme"}, test: []string{"cmd/**"}},
	{pkg: "cmd/condition", may: []string{"cmd/app", "cmd/measure", "cmd/term", "fleet/**"}, test: []string{"cmd/**"}},
	{pkg: "cmd/*", may: []string{"cmd/app", "cmd/condition", "cmd/measure", "cmd/write", "cmd/write/proposal", "cmd/write/screen", "cmd/render", "cmd/render/chart", "cmd/term", "fleet/**", "probe"}, test: []string{"cmd/**"}},

	{pkg: "tui/history", may: []string{"fleet", "probe"}},
	{pkg: "tui/theme", may: []string{"fleet", "fleet/plain"}},
	{pkg: "tui/widget", may: []string{"tui/theme"}},
	{pkg: "tui/strip", may: []string{"tui/history", "tui/theme", "tui/widget"}, test: []string{"fleet"}},
	{pkg: "tui/offer", may: []string{"fleet", "tui/page", "tui/theme"}, test: []string{"tui/page"}},
	{pkg: "tui/desk", may: []string{"fleet", "fleet/change"}, test: []string{"tui/page/pagetest"}},
	{pkg: "tui/command", may: []string{"fleet", "fleet/match"}},
	{pkg: "tui/dialog", may: []string{"fleet", "fleet/change", "fleet/plain", "tui/command", "tui/desk", "tui/page", "tui/theme", "tui/widget"}, test: []string{"tui/page/pagetest"}},
	{pkg: "tui/prompt", may: []string{"fleet", "tui/theme", "tui/widget"}},
	{pkg: "tui/trail", may: []string{"tui/page"}, test: []string{"tui/page/*"}},
	{pkg: "tui/journal", may: []string{"fleet/change", "fleet/plain", "tui/desk", "tui/theme", "tui/widget"}, test: []string{"fleet", "tui/page/pagetest"}},
	{pkg: "tui/spoken", may: []string{"fleet", "fleet/plain", "tui/dialog", "tui/page", "tui/reading", "tui/widget"}, test: []string{"tui/history", "tui/theme"}},
	{pkg: "tui/changing", may: []string{"fleet/change", "tui/command", "tui/desk", "tui/dialog", "tui/page"}, test: []string{"fleet", "tui/page/pagetest", "tui/widget"}},
	{pkg: "tui/chrome", may: []string{"tui/theme", "tui/widget"}},
	{pkg: "tui/journey", may: []string{"tui/widget"}},
	{pkg: "tui/reading", may: []string{"tui/command", "tui/dialog", "tui/page", "tui/theme", "tui/widget"}, test: []string{"fleet", "tui/page/pagetest"}},
	{pkg: "tui/describe", may: []string{"fleet", "fleet/plain", "tui/page", "tui/page/*", "tui/theme", "tui/widget"}, test: []string{"fleet/**", "tui/**"}},
	{pkg: "tui/outside", may: []string{"fleet", "fleet/plain", "tui/command", "tui/describe", "tui/dialog", "tui/page", "tui/reading", "tui/theme", "tui/widget"}, test: []string{"tui/**"}},
	{pkg: "tui/tape", may: []string{"fleet", "tui/command", "tui/history", "tui/page", "tui/theme", "tui/widget"}, test: []string{"tui/page/pagetest"}},
	{pkg: "tui/page", may: []string{"fleet", "fleet/change", "fleet/plain", "fleet/selection", "tui/desk", "tui/history", "tui/theme", "tui/widget"}, test: []string{"tui/page/pagetest"}},
	{pkg: "tui/list", may: []string{"fleet", "tui/desk", "tui/page", "tui/widget"}, test: []string{"tui/page/pagetest", "tui/theme"}},
	{pkg: "tui/page/*", may: []string{"fleet", "fleet/calls", "fleet/graph", "fleet/change", "fleet/plain", "probe", "probe/health", "tui/desk", "tui/history", "tui/list", "tui/page", "tui/strip", "tui/theme", "tui/widget"}, test: []string{"fleet/diff", "tui/page/pagetest"}}, // never another page
	{pkg: "tui", may: []string{"fleet", "fleet/change", "fleet/diff", "fleet/plain", "tui/**"}},

	{pkg: "probe", may: []string{"probe/grpchealth", "probe/health", "probe/http1", "probe/veil", "probe/wire"}, test: []string{"probe/**"}},
	{pkg: "probe/grpchealth", may: []string{"probe/health"}},
	{pkg: "probe/health", may: []string{"probe/health/rawjson"}},
	{pkg: "probe/health/rawjson", may: nil},
	{pkg: "probe/http1", may: nil},
	{pkg: "probe/veil", may: nil},
	{pkg: "probe/wire", may: nil},
	{pkg: "probe/probetest", may: []string{"probe", "probe/health"}},

	{pkg: "fleet", may: []string{"probe"}, test: []string{"probe/health"}},
	{pkg: "fleet/calls", may: []string{"fleet", "fleet/match"}},
	{pkg: "fleet/judge", may: []string{"fleet", "fleet/calls", "fleet/graph", "probe"}, test: []string{"probe/health", "fleet/diff"}},
	{pkg: "fleet/match", may: nil},
	{pkg: "fleet/graph", may: nil},
	{pkg: "fleet/plain", may: nil},
	{pkg: "fleet/diff", may: []string{"fleet", "fleet/match"}},
	{pkg: "fleet/selection", may: []string{"fleet", "fleet/match"}},
	{pkg: "fleet/profile", may: []string{"fleet", "fleet/match", "fleet/selection", "probe"}},
	{pkg: "fleet/config", may: []string{"fleet", "fleet/match", "fleet/selection", "probe", "fleet/config/form", "fleet/config/mapping"}},
	{pkg: "fleet/config/form", may: nil},
	{pkg: "fleet/config/mapping", may: []string{"fleet", "fleet/config/form"}},
	{pkg: "fleet/config/*", may: []string{"fleet", "fleet/config", "fleet/config/form"}},
	{pkg: "fleet/document/json*", may: nil},
	{pkg: "fleet/document/value", may: []string{"fleet/document/json*"}},
	{pkg: "fleet/document/asked", may: []string{"fleet/document/value", "fleet/gate"}},
	{pkg: "fleet/document/measured", may: []string{"fleet", "fleet/document", "fleet/document/value", "fleet/document/json*", "fleet/metrics", "fleet/metrics/red"}},
	{pkg: "fleet/document/recorded", may: []string{"fleet/document"}},
	{pkg: "fleet/document/kinds", may: []string{"fleet/document", "fleet/document/*"}},
	{pkg: "fleet/document", may: []string{"fleet", "fleet/document/*", "fleet/gate", "fleet/change", "probe"}, test: []string{"probe/health", "fleet/metrics", "fleet/metrics/red"}},
	{pkg: "fleet/registry", may: []string{"fleet", "fleet/match"}, test: []string{"fleet/registry/**"}},
	{pkg: "fleet/worldtest", may: nil},
	{pkg: "fleet/registry/registrytest", may: []string{"fleet", "fleet/registry", "fleet/worldtest"}, test: []string{"fleet/registry/**"}},
	{pkg: "fleet/registry/all", may: []string{"fleet", "fleet/registry", "fleet/registry/*"}},
	{pkg: "fleet/registry/etcd/embedded", may: nil},
	{pkg: "fleet/registry/etcd/layout", may: []string{"fleet"}},
	{pkg: "fleet/registry/etcd", may: []string{"fleet", "fleet/registry", "fleet/registry/etcd/layout"}, test: []string{"fleet/registry/registrytest", "fleet/registry/etcd/**"}},
	{pkg: "fleet/registry/consul/catalog", may: []string{"fleet"}},
	{pkg: "fleet/registry/consul", may: []string{"fleet", "fleet/registry", "fleet/registry/consul/catalog"}, test: []string{"fleet/registry/registrytest", "fleet/registry/consul/**"}},
	{pkg: "fleet/registry/*", may: []string{"fleet", "fleet/registry"}, test: []string{"fleet/registry/registrytest"}},
	{pkg: "fleet/breaker", may: []string{"fleet"}},
	{pkg: "fleet/breaker/breakertest", may: []string{"fleet", "fleet/breaker", "fleet/worldtest", "probe"}},
	{pkg: "fleet/breaker/peertest", may: []string{"fleet/breaker/breakertest"}},
	{pkg: "fleet/breaker/all", may: []string{"fleet", "fleet/match", "fleet/breaker", "fleet/breaker/*"}},
	{pkg: "fleet/breaker/actuator/page", may: []string{"fleet", "fleet/breaker", "probe/health/rawjson"}},
	{pkg: "fleet/breaker/actuator", may: []string{"fleet", "fleet/breaker", "fleet/breaker/actuator/page", "probe"}, test: []string{"fleet/breaker/**"}},
	{pkg: "fleet/breaker/httpapi/serve", may: nil}, // a service mounts it: standard library only
	{pkg: "fleet/breaker/httpapi", may: []string{"fleet", "fleet/breaker", "fleet/web", "probe"}, test: []string{"fleet/breaker/**"}},
	{pkg: "fleet/breaker/mapping", may: []string{"fleet", "fleet/breaker", "fleet/web", "probe"}, test: []string{"fleet/breaker/**"}},
	{pkg: "fleet/breaker/metrics", may: []string{"fleet", "fleet/breaker", "fleet/web", "probe"}, test: []string{"fleet/breaker/**", "fleet/metrics/scrape"}},
	{pkg: "fleet/breaker/*", may: []string{"fleet", "fleet/breaker", "probe"}, test: []string{"fleet/breaker/**"}},
	{pkg: "fleet/web", may: []string{"fleet", "probe", "probe/health"}},
	{pkg: "fleet/metrics", may: []string{"fleet"}},
	{pkg: "fleet/metrics/scrape/exposition", may: []string{"fleet", "probe"}, test: []string{"fleet/metrics/**"}},
	{pkg: "fleet/metrics/scrape", may: []string{"fleet", "fleet/metrics", "fleet/metrics/scrape/exposition", "fleet/web", "probe"}, test: []string{"fleet/metrics/**"}},
	{pkg: "fleet/metrics/series/column", may: nil},
	{pkg: "fleet/metrics/series/loose", may: nil},
	{pkg: "fleet/metrics/series/plain", may: []string{"fleet/metrics"}},
	{pkg: "fleet/metrics/series/index", may: []string{"fleet/metrics"}},
	{pkg: "fleet/metrics/series", may: []string{"fleet/metrics", "fleet/metrics/series/*"}},
	{pkg: "fleet/metrics/promql", may: []string{"fleet", "fleet/match", "fleet/metrics", "probe"}, test: []string{"fleet/metrics/series"}},
	{pkg: "fleet/metrics/collect", may: []string{"fleet", "fleet/metrics", "fleet/metrics/observed", "fleet/metrics/scrape", "fleet/metrics/scrape/exposition", "fleet/metrics/series", "probe"}, test: []string{"fleet/metrics/**"}},
	{pkg: "fleet/metrics/observed", may: []string{"fleet", "fleet/metrics", "probe"}},
	{pkg: "fleet/metrics/server", may: []string{"fleet", "fleet/metrics", "fleet/metrics/promql", "fleet/web", "probe", "probe/health"}, test: []string{"fleet/metrics/**", "fleet/worldtest"}},
	{pkg: "fleet/metrics/metricstest", may: []string{"fleet", "fleet/metrics", "fleet/worldtest", "probe"}, test: []string{"fleet/metrics/**"}},
	{pkg: "fleet/metrics/red/signature", may: nil},
	{pkg: "fleet/metrics/red/spread", may: []string{"fleet/metrics"}},
	{pkg: "fleet/metrics/red/page", may: []string{"fleet/metrics", "fleet/metrics/red/signature", "fleet/metrics/red/spread"}},
	{pkg: "fleet/metrics/red/count", may: []string{"fleet/metrics", "fleet/metrics/red/page", "fleet/metrics/red/signature", "fleet/metrics/red/spread"}},
	{pkg: "fleet/metrics/joined", may: []string{"fleet", "fleet/metrics", "fleet/metrics/promql", "fleet/metrics/red", "fleet/metrics/series"}},
	{pkg: "fleet/metrics/red", may: []string{"fleet", "fleet/metrics", "fleet/metrics/red/*"}, test: []string{"fleet/metrics/**"}},
	{pkg: "fleet/record/line/figure", may: nil},
	{pkg: "fleet/record/line", may: []string{"fleet", "fleet/metrics", "fleet/record/line/figure", "probe", "probe/health", "probe/health/rawjson"}},
	{pkg: "fleet/record/pages", may: []string{"fleet/metrics", "fleet/metrics/series", "fleet/metrics/series/plain", "fleet/record", "fleet/record/line"}, test: []string{"fleet", "fleet/metrics/**"}},
	{pkg: "fleet/record/play", may: []string{"fleet", "fleet/record"}, test: []string{"fleet/record/line"}},
	{pkg: "fleet/record", may: []string{"fleet", "fleet/diff", "fleet/metrics", "fleet/record/line"}, test: []string{"probe"}},
	{pkg: "fleet/sweep", may: []string{"fleet", "probe", "fleet/registry", "fleet/breaker", "fleet/diff", "fleet/judge", "fleet/metrics"}, test: []string{"fleet/registry/**", "fleet/breaker/**", "fleet/profile"}},
	{pkg: "fleet/balance", may: []string{"fleet"}},
	{pkg: "fleet/change", may: []string{"fleet"}},
	{pkg: "fleet/change/kind", may: []string{"fleet", "probe", "fleet/change", "fleet/registry", "fleet/breaker"}, test: []string{"fleet/registry/**", "fleet/breaker/**"}},
	{pkg: "fleet/change/desk", may: []string{"fleet", "fleet/change", "fleet/change/kind"}, test: []string{"fleet/registry/**", "fleet/breaker/**", "fleet/change/**"}},
	{pkg: "fleet/change/journal", may: []string{"fleet", "fleet/change"}, test: []string{"fleet/change/**"}},
	{pkg: "fleet/change/keeper", may: []string{"fleet", "fleet/change"}, test: []string{"fleet/registry/**", "fleet/breaker/**", "fleet/change/**"}},
	{pkg: "fleet/gate", may: []string{"fleet", "fleet/metrics", "probe"}},
	{pkg: "fleet/gate/query", may: []string{"fleet", "fleet/gate", "fleet/metrics", "probe"}, test: []string{"fleet/metrics/**", "fleet/selection"}},
	{pkg: "fleet/wiring", may: []string{"fleet/**", "probe", "probe/veil"}, test: []string{"probe/**"}},
	{pkg: "fleet/demo/**", may: []string{"fleet", "fleet/wiring", "fleet/registry", "fleet/registry/etcd", "fleet/registry/etcd/embedded", "fleet/breaker/httpapi/serve", "fleet/demo/**"}, test: []string{"fleet/breaker", "fleet/breaker/httpapi"}},
}

// Third parties have one door each: a module path prefix and the packages that
// may use it.
var doors = []struct {
	prefix string
	may    []string
}{
	{"github.com/spf13/", []string{"cmd/**"}},
	{"github.com/olekukonko/tablewriter", []string{"cmd/render"}},
	{"github.com/mattn/go-runewidth", []string{"cmd/measure", "cmd/render", "cmd/term"}},
	{"github.com/itchyny/gojq", []string{"cmd/render/data"}},
	{"golang.org/x/term", []string{"cmd/term"}},
	{"charm.land/", []string{"tui/**"}},
	{"github.com/charmbracelet/", []string{"tui/**"}},
	{"modernc.org/sqlite", []string{"fleet/change/journal", "fleet/demo/**"}},
	{"github.com/prometheus/common/config", []string{"fleet/wiring"}},
	{"github.com/prometheus/common/", []string{"fleet/metrics/**", "cmd/render", "fleet/wiring"}},
	{"github.com/prometheus/client_model", []string{"fleet/metrics/**", "cmd/render"}},
	{"github.com/prometheus/client_golang", []string{"fleet/demo/**"}},
	{"github.com/prometheus/prometheus/tsdb/chunk", []string{"fleet/metrics/**"}},
	{"github.com/prometheus/prometheus/tsdb", nil}, // it brings three clouds along
	{"github.com/prometheus/prometheus/rules", nil},
	{"github.com/prometheus/prometheus/", []string{"fleet/metrics/**"}},
	{"github.com/klauspost/compress/", []string{"fleet/record", "fleet/metrics/scrape"}},
	{"github.com/guptarohit/asciigraph", []string{"cmd/render/chart"}},
	{"github.com/failsafe-go/", []string{"fleet/demo/**"}},
	{"go.etcd.io/etcd/server", []string{"fleet/registry/etcd/embedded"}},
	{"go.etcd.io/", []string{"fleet/registry/etcd/**"}},
	{"go.uber.org/zap", []string{"fleet/registry/etcd/**"}},
	{"github.com/hashicorp/", []string{"fleet/registry/consul"}},
	{"github.com/fsnotify/", []string{"fleet/registry/file"}},
	{"google.golang.org/grpc", []string{"probe", "probe/grpchealth", "fleet/demo/**", "fleet/registry/etcd/**"}},
	{"google.golang.org/protobuf", []string{"probe", "fleet/demo/**", "fleet/registry/etcd/**"}},
	{"github.com/goccy/go-yaml", []string{"fleet/config", "fleet/config/form", "fleet/config/mapping", "fleet/registry/file"}},
	{"golang.org/x/", []string{"probe/**", "fleet/**", "cmd/**"}},
}

// testOnly are modules that only tests may import.
var testOnly = []string{
	"go.uber.org/goleak", "github.com/rogpeppe/go-internal", "github.com/creack/pty", "github.com/hinshun/vt10x", "github.com/sony/gobreaker",
}

func TestImports(t *testing.T) {
	root := ".."
	fset := token.NewFileSet()
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && name != root) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		// Every file, whatever system or build tag it is for.
		f, err := parser.ParseFile(fset, name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, filepath.Dir(name))
		if err != nil {
			return err
		}
		for _, im := range f.Imports {
			target, err := strconv.Unquote(im.Path.Value)
			if err != nil {
				return err
			}
			if why := forbidden(filepath.ToSlash(rel), target, strings.HasSuffix(name, "_test.go")); why != "" {
				t.Errorf("%s: imports %s: %s", fset.Position(im.Pos()), target, why)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// forbidden says why pkg may not import target, or nothing.
func forbidden(pkg, target string, isTest bool) string {
	if inside, ok := strings.CutPrefix(target, module); ok {
		return forbiddenInside(pkg, strings.TrimPrefix(inside, "/"), isTest)
	}
	first, _, _ := strings.Cut(target, "/")
	if !strings.Contains(first, ".") {
		return "" // standard library
	}
	if isTest || strings.HasSuffix(pkg, "test") {
		return "" // tests and suites reach for what they need; the binary does not
	}
	for _, m := range testOnly {
		if strings.HasPrefix(target, m) {
			return "only tests may"
		}
	}
	for _, door := range doors {
		if strings.HasPrefix(target, door.prefix) {
			if matchAny(door.may, pkg) {
				return ""
			}
			return "its door is " + strings.Join(door.may, ", ")
		}
	}
	return "no door is declared for it"
}

func forbiddenInside(pkg, target string, isTest bool) string {
	if target == pkg {
		return ""
	}
	if target == "" {
		target = "."
	}
	for _, r := range rules {
		if !match(r.pkg, pkg) {
			continue
		}
		if matchAny(r.may, target) || isTest && (matchAny(r.test, target) || matchAny([]string{"fleet/demo", "probe/**"}, target)) {
			return ""
		}
		// A noun's package never imports another noun.
		return "no rule lets " + pkg + " do that"
	}
	return "package " + pkg + " has no rule"
}

func matchAny(patterns []string, pkg string) bool {
	for _, p := range patterns {
		if match(p, pkg) {
			return true
		}
	}
	return false
}

func match(pattern, pkg string) bool {
	if pattern == "**" {
		return true
	}
	if base, ok := strings.CutSuffix(pattern, "/**"); ok {
		return pkg == base || strings.HasPrefix(pkg, base+"/")
	}
	ok, err := path.Match(pattern, pkg)
	return err == nil && ok
}

func TestImportRulesAreHeld(t *testing.T) {
	for _, c := range []struct {
		pkg, target string
		test, bad   bool
	}{
		{"cmd/check", module + "/cmd/app", false, false},
		{"cmd/check", module + "/cmd/wait", false, true},
		{"cmd/check", module + "/fleet/gate", false, false},
		{"cmd/check", "github.com/olekukonko/tablewriter", false, true},
		{"tui", module + "/fleet/sweep", false, true},
		{"tui/page/fleet", module + "/tui/page/service", false, true},
		{"tui/page/fleet", "charm.land/bubbletea/v2", false, false},
		{"cmd/check", module + "/tui", false, true},
		{"probe", module + "/fleet", false, true},
		{"fleet", module + "/fleet/registry", false, true},
		{"fleet/registry/etcd", module + "/fleet/registry/consul", false, true},
		{"fleet/sweep", module + "/fleet/registry/etcd", false, true},
		{"fleet/gate", module + "/cmd/render", false, true},
		{"fleet/nowhere", module + "/fleet", false, true},
		{"fleet", "go.uber.org/goleak", false, true},
		{"fleet", "go.uber.org/goleak", true, false},
		{"fleet", "example.com/somebody", false, true},
		{"fleet", "net/http", false, false},
	} {
		if why := forbidden(c.pkg, c.target, c.test); (why != "") != c.bad {
			t.Errorf("forbidden(%q, %q, %v) = %q, want forbidden %v", c.pkg, c.target, c.test, why, c.bad)
		}
	}
}
