package cmd_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The budgets of the code. A file has 400 lines as a rule; one that passes it
// stands in longFiles with its reason, and none passes 600.
const (
	maxFile     = 400
	maxFileEver = 600
	maxFunction = 60
	maxPackage  = 1500
)

var longFiles = map[string]string{}

type source struct {
	name string // slash-separated, from the top of the repository
	pkg  string
	test bool
	file *ast.File
	fset *token.FileSet
	data []byte
}

func (s *source) lines() int { return bytes.Count(s.data, []byte("\n")) }

// sources parses every Go file of the module.
func sources(t *testing.T) []*source {
	t.Helper()
	var all []*source
	fset := token.NewFileSet()
	err := filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && name != "..") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(fset, name, data, parser.ParseComments)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel("..", name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		all = append(all, &source{name: rel, pkg: filepath.ToSlash(filepath.Dir(rel)), test: strings.HasSuffix(rel, "_test.go"), file: f, fset: fset, data: data})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 50 {
		t.Fatalf("found %d files only: the walk is wrong", len(all))
	}
	return all
}

func TestBudgetLines(t *testing.T) {
	pkgs := map[string]int{}
	var src, test int
	for _, s := range sources(t) {
		n := s.lines()
		if n > maxFileEver || n > maxFile && longFiles[s.name] == "" && !s.test {
			t.Errorf("%s: %d lines, the budget is %d", s.name, n, maxFile)
		}
		// A conformance suite is a test that several packages share.
		if s.test || strings.HasSuffix(s.pkg, "test") {
			test += n
			continue
		}
		src += n
		pkgs[s.pkg] += n
	}
	for pkg, n := range pkgs {
		if n > maxPackage {
			t.Errorf("package %s: %d lines, the budget is %d", pkg, n, maxPackage)
		}
	}
	if ratio := float64(test) / float64(src); ratio < 1.2 {
		t.Errorf("%d lines of tests for %d of source: %.2f, the budget is 1.2", test, src, ratio)
	}
}

func TestBudgetFunctions(t *testing.T) {
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if f.Name.Name == "init" && f.Recv == nil {
				t.Errorf("%s: init function: nothing runs before main", s.fset.Position(f.Pos()))
			}
			if n := s.fset.Position(f.End()).Line - s.fset.Position(f.Pos()).Line + 1; n > maxFunction {
				t.Errorf("%s: %s has %d lines, the budget is %d", s.fset.Position(f.Pos()), f.Name.Name, n, maxFunction)
			}
		}
	}
}

// TestBudgetVariables finds package variables that something assigns to.
func TestBudgetVariables(t *testing.T) {
	// The linker writes these three, nothing else does.
	linked := map[string]bool{"version": true, "commit": true, "date": true}
	type key struct{ pkg, name string }
	vars := map[key]token.Position{}
	all := sources(t)
	for _, s := range all {
		if s.test {
			continue
		}
		for _, d := range s.file.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR {
				continue
			}
			for _, spec := range g.Specs {
				for _, n := range spec.(*ast.ValueSpec).Names {
					if n.Name != "_" && !linked[n.Name] {
						vars[key{s.pkg, n.Name}] = s.fset.Position(n.Pos())
					}
				}
			}
		}
	}
	for _, s := range all {
		if s.test {
			continue
		}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil {
				continue
			}
			local := locals(f)
			for _, id := range assigned(f) {
				if at, ok := vars[key{s.pkg, id.Name}]; ok && !local[id.Name] {
					t.Errorf("%s: assigns to the package variable of %s", s.fset.Position(id.Pos()), at)
				}
			}
		}
	}
}

// assigned lists the identifiers that a function assigns to.
func assigned(f *ast.FuncDecl) []*ast.Ident {
	var ids []*ast.Ident
	ast.Inspect(f, func(n ast.Node) bool {
		var targets []ast.Expr
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok != token.DEFINE {
				targets = n.Lhs
			}
		case *ast.IncDecStmt:
			targets = []ast.Expr{n.X}
		}
		for _, x := range targets {
			if id := base(x); id != nil {
				ids = append(ids, id)
			}
		}
		return true
	})
	return ids
}

// locals lists every name a function declares, in whatever scope.
func locals(f *ast.FuncDecl) map[string]bool {
	names := map[string]bool{}
	add := func(l *ast.FieldList) {
		if l == nil {
			return
		}
		for _, field := range l.List {
			for _, n := range field.Names {
				names[n.Name] = true
			}
		}
	}
	add(f.Recv)
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncType:
			add(n.Params)
			add(n.Results)
		case *ast.AssignStmt:
			if n.Tok == token.DEFINE {
				for _, x := range n.Lhs {
					if id, ok := x.(*ast.Ident); ok {
						names[id.Name] = true
					}
				}
			}
		case *ast.ValueSpec:
			for _, id := range n.Names {
				names[id.Name] = true
			}
		case *ast.RangeStmt:
			for _, x := range []ast.Expr{n.Key, n.Value} {
				if id, ok := x.(*ast.Ident); ok {
					names[id.Name] = true
				}
			}
		}
		return true
	})
	return names
}

// base is the identifier at the root of an assignable expression.
func base(x ast.Expr) *ast.Ident {
	for {
		switch e := x.(type) {
		case *ast.Ident:
			return e
		case *ast.IndexExpr:
			x = e.X
		case *ast.ParenExpr:
			x = e.X
		default:
			return nil
		}
	}
}

func TestBudgetComments(t *testing.T) {
	documented := map[string]bool{}
	seen := map[string]bool{}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		seen[s.pkg] = true
		if s.file.Doc != nil && strings.HasPrefix(s.file.Doc.Text(), "Package "+s.file.Name.Name+" ") || s.file.Name.Name == "main" && s.file.Doc != nil {
			documented[s.pkg] = true
		}
		for _, d := range s.file.Decls {
			for _, name := range undocumented(d) {
				t.Errorf("%s: exported %s has no comment", s.fset.Position(d.Pos()), name)
			}
		}
	}
	for pkg := range seen {
		if !documented[pkg] {
			t.Errorf("package %s has no package comment", pkg)
		}
	}
}

func undocumented(d ast.Decl) []string {
	var names []string
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) {
			names = append(names, d.Name.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				if spec.Name.IsExported() && d.Doc == nil && spec.Doc == nil {
					names = append(names, spec.Name.Name)
				}
			case *ast.ValueSpec:
				for _, n := range spec.Names {
					if n.IsExported() && d.Doc == nil && spec.Doc == nil && spec.Comment == nil {
						names = append(names, n.Name)
					}
				}
			}
		}
	}
	return names
}

func exportedReceiver(f *ast.FuncDecl) bool {
	if f.Recv == nil {
		return true
	}
	x := f.Recv.List[0].Type
	if star, ok := x.(*ast.StarExpr); ok {
		x = star.X
	}
	if index, ok := x.(*ast.IndexExpr); ok {
		x = index.X
	}
	id, ok := x.(*ast.Ident)
	return ok && id.IsExported()
}

// TestBudgetExit: the process ends in one place.
func TestBudgetExit(t *testing.T) {
	for _, s := range sources(t) {
		if s.test || s.name == "main.go" {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if id, ok := sel.X.(*ast.Ident); ok && (id.Name == "os" && sel.Sel.Name == "Exit" || id.Name == "log" && strings.HasPrefix(sel.Sel.Name, "Fatal")) {
				t.Errorf("%s: only main.go ends the process", s.fset.Position(call.Pos()))
			}
			return true
		})
	}
}

// TestBudgetSleeps: tests wait for conditions, never for time.
func TestBudgetSleeps(t *testing.T) {
	for _, s := range sources(t) {
		if !s.test {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if id, ok := sel.X.(*ast.Ident); ok && id.Name == "time" && sel.Sel.Name == "Sleep" && !bytes.Contains(s.data, []byte("testing/synctest")) {
					t.Errorf("%s: sleeps", s.fset.Position(n.Pos()))
				}
			}
			return true
		})
	}
}
