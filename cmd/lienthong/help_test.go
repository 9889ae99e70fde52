package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"
)

// Every verb, argument and flag has help in both languages: one without a phrase of its
// own fails here.
func TestEveryHelpHasAPhrase(t *testing.T) {
	parser, err := kong.New(&commands{})
	if err != nil {
		t.Fatal(err)
	}
	own := map[string]string{}
	if err := yaml.Unmarshal(phrasesYAML, &own); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, c := range parser.Model.Children {
		everyHelp(c, func(help *string) {
			seen++
			if vi := own[*help]; vi == "" || lineInVietnamese(*help) != vi {
				t.Errorf("%s: %q has no phrase, or another one is taken: %q", c.Name, *help, lineInVietnamese(*help))
			}
		})
	}
	if seen < 150 {
		t.Errorf("only %d texts of help were found", seen)
	}
}

// Help is in the language that is asked for wherever --lang stands, also where no verb
// takes it, and in the machine's without it.
func TestHelpInBothLanguages(t *testing.T) {
	english := regexp.MustCompile(`Usage|Flags:|Commands:|Arguments:|for more|\[flags\]|<command>| the | of `)
	for _, c := range []struct {
		locale, args, want string
		english            bool
	}{
		{"C", "--help --lang vi", "Cách dùng: lienthong <lệnh> [cờ]", false},
		{"C", "--lang=vi -h", "Chạy \"lienthong <lệnh> --help\"", false},
		{"C", "bench growth --help --lang vi", "Số hồ sơ đã kết thúc.", false},
		{"C", "diagram --lang vi --help", "Đối số:", false},
		{"C", "--about --lang vi", "định dạng cơ sở dữ liệu đến", false},
		{"vi_VN.UTF-8", "serve --help", "Máy chủ.", false},
		{"vi_VN.UTF-8", "definitions --help --lang en", "Usage: lienthong definitions <command> [flags]", true},
		{"C", "verify --help", "Check a whole database", true},
	} {
		t.Setenv("LC_ALL", c.locale)
		code, out, errs := lienthong(t, strings.Fields(c.args)...)
		if code != 0 || errs != "" || !strings.Contains(out, c.want) {
			t.Errorf("%s in %s: exit %d, %s, want %q in %s", c.args, c.locale, code, errs, c.want, out)
		}
		if left := english.FindString(out); (left != "") != c.english {
			t.Errorf("%s in %s says %q: %s", c.args, c.locale, left, out)
		}
	}
}
