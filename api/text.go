package api

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/text/language"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

// The languages of the product; Vietnamese is the first and the default.
const (
	vi = "vi"
	en = "en"
)

var languages = language.NewMatcher([]language.Tag{language.Vietnamese, language.English})

// languageOf chooses the language of an answer from an Accept-Language header.
func languageOf(header string) string {
	if len(header) > 500 { // parsing a list costs time that a caller should not choose
		return vi
	}
	tags, _, err := language.ParseAcceptLanguage(header)
	if err != nil || len(tags) == 0 {
		return vi
	}
	if _, i, c := languages.Match(tags...); i == 1 && c != language.No {
		return en
	}
	return vi
}

// Text is a sentence in both languages.
type Text = engine.Text

// Time is an instant that is written in Vietnam's zone.
type Time struct{ time.Time }

// MarshalJSON writes RFC 3339 with +07:00.
func (t Time) MarshalJSON() ([]byte, error) { return t.AppendTo(nil), nil }

// AppendTo writes the same.
func (t Time) AppendTo(b []byte) []byte {
	return append(t.In(calendar.Zone).AppendFormat(append(b, '"'), time.RFC3339Nano), '"')
}

// Schema describes the instant in the OpenAPI document.
func (Time) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: "string", Format: "date-time", Examples: []any{"2026-09-07T09:30:00+07:00"}}
}

func at(t time.Time) Time { return Time{t} }

// inZone rewrites every RFC 3339 instant in UTC inside a plain value, in place, so
// that history reads like the rest of the surface.
func inZone(v any) any {
	switch x := v.(type) {
	case map[string]any:
		for k, e := range x {
			x[k] = inZone(e)
		}
	case []any:
		for i, e := range x {
			x[i] = inZone(e)
		}
	case string:
		if len(x) >= 20 && len(x) <= 35 && strings.HasSuffix(x, "Z") {
			if t, err := time.Parse(time.RFC3339Nano, x); err == nil {
				return t.In(calendar.Zone).Format(time.RFC3339Nano)
			}
		}
	}
	return v
}

// Ordered is a compact JSON object written as it stands, its members in their order.
type Ordered json.RawMessage

// MarshalJSON writes the object.
func (o Ordered) MarshalJSON() ([]byte, error) { return o, nil }

// AppendTo writes the same.
func (o Ordered) AppendTo(b []byte) []byte { return append(b, o...) }

// Schema describes the object as open.
func (Ordered) Schema(r huma.Registry) *huma.Schema { return Object{}.Schema(r) }

// Object is a JSON object whose members a form describes, not this document.
type Object map[string]any

// Schema describes the object as open.
func (Object) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: "object", AdditionalProperties: true}
}
