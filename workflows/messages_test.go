package workflows

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// noteKinds reads the engine's Note… constants from its source, so that a new kind
// without a text fails here.
func noteKinds(t *testing.T) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "../engine/event.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	ast.Inspect(f, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		for i, name := range v.Names {
			if strings.HasPrefix(name.Name, "Note") && i < len(v.Values) {
				if lit, ok := v.Values[i].(*ast.BasicLit); ok {
					s, err := strconv.Unquote(lit.Value)
					if err != nil {
						t.Fatal(err)
					}
					out = append(out, s)
				}
			}
		}
		return true
	})
	if len(out) < 20 {
		t.Fatalf("only %d kinds found", len(out))
	}
	slices.Sort(out)
	return out
}

func TestEveryNotificationHasAText(t *testing.T) {
	m, err := LoadMessages()
	if err != nil {
		t.Fatal(err)
	}
	kinds := slices.Sorted(maps.Keys(m.messages))
	if want := noteKinds(t); !slices.Equal(kinds, want) {
		t.Errorf("messages.yaml has %v, the engine tells %v", kinds, want)
	}
	for _, kind := range kinds {
		for _, lang := range []string{"vi", "en"} {
			subject, text := m.Render(kind, nil, lang)
			if subject == "" || text == "" || strings.ContainsAny(subject+text, "[]{}") {
				t.Errorf("%s in %s without parameters: %q, %q", kind, lang, subject, text)
			}
		}
	}
}

func TestRenderFormatsByType(t *testing.T) {
	m, err := LoadMessages()
	if err != nil {
		t.Fatal(err)
	}
	step := map[string]any{"vi": "Khai sinh", "en": "Birth"}
	office := map[string]any{"vi": "UBND phường Ba Đình", "en": "Ba Đình Ward"}
	tests := []struct {
		what, lang string
		params     map[string]any
		want       string
	}{
		{"fee", "vi", map[string]any{"case": "H1", "amount": int64(1234567), "until": "2026-09-07T10:00:00Z"}, "Hồ sơ H1 cần nộp lệ phí 1.234.567 đồng trước 17:00 ngày 07/09/2026. Hồ sơ được xử lý sau khi nộp."},
		{"fee", "en", map[string]any{"case": "H1", "amount": 20000.0}, "Application H1 needs a fee of 20.000 đồng. It is handled once the fee is paid."},
		{"received", "en", map[string]any{"code": "D1", "subject": "An", "step": step, "office": office}, "Ba Đình Ward received dossier D1 (Birth) for An."},
		{"supplement", "vi", map[string]any{"code": "D1", "subject": "An", "step": step, "office": office,
			"items": []any{map[string]any{"id": "1", "about": "Giấy chứng sinh", "reason": "mờ"}, map[string]any{"about": "CT01"}, map[string]any{"about": "/child/name", "reason": "khác giấy chứng sinh"}}},
			"UBND phường Ba Đình đề nghị bổ sung hồ sơ D1 của An: Giấy chứng sinh – mờ; CT01; một mục của tờ khai – khác giấy chứng sinh. Thời hạn giải quyết tạm dừng trong khi chờ bạn."},
		{"supplement", "en", map[string]any{"code": "D1", "subject": "An", "office": office,
			"items": []any{map[string]any{"about": "/mother/name", "label": map[string]any{"vi": "Họ tên (Mẹ)", "en": "Name (Mother)"}, "reason": "typing error"}}},
			"Ba Đình Ward asks you to complete dossier D1 for An: Name (Mother) – typing error. The time limit stands still while you do."},
		{"ended", "en", map[string]any{"case": "H1", "subject": "An", "outcome": "completed_in_part",
			"parts": []any{map[string]any{"step": "birth", "title": step, "outcome": "success"}}}, "Application H1 for An ended: completed in part. Birth: done."},
		{"review", "en", map[string]any{"of": step, "code": "D1", "step": step, "subject": "An", "annulled": true}, "The result of “Birth”, which dossier D1 (Birth) for An was made from, has changed. It was annulled. Keep, amend or annul yours."},
		{"review", "en", map[string]any{"of": step, "code": "D1", "step": step, "subject": "An", "annulled": false}, "The result of “Birth”, which dossier D1 (Birth) for An was made from, has changed. Keep, amend or annul yours."},
		{"returned", "en", map[string]any{"code": "D1", "step": step, "subject": "An", "office": office, "from": "card"}, "Dossier D1 (Birth) for An came to Ba Đình Ward. “card” found that the result needs correction."},
		{"no_such_kind", "fr", map[string]any{"case": "H1"}, "no_such_kind H1"},
	}
	for _, x := range tests {
		if _, got := m.Render(x.what, x.params, x.lang); got != x.want {
			t.Errorf("%s in %s:\n got %q\nwant %q", x.what, x.lang, got, x.want)
		}
	}
}

func TestBadCatalogueIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"unknown parameter": `messages: {filed: {params: [case], subject: {vi: "{x}", en: a}, text: {vi: a, en: a}}}`,
		"missing language":  `messages: {filed: {params: [case], subject: {vi: a}, text: {vi: a, en: a}}}`,
		"open bracket":      `messages: {filed: {params: [case], subject: {vi: "[a", en: a}, text: {vi: a, en: a}}}`,
		"unknown member":    `messages: {filed: {colour: red}}`,
	} {
		if _, err := parseMessages([]byte(text)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
