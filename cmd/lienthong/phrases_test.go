package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"lienthong/engine"
	"lienthong/store/sqlite"
)

// Every finding that the store's sources can make is said in Vietnamese: a new one
// without a phrase fails here.
func TestEveryFindingHasAPhrase(t *testing.T) {
	said := 0
	for _, en := range append(storeSentences(t, "../../store/sqlite", true), storeSentences(t, "../../store/rowenc", false)...) {
		said++
		if vi := lineInVietnamese(en); vi == en {
			t.Errorf("no phrase for %q", en)
		}
	}
	if said < 50 {
		t.Errorf("only %d sentences were found in the sources", said)
	}
}

// verbs stand where a sentence takes a value.
var verbs = regexp.MustCompile(`%[.0-9]*[a-z]`)

// storeSentences are what a package says of a file: the texts of its findings, blames
// and faults, with an x in place of every value.
func storeSentences(t *testing.T, dir string, findings bool) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") || !findings && filepath.Base(name) != "verify.go" {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.KeyValueExpr:
				if k, ok := n.Key.(*ast.Ident); ok && findings && k.Name == "What" {
					out = append(out, sentence(n.Value))
				}
			case *ast.CallExpr:
				if s, ok := n.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "blame" && len(n.Args) > 1 {
					out = append(out, sentence(n.Args[1]))
				}
			case *ast.ReturnStmt:
				if len(n.Results) > 0 && !findings {
					out = append(out, sentence(n.Results[len(n.Results)-1]))
				}
			}
			return true
		})
	}
	var told []string
	for _, s := range out {
		if strings.Trim(s, "x: ") != "" { // only values: said elsewhere
			told = append(told, s)
		}
	}
	return told
}

// sentence is what an expression says, with x for what is not written there.
func sentence(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if s, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			return verbs.ReplaceAllString(s, "x")
		}
	case *ast.BinaryExpr:
		return sentence(e.X) + sentence(e.Y)
	case *ast.CallExpr:
		if s, ok := e.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "Sprintf" {
			return sentence(e.Args[0])
		}
	}
	return "x"
}

// Phrases keep every place of their English sentence, and no two begin the same.
func TestPhrasesKeepTheirPlaces(t *testing.T) {
	var list yaml.MapSlice
	if err := yaml.Unmarshal(phrasesYAML, &list); err != nil {
		t.Fatal(err)
	}
	seen, places := map[string]bool{}, regexp.MustCompile(`\{\d\}`)
	for _, x := range list {
		en, vi := fmt.Sprint(x.Key), fmt.Sprint(x.Value)
		if seen[en] {
			t.Errorf("%q stands twice", en)
		}
		seen[en] = true
		for _, p := range places.FindAllString(en, -1) {
			if !strings.Contains(vi, p) {
				t.Errorf("%q loses %s: %q", en, p, vi)
			}
		}
	}
}

func TestErrorsInVietnamese(t *testing.T) {
	wrapped := fmt.Errorf("a.db: %w", &engine.Error{Code: engine.NotFound, Op: "store.case", Case: "H1", Detail: engine.Text{VI: "Không có hồ sơ này.", EN: "There is no such case."}})
	for _, c := range []struct {
		err  error
		want string
	}{
		{errors.New("sqlite: /x/kept.db exists"), "/x/kept.db đã có"},
		{fmt.Errorf("sqlite: /x/a.db: %w; restore a backup, or look closer with `verify`:\n  case H1 entry 7: payload does not match its commitment", sqlite.ErrDamaged),
			"/x/a.db: cơ sở dữ liệu bị hỏng; hãy khôi phục từ bản sao lưu, hoặc xem kỹ bằng `verify`:\n  hồ sơ H1 mục 7: nội dung không khớp với cam kết băm"},
		{fmt.Errorf("sqlite: %w: %w", sqlite.ErrForeign, errors.New("/x/y begins with a colon: b exists")), "không phải cơ sở dữ liệu của chương trình này: /x/y begins with a colon: b đã có"},
		{wrapped, "a.db: Không có hồ sơ này. (H1)"},
		{errors.New("what nobody foresaw"), "what nobody foresaw"},
	} {
		if got := errorIn(c.err, "vi"); got != c.want {
			t.Errorf("%q is told as %q, want %q", c.err, got, c.want)
		}
		if got := errorIn(c.err, "en"); got != c.err.Error() {
			t.Errorf("%q is told in English as %q", c.err, got)
		}
	}
}

// The verbs that keep a database speak Vietnamese unless told otherwise; what they
// write for a program stays.
func TestKeepingInVietnamese(t *testing.T) {
	dir, db := played(t)
	vi := func(want int, text string, args ...string) string {
		t.Helper()
		return says(t, want, text, append(args, "--lang", "vi")...)
	}
	kept, out, to := filepath.Join(dir, "kept.db"), filepath.Join(dir, "out.jsonl"), filepath.Join(dir, "2026.archive")
	vi(0, "2 hồ sơ, 40 mục, 0 đã lưu trữ", "verify", "--db", db)
	vi(0, "mục mới nhất", "backup", "--db", db, "--to", kept)
	vi(1, "kept.db đã có", "backup", "--db", db, "--to", kept)
	vi(0, "2 hồ sơ vẫn có đủ", "verify", "--db", db, "--against", kept)
	vi(0, "đã MẤT: mọi người phải nộp và làm lại", "restore", "--from", kept, "--db", db, "--force")
	vi(0, "2 hồ sơ với 40 mục", "export", "--db", db, "--to", out, "--key", testKey)
	vi(1, "đã có; --force ghi đè", "export", "--db", db, "--to", out, "--key", testKey)
	vi(0, "2 hồ sơ, 40 mục với dữ liệu cá nhân đã thay thế", "import", "history", out)
	vi(1, "không có tệp hoặc thư mục này", "verify", "--db", filepath.Join(dir, "nowhere.db"))
	vi(1, "không bắt đầu như một tệp SQLite", "verify", "--db", "main_test.go")
	vi(0, "1 hồ sơ vừa rời cơ sở dữ liệu", "archive", "--db", db, "--to", to, "--before", "2027-01-01")
	code := ask(t, db, `SELECT code FROM cases WHERE service = 'birth'`)
	vi(0, "đã trở lại với 18 mục", "archive", "--db", db, "--restore", code)
	vi(1, "Hồ sơ không nằm trong kho lưu trữ", "archive", "--db", db, "--restore", code)
	for _, verb := range [][]string{{"archive", "--restore"}, {"replay", "--case"}, {"replay", "--against", "built-in", "--case"}, {"replay", "--at", "1", "--then", "{}", "--case"}, {"export", "--to", out + "2", "--case"}} {
		vi(1, "Không hồ sơ nào có mã H26.0-000000-0000", append(verb, "H26.0-000000-0000", "--db", db)...)
	}
	ask(t, kept, `DROP TRIGGER entries_only_erase`)
	ask(t, kept, `UPDATE entries SET at = at + 1 WHERE seq = 5`)
	told := vi(1, "KHÔNG TỐT", "verify", "--db", kept)
	if !strings.Contains(told, " mục 5: mục không khớp với chuỗi") || strings.Contains(told, "entry") {
		t.Errorf("told as %s", told)
	}
	if _, err := os.Stat(out); err != nil {
		t.Error(err)
	}
	machine := says(t, 1, "entry does not match the chain", "--json", "verify", "--db", kept, "--lang", "vi")
	if strings.Contains(machine, "không") {
		t.Errorf("a program is told %s", machine)
	}
}
