package workflows

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"lienthong/engine"
)

//go:embed messages.yaml
var messagesFile []byte

// Messages is the catalogue of what people and offices are told. It is immutable
// and safe to share.
type Messages struct {
	words    map[string]engine.Text
	messages map[string]message
}

type message struct {
	Params  []string    `yaml:"params"`
	Subject engine.Text `yaml:"subject"`
	Text    engine.Text `yaml:"text"`
	Silent  []string    `yaml:"silent"` // parameters that only switch a segment on
}

// LoadMessages reads the embedded catalogue and checks that every text stands in
// both languages and names only its own parameters.
func LoadMessages() (*Messages, error) { return parseMessages(messagesFile) }

func parseMessages(text []byte) (*Messages, error) {
	var in struct {
		Words    map[string]engine.Text `yaml:"words"`
		Messages map[string]message     `yaml:"messages"`
	}
	if err := yaml.UnmarshalWithOptions(text, &in, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("workflows: messages.yaml: %w", err)
	}
	for _, what := range slices.Sorted(maps.Keys(in.Messages)) {
		m := in.Messages[what]
		for _, t := range []string{m.Subject.VI, m.Subject.EN, m.Text.VI, m.Text.EN} {
			if t == "" {
				return nil, fmt.Errorf("workflows: messages.yaml: %s: a text is missing in one language", what)
			}
			if err := m.check(t); err != nil {
				return nil, fmt.Errorf("workflows: messages.yaml: %s: %w", what, err)
			}
		}
	}
	return &Messages{words: in.Words, messages: in.Messages}, nil
}

// check finds unknown parameters and brackets that do not close.
func (m message) check(text string) error {
	rest, open := text, false
	for rest != "" {
		i := strings.IndexAny(rest, "[]{}")
		if i < 0 {
			break
		}
		c := rest[i]
		rest = rest[i+1:]
		switch {
		case c == '[' && !open:
			open = true
		case c == ']' && open:
			open = false
		case c == '{':
			name, after, ok := strings.Cut(rest, "}")
			if !ok || !slices.Contains(m.Params, name) {
				return fmt.Errorf("{%s} in %q is no parameter", name, text)
			}
			rest = after
		default:
			return fmt.Errorf("unexpected %q in %q", c, text)
		}
	}
	if open {
		return fmt.Errorf("%q has an open [", text)
	}
	return nil
}

// Render writes one notification in a language ("vi" or "en"; anything else is
// Vietnamese). Parameters that are absent leave out their segment; an unknown kind
// gives the kind itself, so that nobody is told nothing.
func (m *Messages) Render(what string, params map[string]any, lang string) (subject, text string) {
	if lang != "en" {
		lang = "vi"
	}
	msg, ok := m.messages[what]
	if !ok {
		code, _ := params["case"].(string)
		return what, strings.TrimSpace(what + " " + code)
	}
	value := func(name string) (string, bool) { return m.value(name, params[name], msg, lang) }
	return fill(msg.Subject.In(lang), value), fill(msg.Text.In(lang), value)
}

// value is a parameter as text; false when it is absent, empty or false.
func (m *Messages) value(name string, v any, msg message, lang string) (string, bool) {
	s := m.print(v, lang)
	if b, isBool := v.(bool); isBool {
		return "", b
	}
	if s == "" {
		return "", false
	}
	if slices.Contains(msg.Silent, name) {
		return "", true
	}
	return s, true
}

// print writes a parameter by its type.
func (m *Messages) print(v any, lang string) string {
	switch x := v.(type) {
	case string:
		if len(x) > 10 && x[10] == 'T' { // else it is no instant, and Parse would say so at length
			if t, err := time.Parse(time.RFC3339, x); err == nil {
				return engine.TimeIn(lang, t)
			}
		}
		if w, ok := m.words[x]; ok {
			return w.In(lang)
		}
		return x
	case engine.Text:
		return x.In(lang)
	case int:
		return engine.Grouped(int64(x), ".")
	case int64:
		return engine.Grouped(x, ".")
	case float64:
		return engine.Grouped(int64(x), ".") // what was an integer before it went through JSON
	case map[string]any:
		return m.printMap(x, lang)
	case []any:
		var parts []string
		for _, e := range x {
			if s := m.print(e, lang); s != "" {
				parts = append(parts, s)
			}
		}
		return strings.Join(parts, "; ")
	}
	return ""
}

// printMap writes a text in both languages, an item asked for, or a part of a case
// with its outcome.
func (m *Messages) printMap(x map[string]any, lang string) string {
	str := func(k string) string { s, _ := x[k].(string); return s }
	_, vi := x["vi"]
	_, en := x["en"]
	switch {
	case vi || en:
		return engine.Text{VI: str("vi"), EN: str("en")}.In(lang)
	case str("about") != "":
		about := str("about")
		if l := m.print(x["label"], lang); l != "" {
			about = l
		} else if strings.HasPrefix(about, "/") { // a pointer into the declaration is no word for people
			about = m.words["entry"].In(lang)
		}
		return join(about, " – ", str("reason"))
	case x["title"] != nil:
		return join(m.print(x["title"], lang), ": ", m.print(x["outcome"], lang))
	}
	return ""
}

func join(a, sep, b string) string {
	if b == "" {
		return a
	}
	return a + sep + b
}

// fill writes a template. A segment in brackets whose parameter is absent is left
// out; outside brackets an absent parameter leaves a dash.
func fill(template string, value func(string) (string, bool)) string {
	var out strings.Builder
	for template != "" {
		before, rest, found := strings.Cut(template, "[")
		s, _ := places(before, value)
		out.WriteString(s)
		if !found {
			break
		}
		segment, after, _ := strings.Cut(rest, "]")
		if s, whole := places(segment, value); whole {
			out.WriteString(s)
		}
		template = after
	}
	return out.String()
}

// places fills the parameters of a text and tells whether all were there.
func places(text string, value func(string) (string, bool)) (string, bool) {
	var out strings.Builder
	whole := true
	for {
		before, rest, found := strings.Cut(text, "{")
		out.WriteString(before)
		if !found {
			return out.String(), whole
		}
		name, after, _ := strings.Cut(rest, "}")
		s, ok := value(name)
		if !ok {
			whole, s = false, "–"
		}
		out.WriteString(s)
		text = after
	}
}
