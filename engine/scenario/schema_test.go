package scenario

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"slices"
	"testing"
)

var update = flag.Bool("update", false, "write the published schema")

const published = "../../workflows/scenario.schema.json"

// The published schema is what the language is.
func TestPublishedSchema(t *testing.T) {
	want, err := publishedSchema()
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *update {
		if err := os.WriteFile(published, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(published)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the language is; go test ./engine/scenario -update", published)
	}
}

// No form of a word is a form of another one.
func TestWordsAreDistinct(t *testing.T) {
	for name, table := range map[string]map[string][]string{"keys": keys, "roles": roles, "manners": manners, "channels": channels, "standings": standings} {
		seen := map[string]string{}
		for word, forms := range table {
			for _, f := range append([]string{word}, forms...) {
				if fold(f) != f {
					t.Errorf("%s: %q is not written as it is looked up", name, f)
				}
				if other, twice := seen[f]; twice {
					t.Errorf("%s: %q means %s and %s", name, f, word, other)
				}
				seen[f] = word
			}
		}
	}
}

// publishedSchema is the published JSON Schema of scenario files: what an editor completes
// and underlines. Ids of parts, actions and states are not in it.
func publishedSchema() ([]byte, error) {
	anything := map[string]any{}
	text := map[string]any{"type": []any{"string", "number", "boolean"}}
	list := map[string]any{"anyOf": []any{text, map[string]any{"type": "array", "items": text}}}
	title := object(map[string]any{"vi": text, "en": text})
	file := object(map[string]any{"example": text, "change": free(anything), "by": text, "for": text, "as": list, "through": text}, "example")
	lineFields := map[string]any{}
	for _, k := range kinds {
		for _, w := range append(slices.Clone(k.must), k.may...) {
			lineFields[w] = anything
		}
	}
	for _, w := range []string{"when", "does", "part", "at", "refused", "says", "case", "agency", "answers", "after", "until", "note", "files", "for", "through", "record", "of"} {
		lineFields[w] = text
	}
	lineFields["completes"], lineFields["as"], lineFields["operation"], lineFields["tell"] = list, list, list, list
	lineFields["change"], lineFields["holds"] = free(anything), free(anything)
	lineFields["then"] = free(anything)
	for _, w := range thens { // parts stand beside them
		for _, form := range forms(w) {
			lineFields["then"].(map[string]any)["properties"].(map[string]any)[form] = anything
		}
	}
	var oneKind []any
	for _, k := range kinds {
		oneKind = append(oneKind, needs(k.must))
	}
	oneKind = append(oneKind, map[string]any{"maxProperties": 1})
	line := object(lineFields)
	line["anyOf"] = oneKind
	kept := object(map[string]any{"agency": text, "record": text, "of": text, "holds": free(anything), "note": text}, "agency", "record", "of", "holds")
	given := object(map[string]any{"at": text, "register": map[string]any{"type": "array", "items": kept}, "people": free(text), "unpaid": text, "note": text,
		"staff": free(object(map[string]any{"office": text, "roles": list}, "office", "roles")),
		"case":  map[string]any{"anyOf": []any{text, file}}}, "at")
	top := object(map[string]any{"scenario": map[string]any{"anyOf": []any{text, title}}, "law": list, "given": given,
		"story": map[string]any{"type": "array", "items": line}}, "scenario", "given", "story")
	top["$schema"], top["title"] = "https://json-schema.org/draft/2020-12/schema", "Liên Thông scenario"
	return json.MarshalIndent(top, "", " ")
}

func forms(word string) []string { return append([]string{word}, keys[word]...) }

// object allows every form of the words, and nothing else.
func object(props map[string]any, required ...string) map[string]any {
	all := map[string]any{}
	for w, s := range props {
		for _, f := range forms(w) {
			all[f] = s
		}
	}
	o := map[string]any{"type": "object", "additionalProperties": false, "properties": all}
	if len(required) > 0 {
		o["allOf"] = needs(required)["allOf"]
	}
	return o
}

// free is a map with keys of the writer's own.
func free(values map[string]any) map[string]any {
	return map[string]any{"type": "object", "properties": map[string]any{}, "additionalProperties": values}
}

// needs says that one form of each word is there.
func needs(words []string) map[string]any {
	var all []any
	for _, w := range words {
		var required []any
		for _, f := range forms(w) {
			required = append(required, map[string]any{"required": []any{f}})
		}
		all = append(all, map[string]any{"anyOf": required})
	}
	return map[string]any{"allOf": all}
}
