package portal

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"lienthong/api/portal/form"
)

//go:embed words/*.yaml
var wordFiles embed.FS

// Text is a sentence in both languages.
type Text struct {
	VI string `json:"vi" yaml:"vi"`
	EN string `json:"en" yaml:"en"`
}

// In is the text in a language, or in the other one when it is missing.
func (t Text) In(lang string) string {
	if lang == en && t.EN != "" || t.VI == "" {
		return t.EN
	}
	return t.VI
}

// IsZero tells whether there is no text.
func (t Text) IsZero() bool { return t == Text{} }

// catalogue holds the words of the pages by key; see places for what they hold.
type catalogue map[string]saying

// saying is a text and its place among all.
type saying struct {
	Text
	place int
}

// loadWords reads every file of words; a key stands in one of them, in both
// languages.
func loadWords() (catalogue, error) {
	all := catalogue{}
	files, err := fs.Glob(wordFiles, "words/*.yaml")
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		b, err := wordFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var some map[string]Text
		var order yaml.MapSlice
		if err := errors.Join(yaml.UnmarshalWithOptions(b, &some, yaml.Strict()), yaml.Unmarshal(b, &order)); err != nil {
			return nil, fmt.Errorf("portal: %s: %w", name, err)
		}
		for _, item := range order {
			key := fmt.Sprint(item.Key)
			t := some[key]
			if _, twice := all[key]; twice || t.VI == "" || t.EN == "" {
				return nil, fmt.Errorf("portal: %s: %q stands twice or lacks a language", name, key)
			}
			all[key] = saying{t, len(all)}
		}
	}
	return all, nil
}

// places are {0} for a value, and {0:day|days} for the word that goes with it: the
// first beside one, the second beside any other. Vietnamese needs no second.
var places = regexp.MustCompile(`\{(\d)(?::([^{|}]*)\|([^{|}]*))?\}`)

// say is the text of a key with its places filled; the key itself when there is none.
func (c catalogue) say(lang, key string, args ...any) string {
	t, ok := c[key]
	if !ok {
		return key
	}
	s := t.In(lang)
	if len(args) == 0 {
		return s
	}
	var b strings.Builder
	last := 0
	for _, m := range places.FindAllStringSubmatchIndex(s, -1) {
		b.WriteString(s[last:m[0]])
		last = m[1]
		i := int(s[m[2]] - '0')
		switch {
		case i >= len(args): // the text asks for more than it gets: it is shown as it stands
			b.WriteString(s[m[0]:m[1]])
		case m[4] < 0:
			b.WriteString(fmt.Sprint(args[i]))
		case fmt.Sprint(args[i]) == "1":
			b.WriteString(s[m[4]:m[5]])
		default:
			b.WriteString(s[m[6]:m[7]])
		}
	}
	return b.String() + s[last:]
}

// t is the text of a key; tg of a key that a value completes: tg("status", "open").
// Keys are written out where they are used, so that a test can tell the unused.
func (v *visit) t(key string, args ...any) string { return v.p.words.say(v.lang, key, args...) }

func (v *visit) tg(group, key string, args ...any) string {
	return v.p.words.say(v.lang, group+"."+key, args...)
}

// word is tg where the value may have no word.
func (v *visit) word(group, key string) (string, bool) {
	t, ok := v.p.words[group+"."+key]
	return t.In(v.lang), ok
}

// Time is an instant of the surface.
type Time struct{ time.Time }

// zone is Vietnam's; it has had no summer time since 1975.
var zone = time.FixedZone("+07", 7*3600)

// when writes an instant: 07/09/2026 17:00.
func when(t Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(zone).Format("02/01/2006 15:04")
}

// day writes an instant's day, or a plain date such as 2026-09-07: 07/09/2026.
func day(v any) string {
	switch x := v.(type) {
	case Time:
		if x.IsZero() {
			return ""
		}
		return x.In(zone).Format("02/01/2006")
	case string:
		if t, err := time.Parse(time.DateOnly, x); err == nil {
			return t.Format("02/01/2006")
		}
		return x
	}
	return fmt.Sprint(v)
}

// isoDay is a day that somebody typed, as the surface wants it: 2026-09-07. What is no
// day stays as it is.
func isoDay(typed string) string {
	s, _ := form.Read(form.Date, typed).(string)
	return s
}

// money writes an amount: 1.234.567 đ.
func money(n int64) string {
	return grouped(strconv.FormatInt(n, 10)) + " đ"
}

// grouped writes a whole number as people here do: 1.234.567. Anything else stays.
func grouped(s string) string {
	if _, err := strconv.ParseInt(s, 10, 64); err != nil {
		return s
	}
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "." + s[i:]
	}
	return sign + s
}
