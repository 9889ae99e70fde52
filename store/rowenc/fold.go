package rowenc

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Bounds of what is indexed of one name or code; a query is cut the same way.
const (
	maxWords = 24 // of one name
	maxToken = 64 // bytes
)

// FoldText makes text comparable: decomposed, without marks, đ as d, lower-case.
// "Nguyễn Thị Đào" and "nguyen thi dao" fold to the same text.
func FoldText(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range norm.NFD.String(s) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case r == 'đ' || r == 'Đ':
			b.WriteByte('d')
		default:
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// Words splits text into folded words, in order, without repeats.
func Words(s string) []string {
	var out []string
	for _, w := range strings.FieldsFunc(FoldText(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if w = cut(w); !slices.Contains(out, w) {
			out = append(out, w)
		}
		if len(out) == maxWords {
			break
		}
	}
	return out
}

// FoldCode is how a code is looked up when somebody types it.
func FoldCode(code string) string { return cut(FoldText(strings.TrimSpace(code))) }

// cut shortens a token to what is indexed, at a border between characters.
func cut(w string) string {
	if len(w) <= maxToken {
		return w
	}
	n := maxToken
	for n > 0 && !utf8.RuneStart(w[n]) {
		n--
	}
	return w[:n]
}

// Text is what somebody typed into the search field: the code of a case, which finds
// that case alone, or words of names.
type Text struct {
	Words []string // every one must be a prefix of a word of a name
	Code  string   // the text as a code, folded
}

// ParseText prepares a search; false when the text asks for nothing.
func ParseText(s string) (Text, bool) {
	if strings.TrimSpace(s) == "" {
		return Text{}, false
	}
	return Text{Words: Words(s), Code: FoldCode(s)}, true
}

// Named tells whether a case with these words is found by them.
func (t Text) Named(words []string) bool {
	if len(t.Words) == 0 {
		return false
	}
	for _, w := range t.Words {
		if !slices.ContainsFunc(words, func(x string) bool { return strings.HasPrefix(x, w) }) {
			return false
		}
	}
	return true
}

// After is the first text that no word with the prefix reaches.
func After(prefix string) string { return prefix + "\U0010FFFF" }
