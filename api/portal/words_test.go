package portal

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"text/template/parse"
)

// usedWords collects the keys that templates and Go files name: whole keys, and
// groups that a value completes.
func usedWords(t *testing.T) (keys, groups map[string]string) {
	t.Helper()
	keys, groups = map[string]string{}, map[string]string{}
	k := &kit{assets: &assets{}}
	err := fs.WalkDir(templateFiles, "templates", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := templateFiles.ReadFile(name)
		if err != nil {
			return err
		}
		funcs := map[string]any{"and": 0, "or": 0, "not": 0, "len": 0, "index": 0, "eq": 0, "ne": 0, "lt": 0, "gt": 0, "le": 0, "ge": 0, "print": 0, "printf": 0, "slice": 0, "html": 0, "urlquery": 0, "js": 0, "call": 0}
		trees, err := parse.Parse(name, string(b), "", "", k.functions(vi), funcs)
		if err != nil {
			return err
		}
		for _, tree := range trees {
			walkTemplate(tree.Root, func(call *parse.CommandNode) {
				f, ok := call.Args[0].(*parse.IdentifierNode)
				if !ok || len(call.Args) < 2 {
					return
				}
				key, ok := call.Args[1].(*parse.StringNode)
				if ok && f.Ident == "t" {
					keys[key.Text] = name
				}
				if ok && f.Ident == "tg" {
					groups[key.Text] = name
				}
			})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if strings.HasSuffix(f.Name(), ".go") && !strings.HasSuffix(f.Name(), "_test.go") {
			goWords(t, f.Name(), keys, groups)
		}
	}
	return keys, groups
}

// walkTemplate visits every command of a template.
func walkTemplate(n parse.Node, visit func(*parse.CommandNode)) {
	list := func(l *parse.ListNode) {
		if l != nil {
			for _, x := range l.Nodes {
				walkTemplate(x, visit)
			}
		}
	}
	pipe := func(p *parse.PipeNode) {
		if p != nil {
			for _, c := range p.Cmds {
				visit(c)
				for _, a := range c.Args {
					walkTemplate(a, visit)
				}
			}
		}
	}
	switch n := n.(type) {
	case *parse.ListNode:
		list(n)
	case *parse.ActionNode:
		pipe(n.Pipe)
	case *parse.PipeNode:
		pipe(n)
	case *parse.TemplateNode:
		pipe(n.Pipe)
	case *parse.IfNode:
		pipe(n.Pipe)
		list(n.List)
		list(n.ElseList)
	case *parse.RangeNode:
		pipe(n.Pipe)
		list(n.List)
		list(n.ElseList)
	case *parse.WithNode:
		pipe(n.Pipe)
		list(n.List)
		list(n.ElseList)
	}
}

// goWords finds v.t("key"), v.tg("group", …), p.words["key"], menu: "key" and the
// error keys, which stand as plain strings.
func goWords(t *testing.T, file string, keys, groups map[string]string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	text := func(e ast.Expr) (string, bool) {
		l, ok := e.(*ast.BasicLit)
		if !ok || l.Kind != token.STRING {
			return "", false
		}
		s, err := strconv.Unquote(l.Value)
		return s, err == nil
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			sel, ok := n.Fun.(*ast.SelectorExpr)
			if !ok || len(n.Args) == 0 {
				return true
			}
			if s, ok := text(n.Args[0]); ok && sel.Sel.Name == "t" {
				keys[s] = file
			} else if ok && (sel.Sel.Name == "tg" || sel.Sel.Name == "word") {
				groups[s] = file
			}
			if sel.Sel.Name == "say" && len(n.Args) > 1 {
				if s, ok := text(n.Args[1]); ok {
					keys[s] = file
				}
			}
		case *ast.IndexExpr:
			if sel, ok := n.X.(*ast.SelectorExpr); ok && sel.Sel.Name == "words" {
				if s, ok := text(n.Index); ok {
					keys[s] = file
				}
			}
		case *ast.KeyValueExpr:
			if id, ok := n.Key.(*ast.Ident); ok && id.Name == "menu" {
				if s, ok := text(n.Value); ok {
					keys[s] = file
				}
			}
		case *ast.AssignStmt: // key := "error.internal", f.Cut = "form.paper.large"
			for i, l := range n.Lhs {
				id, ok := l.(*ast.Ident)
				sel, member := l.(*ast.SelectorExpr)
				if i >= len(n.Rhs) {
					break
				}
				switch s, said := text(n.Rhs[i]); {
				case said && ok && id.Name == "key":
					groups[s] = file
				case said && member && sel.Sel.Name == "Cut":
					keys[s] = file
				}
			}
		}
		return true
	})
}

func TestEveryWordIsThereAndUsed(t *testing.T) {
	words, err := loadWords()
	if err != nil {
		t.Fatal(err)
	}
	keys, groups := usedWords(t)
	if len(keys) < 20 || len(groups) < 3 {
		t.Fatalf("only %d keys and %d groups found", len(keys), len(groups))
	}
	for k, where := range keys {
		if _, ok := words[k]; !ok {
			t.Errorf("%s uses %q, which no file of words has", where, k)
		}
	}
	for g, where := range groups {
		found := false
		for k := range words {
			found = found || strings.HasPrefix(k, g+".")
		}
		if !found {
			t.Errorf("%s uses the group %q, which no file of words has", where, g)
		}
	}
	for k := range words {
		_, used := keys[k]
		for g := range groups {
			used = used || strings.HasPrefix(k, g+".")
		}
		if !used {
			t.Errorf("nothing uses the word %q", k)
		}
	}
}

func TestPlacesOfWordsAgree(t *testing.T) {
	words, err := loadWords()
	if err != nil {
		t.Fatal(err)
	}
	for k, w := range words {
		for i := range 5 {
			place := "{" + strconv.Itoa(i) + "}"
			if strings.Contains(w.VI, place) != strings.Contains(w.EN, place) && !strings.Contains(w.EN, place[:2]+":") {
				t.Errorf("%s: %s stands in one language only", k, place)
			}
		}
		if strings.Contains(places.ReplaceAllString(w.VI+w.EN, ""), "{") {
			t.Errorf("%s: a place that is none: %s / %s", k, w.VI, w.EN)
		}
		if counted.MatchString(w.EN) && !names[k] {
			t.Errorf("%s: %q does not fit one of them: write {0:thing|things}", k, w.EN)
		}
	}
}

// counted is a number before a word in the plural; names are texts whose first place is no number.
var (
	counted = regexp.MustCompile(`\{\d\}( more| failed)? [a-z]{3,}s\b|^\{\d\} have\b`)
	names   = map[string]bool{"party.title": true}
)

func TestOneAndMany(t *testing.T) {
	c := catalogue{"k": {Text: Text{VI: "{0} hồ sơ, {1}", EN: "{0} {0:dossier waits|dossiers wait}, {1}{2}"}}}
	for _, x := range []struct{ lang, n, want string }{
		{"en", "1", "1 dossier waits, {0}{2}"}, {"en", "0", "0 dossiers wait, {0}{2}"}, {"en", "11", "11 dossiers wait, {0}{2}"}, {"vi", "1", "1 hồ sơ, {0}"},
	} {
		if got := c.say(x.lang, "k", x.n, "{0}"); got != x.want { // what is put in is not read again
			t.Errorf("%s %s: %q, want %q", x.lang, x.n, got, x.want)
		}
	}
}

// A browser's own date field speaks the browser's language, not the page's.
func TestDaysAreTypedInOneWay(t *testing.T) {
	err := fs.WalkDir(templateFiles, "templates", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := templateFiles.ReadFile(name)
		if strings.Contains(string(b), `type="date`) {
			t.Errorf("%s: use the part day-field", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for typed, want := range map[string]string{"7/9/2026": "2026-09-07", " 31082026 ": "2026-08-31", "2026-09-07": "2026-09-07", "mai": "mai", "": ""} {
		if got := isoDay(typed); got != want {
			t.Errorf("isoDay(%q) = %q, want %q", typed, got, want)
		}
	}
}

func TestFormats(t *testing.T) {
	for in, want := range map[int64]string{0: "0 đ", 999: "999 đ", 1000: "1.000 đ", 1234567: "1.234.567 đ", -23400000: "-23.400.000 đ"} {
		if got := money(in); got != want {
			t.Errorf("money(%d) = %q, want %q", in, got, want)
		}
	}
	var at Time
	if err := decode([]byte(`"2026-09-07T17:30:00Z"`), &at); err != nil {
		t.Fatal(err)
	}
	if got := when(at); got != "08/09/2026 00:30" {
		t.Errorf("when = %q", got)
	}
	for in, want := range map[string]string{"2026-09-07": "07/09/2026", "hôm qua": "hôm qua", "": ""} {
		if got := day(in); got != want {
			t.Errorf("day(%q) = %q, want %q", in, got, want)
		}
	}
	if got := day(at); got != "08/09/2026" {
		t.Errorf("day(instant) = %q", got)
	}
	if fieldID("/children/0/name") != "f-children-0-name" {
		t.Error(fieldID("/children/0/name"))
	}
}
