package hide

import (
	"regexp"
	"strings"
)

// Forms that values have.
var (
	timeForm    = regexp.MustCompile(`^(\d{4}-\d{2}(-\d{2})?(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?|\d{2}:\d{2}(:\d{2})?)$`)
	caseForm    = regexp.MustCompile(`^[A-Z]\d{1,3}(\.\d+)*-\d{6}-\d{4,}(/\d+)*$`)
	wordForm    = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	hexForm     = regexp.MustCompile(`^[0-9a-f]{16,}$`)
	codeForm    = regexp.MustCompile(`^[A-ZĐ0-9]+([./_-][A-ZĐ0-9]+)*$`)
	cardForm    = regexp.MustCompile(`^[A-Z]{2}[0-9]{13}$`)
	phoneForm   = regexp.MustCompile(`^\+[0-9]{9,15}$`)
	keyEnd      = regexp.MustCompile(`(/\d+)+$`) // of a request: case/seq/n
	tokenForm   = regexp.MustCompile(`^[A-Za-z0-9:_.-]+$`)
	pointerForm = regexp.MustCompile(`^(/[a-z0-9_]+)+$`)
)

// fixed are the fields of the engine's own structures that hold versions and kinds.
var fixed = map[string]bool{"definition": true, "parameters": true, "calendar": true, "engine": true, "hash": true, "before": true, "version": true, "kind": true,
	"office": true, "home": true, "cutoff": true}

// personal are those that name somebody or hold somebody's words; in the engine's
// other fields a plain identifier is one of the definitions'.
var personal = map[string]bool{"id": true, "name": true, "phone": true, "email": true, "by": true, "person": true, "people": true, "account": true,
	"assignee": true, "to": true, "reason": true, "comment": true, "note": true, "about": true, "legal": true, "basis": true, "detail": true, "group": true}

// text replaces a text, or keeps it when it is known to say nothing about anybody.
func (c *caseHider) text(a at, s string) string {
	if new, ok := c.dict[s]; ok && !c.own[s] {
		return new
	}
	if c.harmless(a, s) {
		return s
	}
	if new, ok := c.formed[s]; ok {
		return new
	}
	if i := strings.LastIndexByte(s, '/'); i > 0 && isDigits(s[i+1:]) && len(s)-i <= 4 {
		if new, ok := c.formed[s[:i]]; ok { // a reference with the number of its turn
			return new + s[i:]
		}
	}
	if new := c.form(s); new != "" {
		c.formed[s] = new
		return new
	}
	if kind, rest, ok := strings.Cut(s, ":"); ok && c.own[kind] { // a duplicate key: service:value
		return kind + ":" + c.text(at{data: true}, rest)
	}
	if word, rest, ok := strings.Cut(s, "/"); ok && rest != "" && (c.own[word] || c.own[word+"/"]) { // a reference that an expression made of a word and a number
		return word + "/" + c.text(at{data: true}, rest)
	}
	switch {
	case a.key == "account" || a.key == "assignee" || a.key == "by":
		return c.account(s)
	case isName(a.key) && c.isWords(s):
		return c.key.name(s, c.sexes[s])
	}
	mark := c.key.hex("text", s, 8)
	switch {
	case strings.HasPrefix(s, "/"):
		return "/thay_" + mark
	case tokenForm.MatchString(s): // one that a form may want without spaces
		return "thay_" + mark
	}
	return "Thay " + mark
}

// form replaces a text whose form alone says how, wherever it stands; "" when it does
// not.
func (c *caseHider) form(s string) string {
	switch {
	case isDigits(s) && len(s) == 12:
		return c.key.person(s)
	case isDigits(s) && len(s) == 10:
		return c.key.ten(s)
	case isDigits(s):
		return c.key.digits("number", s)
	case cardForm.MatchString(s):
		return c.key.card(s)
	case phoneForm.MatchString(s):
		return "+" + c.key.digits("phone", s[1:])
	case strings.Contains(s, "@") && !strings.Contains(s, " "):
		return "nguoi." + c.key.hex("email", strings.ToLower(s), 8) + "@example.vn"
	case hexForm.MatchString(s):
		return c.key.hex("hex", s, len(s))
	case codeForm.MatchString(s):
		return c.key.code(s)
	}
	return ""
}

// harmless tells whether a text may stay as it is.
func (c *caseHider) harmless(a at, s string) bool {
	switch {
	case s == "" || c.own[s] || c.kept[keyEnd.ReplaceAllString(s, "")] || timeForm.MatchString(s) || caseForm.MatchString(s):
		return true
	case !a.data && a.key == "name" && a.parent == "data": // what an event keeps is called so
		return true
	case !a.data && (fixed[a.key] || wordForm.MatchString(s) && !personal[a.key]):
		return true
	case isDigits(s) && (len(s) <= 3 || len(s) == 5): // small numbers, and codes of provinces and communes
		return true
	case a.key == "ethnicity" || a.key == "nationality":
		for _, e := range ethnicities {
			if s == e {
				return true
			}
		}
		return false
	case pointerForm.MatchString(s):
		return c.ofWords(s[1:])
	}
	if office, ok := strings.CutPrefix(s, "office:"); ok {
		s = office
	}
	if _, ok := c.defs.OfficeByID(s); ok {
		return true
	}
	return c.ofWords(s)
}

// ofWords tells whether a text is made of the definitions' words and small numbers:
// the id of a timer or of an item.
func (c *caseHider) ofWords(s string) bool {
	if !strings.ContainsAny(s, "/-") {
		return false
	}
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return r == '/' || r == '-' }) {
		if !c.own[part] && !(isDigits(part) && len(part) <= 3) {
			return false
		}
	}
	return true
}
