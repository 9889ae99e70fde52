package portal

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// referencePages are the REST surface for people to read: its OpenAPI document as a page.
func (p *Portal) referencePages() []page {
	return []page{{pattern: "GET /docs", who: anyone, do: (*visit).referencePage}}
}

// surface is the OpenAPI document, as much as is shown.
type surface struct {
	Paths      map[string]map[string]operation `json:"paths"` // by path and method
	Components struct {
		Schemas map[string]schema `json:"schemas"`
	} `json:"components"`
}

// operation is one request that can be made.
type operation struct {
	Method, Path string `json:"-"`

	ID          string   `json:"operationId"`
	Summary     string   `json:"summary"`
	Description string   `json:"description"`
	Tags        []string `json:"tags"`
	Callers     []string `json:"x-callers"`
	Parameters  []struct {
		Name        string `json:"name"`
		In          string `json:"in"`
		Required    bool   `json:"required"`
		Description string `json:"description"`
		Schema      schema `json:"schema"`
	} `json:"parameters"`
	Body struct {
		Content map[string]media `json:"content"`
	} `json:"requestBody"`
	Responses map[string]struct {
		Description string           `json:"description"`
		Content     map[string]media `json:"content"`
	} `json:"responses"`
}

type media struct {
	Schema schema `json:"schema"`
}

// schema is a JSON Schema, as much as the document uses of it.
type schema struct {
	Ref         string            `json:"$ref"`
	Type        oneOrMore         `json:"type"`
	Format      string            `json:"format"`
	Description string            `json:"description"`
	Items       *schema           `json:"items"`
	Properties  map[string]schema `json:"properties"`
	Required    []string          `json:"required"`
	Enum        []any             `json:"enum"`
	More        json.RawMessage   `json:"additionalProperties"`
}

// oneOrMore is a text or a list of texts.
type oneOrMore []string

func (o *oneOrMore) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		return json.Unmarshal(b, (*[]string)(o))
	}
	var one string
	err := json.Unmarshal(b, &one)
	*o = oneOrMore{one}
	return err
}

// kind is a type in words: a name that has a place on the page, or JSON's own.
type kind struct {
	Before string // what stands before the name: "list of"
	Name   string
	Linked bool // Name is a schema of the page
	Values []any
}

// Kind says what a schema asks for.
func (s schema) Kind() kind {
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		return kind{Name: name, Linked: true}
	}
	plain := slices.DeleteFunc(slices.Clone([]string(s.Type)), func(t string) bool { return t == "null" })
	if slices.Equal(plain, []string{"array"}) && s.Items != nil {
		k := s.Items.Kind()
		k.Before = strings.TrimSpace("[] " + k.Before)
		return k
	}
	var of schema
	if json.Unmarshal(s.More, &of) == nil && (of.Ref != "" || len(of.Type) > 0) {
		k := of.Kind()
		k.Before = strings.TrimSpace("{} " + k.Before)
		return k
	}
	name := cmp.Or(strings.Join(plain, " | "), "any")
	if s.Format != "" {
		name += " (" + s.Format + ")"
	}
	return kind{Name: name, Values: s.Enum}
}

// Needs tells whether a property must be there.
func (s schema) Needs(property string) bool { return slices.Contains(s.Required, property) }

// operationGroup is what is asked about one thing.
type operationGroup struct {
	Tag        string
	Operations []operation
}

type referencePageData struct {
	Groups  []operationGroup
	Schemas map[string]schema
}

func (v *visit) referencePage() error {
	r, err := http.NewRequestWithContext(v.r.Context(), http.MethodGet, "/openapi.json", http.NoBody)
	if err != nil {
		return err
	}
	rec := &recorder{header: http.Header{}}
	if v.p.cfg.API.ServeHTTP(rec, r); rec.status/100 != 2 {
		return readProblem(rec)
	}
	var doc surface
	if err := decode(rec.body.Bytes(), &doc); err != nil {
		return err
	}
	return v.show(screen{page: "reference", title: v.t("reference.title"), wide: true,
		data: referencePageData{Groups: doc.groups(), Schemas: doc.Components.Schemas}})
}

// groups are the operations by what they are about, in the order of their paths.
func (d surface) groups() (out []operationGroup) {
	at := map[string]int{}
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		for _, method := range slices.Sorted(maps.Keys(d.Paths[path])) {
			o := d.Paths[path][method]
			o.Method, o.Path = strings.ToUpper(method), path
			tag := strings.Join(o.Tags, " ")
			if _, ok := at[tag]; !ok {
				at[tag] = len(out)
				out = append(out, operationGroup{Tag: tag})
			}
			g := &out[at[tag]]
			g.Operations = append(g.Operations, o)
		}
	}
	return out
}
