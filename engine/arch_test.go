package engine_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	pathpkg "path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "lienthong"

// arrows says which packages of this module each package may import; "a/..." means
// a and everything below it. A package that is not listed is a failure, so a new
// one is placed here on purpose.
var arrows = map[string][]string{
	"engine":               {"engine/calendar"},
	"engine/calendar":      {},
	"engine/machine":       {"engine", "engine/calendar"},
	"engine/diagram":       {"engine"},
	"engine/runtime":       {"engine", "engine/calendar"},
	"engine/replay":        {"engine", "engine/appendjson", "engine/calendar"},
	"engine/indicators":    {"engine"},
	"engine/replay/hide":   {"engine"},
	"engine/replay/mining": {"engine"},
	"engine/scenario":      {"engine", "engine/calendar", "engine/machine"},
	"engine/simulate":      {"engine", "engine/appendjson", "engine/calendar", "engine/machine", "engine/runtime", "engine/replay", "engine/indicators"},
	"engine/verify":        {"engine", "engine/machine"},
	"workflows":            {"engine", "engine/machine"},
	"workflows/digit":      {"engine", "engine/machine"},
	"agencies":             {"agencies/..."},
	"agencies/wire":        {},
	"agencies/seed":        {"agencies/..."},
	"engine/appendjson":    {"engine"},
	"store/rowenc":         {"engine", "engine/calendar", "engine/appendjson"},
	"store/memory":         {"engine", "engine/calendar", "store/rowenc"},
	"store/sqlite":         {"engine", "engine/calendar", "store/rowenc"},
	"store/storetest":      {"engine", "engine/calendar", "store/rowenc"},
	"api":                  {"engine", "engine/calendar", "engine/runtime", "engine/diagram", "engine/indicators", "engine/appendjson"},
	"store/transfer":       {"engine", "store/rowenc"},
	"api/portal":           {"api/portal/form"},
	"api/portal/form":      {},
	"cmd/lienthong":        {"..."},
	"cmd/lienthong/system": {"..."},
	"cmd/lienthong/story":  {"..."},
	"cmd/lienthong/bench":  {"..."},
	"cmd/lienthong/chaos":  {"..."},

	"engine/scenario/paths": {"engine", "engine/machine"},
}

func allowed(pkg, imp string) bool {
	for _, a := range arrows[pkg] {
		if a == imp || a == "..." {
			return true
		}
		if base, ok := strings.CutSuffix(a, "/..."); ok && (imp == base || strings.HasPrefix(imp, base+"/")) {
			return true
		}
	}
	return false
}

// sources parses every Go file of the module that is not a test.
func sources(t *testing.T, visit func(pkg, file string, fset *token.FileSet, f *ast.File)) {
	t.Helper()
	root := ".."
	fset := token.NewFileSet()
	err := filepath.WalkDir(root, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() && p != root && (strings.HasPrefix(e.Name(), ".") || e.Name() == "testdata") {
			return fs.SkipDir
		}
		if e.IsDir() || !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(fset, p, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		visit(pathpkg.Dir(filepath.ToSlash(rel)), filepath.ToSlash(rel), fset, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestImportArrows(t *testing.T) {
	n := 0
	used, docs := map[string][]string{}, map[string]string{}
	sources(t, func(pkg, file string, _ *token.FileSet, f *ast.File) {
		n++
		docs[pkg] += f.Doc.Text()
		if _, ok := arrows[pkg]; !ok {
			t.Errorf("%s: package %s has no place in the arrows table", file, pkg)
			return
		}
		for _, i := range f.Imports {
			p, _ := strconv.Unquote(i.Path.Value)
			imp, ours := strings.CutPrefix(p, module+"/")
			if ours && !allowed(pkg, imp) {
				t.Errorf("%s imports %s, which package %s may not", file, p, pkg)
			}
			used[pkg] = append(used[pkg], imp)
			if p == "github.com/looplab/fsm" && pkg != "engine/machine" {
				t.Errorf("%s imports looplab/fsm, which only engine/machine may", file)
			}
		}
	})
	if n < 20 {
		t.Fatalf("only %d files seen", n)
	}
	for pkg, may := range arrows {
		for _, imp := range may {
			if strings.HasSuffix(imp, "...") {
				continue
			}
			if !slices.Contains(used[pkg], imp) {
				t.Errorf("package %s may import %s and does not: take it out of the table", pkg, imp)
			}
			if !strings.Contains(docs[pkg], imp) {
				t.Errorf("the documentation of %s does not say that it imports %s", pkg, imp)
			}
		}
	}
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	docs := map[string]int{}
	sources(t, func(pkg, _ string, _ *token.FileSet, f *ast.File) {
		docs[pkg] += len(strings.Fields(f.Doc.Text()))
	})
	for pkg, words := range docs {
		if words < 15 {
			t.Errorf("package %s: its documentation has %d words; say what it is, what it may import, what it keeps", pkg, words)
		}
	}
}

// pure lists what the core may import from the standard library, and what it may
// not call even so.
var (
	pureImports = []string{"cmp", "context", "crypto/sha256", "encoding", "encoding/hex", "encoding/json", "bytes", "errors", "fmt", "io", "maps", "math",
		"reflect", "slices", "strconv", "strings", "time", "unicode", "unicode/utf16", "unicode/utf8", "sort"}
	impureCalls = map[string][]string{
		"time": {"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker", "LoadLocation", "Local"},
		"fmt":  {"Print", "Printf", "Println", "Scan", "Scanf", "Scanln"},
	}
)

func TestCoreIsPure(t *testing.T) {
	n := 0
	sources(t, func(pkg, file string, fset *token.FileSet, f *ast.File) {
		if pkg != "engine" && pkg != "engine/calendar" {
			return
		}
		n++
		for _, i := range f.Imports {
			p, _ := strconv.Unquote(i.Path.Value)
			if !slices.Contains(pureImports, p) && p != module+"/engine/calendar" {
				t.Errorf("%s imports %s: the core decides from its arguments alone", file, p)
			}
		}
		ast.Inspect(f, func(x ast.Node) bool {
			switch x := x.(type) {
			case *ast.GoStmt, *ast.SendStmt, *ast.SelectStmt:
				t.Errorf("%s: the core starts no goroutine and uses no channel", fset.Position(x.Pos()))
			case *ast.SelectorExpr:
				if id, ok := x.X.(*ast.Ident); ok && slices.Contains(impureCalls[id.Name], x.Sel.Name) {
					t.Errorf("%s: the core may not use %s.%s", fset.Position(x.Pos()), id.Name, x.Sel.Name)
				}
			}
			return true
		})
	})
	if n < 10 {
		t.Fatalf("only %d files seen", n)
	}
}
