package main

import (
	_ "embed"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"

	"lienthong/engine"
)

//go:embed phrases.yaml
var phrasesYAML []byte

// phrase is a sentence of the store and how it is said in Vietnamese.
type phrase struct {
	is *regexp.Regexp
	vi string
}

var place = regexp.MustCompile(`\\\{\d\\\}`)

// phrases are read once, in the order of the file.
var phrases = sync.OnceValue(func() []phrase {
	var list yaml.MapSlice
	if err := yaml.Unmarshal(phrasesYAML, &list); err != nil {
		panic(err) // a file of this binary: a test reads it
	}
	out := make([]phrase, len(list))
	for i, x := range list {
		en := regexp.QuoteMeta(fmt.Sprint(x.Key))
		out[i] = phrase{regexp.MustCompile("^" + place.ReplaceAllString(en, "(.+?)") + "$"), fmt.Sprint(x.Value)}
	}
	return out
})

// inVietnamese says in Vietnamese what the store says in English: line by line, after
// the names that stand before a colon. What has no phrase stays as it is.
func inVietnamese(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		rest := strings.TrimLeft(line, " ")
		lines[i] = line[:len(line)-len(rest)] + lineInVietnamese(rest)
	}
	return strings.Join(lines, "\n")
}

func lineInVietnamese(s string) string {
	head, rest, more := strings.Cut(s, ": ")
	if more && (head == "sqlite" || head == "heads" || head == "transfer" || head == "calendar" || head == "bench" || head == "growth") { // who says it is for logs
		return lineInVietnamese(rest)
	}
	if vi, ok := phrased(s, !more); ok {
		return vi
	}
	if !more {
		return s
	}
	if vi, ok := phrased(head, true); ok {
		head = vi
	}
	return head + ": " + lineInVietnamese(rest)
}

// phrased is a sentence that has a phrase. One with a colon is not read as the end of
// a name: "{0} exists" is no phrase for "a: b exists".
func phrased(s string, plain bool) (string, bool) {
	for _, p := range phrases() {
		m := p.is.FindStringSubmatch(s)
		if m == nil || !plain && len(m) > 1 && strings.Contains(m[1], ": ") && !strings.HasSuffix(p.is.String(), ": (.+?)$") {
			continue
		}
		vi := p.vi
		for i, x := range m[1:] {
			vi = strings.ReplaceAll(vi, "{"+strconv.Itoa(i)+"}", lineInVietnamese(x))
		}
		return vi, true
	}
	return "", false
}

// errorIn is an error in a language: an error of the engine has a text in both, what
// the store says of files has phrases.
func errorIn(err error, lang string) string {
	text := err.Error()
	if lang != "vi" {
		return text
	}
	if e, ok := asEngineError(err); ok && e.Detail.VI != "" {
		vi := e.Detail.VI
		if e.Case != "" {
			vi += " (" + e.Case + ")"
		}
		for _, p := range e.Problems {
			vi += "; " + p.Pointer + ": " + p.Detail.VI
		}
		if e.Err != nil {
			vi += ": " + inVietnamese(e.Err.Error())
		}
		text = strings.Replace(text, e.Error(), vi, 1)
	}
	return inVietnamese(text)
}

// say is one of two texts, in the language that was asked for.
func (e *env) say(vi, en string) string { return engine.Text{VI: vi, EN: en}.In(e.lang) }

// of is what the store says, in the language that was asked for.
func (e *env) of(text string) string {
	if e.lang == "vi" {
		return inVietnamese(text)
	}
	return text
}

// spoken is the language of a verb that writes for people.
type spoken struct {
	Lang string `help:"Language: vi or en." enum:"vi,en" default:"vi"`
}
