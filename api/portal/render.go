package portal

import (
	"bytes"
	"compress/gzip"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

//go:embed templates
var templateFiles embed.FS

// screen is one page to show.
type screen struct {
	page   string // templates/pages/<page>.html, which defines "main"
	part   string // a template of that page to show alone, for scripts; "" = the whole page
	status int    // 200 when zero
	title  string
	crumbs []crumb
	errors []fieldError // listed at the top; the field's id follows from its pointer
	wide   bool         // uses the whole width: tables, timelines
	data   any          // .D in the template
}

// crumb is one step of the way to a page; the page itself is not among them.
type crumb struct{ Title, Path string }

// frame is what every template gets.
type frame struct {
	Title  string
	Crumbs []crumb
	Errors []fieldError
	Wide   bool
	Me     *account
	Menu   []menuItem
	Demo   bool
	Here   string
	D      any
}

type menuItem struct {
	Word, Path string
	Current    bool
}

// kit is what the program brings along for its pages; nothing in it changes.
type kit struct {
	words   catalogue
	assets  *assets
	screens map[string]map[string]*template.Template // language → page → template
}

// loadKit reads it once, for every Portal of the process.
var loadKit = sync.OnceValues(func() (*kit, error) {
	k := &kit{}
	var err error
	if k.words, err = loadWords(); err != nil {
		return nil, err
	}
	if k.assets, err = loadAssets(); err != nil {
		return nil, err
	}
	k.screens, err = k.parse()
	return k, err
})

// parse reads the templates for each language, with the words bound to it.
func (k *kit) parse() (map[string]map[string]*template.Template, error) {
	pages, err := fs.Glob(templateFiles, "templates/pages/*.html")
	if err != nil {
		return nil, err
	}
	out := map[string]map[string]*template.Template{}
	for _, lang := range []string{vi, en} {
		root, err := template.New("layout").Funcs(k.functions(lang)).ParseFS(templateFiles, "templates/layout.html", "templates/parts/*.html")
		if err != nil {
			return nil, err
		}
		out[lang] = map[string]*template.Template{}
		for _, file := range pages {
			t, err := root.Clone()
			if err != nil {
				return nil, err
			}
			if t, err = t.ParseFS(templateFiles, file); err != nil {
				return nil, err
			}
			out[lang][strings.TrimSuffix(path.Base(file), ".html")] = t
		}
	}
	return out, nil
}

// functions are what templates may call.
func (k *kit) functions(lang string) template.FuncMap {
	return template.FuncMap{
		"lang": func() string { return lang },
		"t":    func(key string, args ...any) string { return k.words.say(lang, key, args...) },
		"tg": func(group string, key any, args ...any) string {
			return k.words.say(lang, group+"."+fmt.Sprint(key), args...)
		},
		"tx":      func(t any) string { return textOf(t).In(lang) },
		"when":    when,
		"day":     day,
		"money":   money,
		"asset":   k.assets.path,
		"dict":    dict,
		"list":    func(v ...any) []any { return v },
		"id":      fieldID,
		"add":     func(a, b int) int { return a + b },
		"lower":   lowerFirst,
		"trouble": troubleOf,
	}
}

// textOf is a Text or *Text as a Text.
func textOf(v any) Text {
	switch x := v.(type) {
	case Text:
		return x
	case *Text:
		if x != nil {
			return *x
		}
	}
	return Text{}
}

// dict makes a map of pairs, for a part that needs more than one value.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, errors.New("dict: a key without a value")
	}
	m := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		k, ok := pairs[i].(string)
		if !ok {
			return nil, errors.New("dict: a key is not a word")
		}
		m[k] = pairs[i+1]
	}
	return m, nil
}

// fieldID is the id of the field at a JSON Pointer: "/child/name" is "f-child-name".
func fieldID(pointer string) string {
	var b strings.Builder
	b.WriteString("f")
	for _, r := range pointer {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_':
			b.WriteRune(r)
		default:
			b.WriteByte('-')
		}
	}
	return b.String()
}

// show renders a screen. What cannot be rendered is an error, and nothing was sent.
func (v *visit) show(s screen) error {
	t := v.p.screens[v.lang][s.page]
	if t == nil {
		return fmt.Errorf("portal: no page %q", s.page)
	}
	name := s.part
	if name == "" {
		name = "layout.html"
	}
	f := frame{Title: s.title, Crumbs: s.crumbs, Errors: s.errors, Wide: s.wide, Me: v.me, Menu: v.menu(), Demo: v.p.cfg.Demo, Here: v.here, D: s.data}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, name, f); err != nil {
		return fmt.Errorf("portal: page %s: %w", s.page, err)
	}
	if s.status == 0 {
		s.status = http.StatusOK
	}
	v.w.Header().Set("Content-Language", v.lang)
	v.write(s.status, "text/html; charset=utf-8", b.Bytes())
	return nil
}

// menu is the header's entries for this visitor.
func (v *visit) menu() []menuItem {
	var out []menuItem
	for _, e := range v.p.menu {
		if e.who.admits(v.me) {
			out = append(out, menuItem{Word: v.p.words.say(v.lang, e.word), Path: e.path, Current: v.r.URL.Path == e.path})
		}
	}
	return out
}

// smallest is the size below which compressing does not pay.
const smallest = 1024

var zippers = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

// write sends a body, compressed when the browser takes it.
func (v *visit) write(status int, kind string, body []byte) {
	h := v.w.Header()
	h.Set("Content-Type", kind)
	h.Add("Vary", "Accept-Encoding, Cookie, Accept-Language")
	if len(body) >= smallest && acceptsGzip(v.r) {
		var b bytes.Buffer
		z := zippers.Get().(*gzip.Writer)
		z.Reset(&b)
		_, err := z.Write(body)
		if err = errors.Join(err, z.Close()); err == nil { // a buffer takes everything
			body = b.Bytes()
			h.Set("Content-Encoding", "gzip")
		}
		zippers.Put(z)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	v.w.WriteHeader(status)
	if v.r.Method != http.MethodHead {
		_, _ = v.w.Write(body) // the browser has gone: nobody to tell
	}
}

// acceptsGzip reads Accept-Encoding.
func acceptsGzip(r *http.Request) bool {
	for _, e := range strings.Split(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(e), ";")
		if name == "gzip" {
			q, err := strconv.ParseFloat(strings.TrimPrefix(strings.TrimSpace(weight), "q="), 64)
			return weight == "" || err != nil || q > 0
		}
	}
	return false
}
