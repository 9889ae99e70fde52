package machine

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// typeSet tells the checker the fields of records; at run time they are plain
// maps. A record type is named by its content, so that two forms with the same
// fields have the same type.
type typeSet struct {
	types.Provider
	records map[string]*record
	schemas map[*schema]*cel.Type
}

type record struct {
	fields map[string]*field
}

type field struct {
	typ      *cel.Type
	optional bool
	access   *types.FieldType
}

// fieldSpec describes a field of a record to be made.
type fieldSpec struct {
	typ      *cel.Type
	optional bool
}

// make returns the type of a record with these fields.
func (ts *typeSet) make(fields map[string]fieldSpec) *cel.Type {
	var sig strings.Builder
	for _, name := range keysOf(fields) {
		f := fields[name]
		fmt.Fprintf(&sig, "%s?%t:%s;", name, f.optional, f.typ)
	}
	sum := sha256.Sum256([]byte(sig.String()))
	name := "record_" + hex.EncodeToString(sum[:6])
	if ts.records[name] == nil {
		r := &record{fields: make(map[string]*field, len(fields))}
		for n, f := range fields {
			r.fields[n] = &field{typ: f.typ, optional: f.optional, access: access(n, f.typ)}
		}
		ts.records[name] = r
	}
	return cel.ObjectType(name)
}

// record returns what is known of a type, or nil when it is not a record.
func (ts *typeSet) record(t *cel.Type) *record {
	if t == nil || t.Kind() != types.StructKind {
		return nil
	}
	return ts.records[t.TypeName()]
}

// FindStructType implements types.Provider.
func (ts *typeSet) FindStructType(name string) (*types.Type, bool) {
	if _, ok := ts.records[name]; ok {
		return types.NewTypeTypeWithParam(types.NewObjectType(name)), true
	}
	return ts.Provider.FindStructType(name)
}

// FindStructFieldNames implements types.Provider.
func (ts *typeSet) FindStructFieldNames(name string) ([]string, bool) {
	if r, ok := ts.records[name]; ok {
		return keysOf(r.fields), true
	}
	return ts.Provider.FindStructFieldNames(name)
}

// FindStructFieldType implements types.Provider.
func (ts *typeSet) FindStructFieldType(name, fieldName string) (*types.FieldType, bool) {
	if r, ok := ts.records[name]; ok {
		f, ok := r.fields[fieldName]
		if !ok {
			return nil, false
		}
		return f.access, true
	}
	return ts.Provider.FindStructFieldType(name, fieldName)
}

// access reads a field of a plain map. A null counts as absent.
func access(name string, t *cel.Type) *types.FieldType {
	return &types.FieldType{
		Type: t,
		IsSet: func(target any) bool {
			v, ok := fieldOf(target, name)
			return ok && v != nil
		},
		GetFrom: func(target any) (any, error) {
			v, ok := fieldOf(target, name)
			if !ok {
				return nil, fmt.Errorf("no such key: %s", name)
			}
			return coerce(v, t), nil
		},
	}
}

func fieldOf(target any, name string) (any, bool) {
	if v, ok := target.(ref.Val); ok {
		if m, ok := v.(traits.Mapper); ok {
			if v, ok := m.Find(types.String(name)); ok {
				return v, v.Type() != types.NullType
			}
			return nil, false
		}
		target = v.Value()
	}
	switch m := target.(type) {
	case map[string]any:
		v, ok := m[name]
		return v, ok
	case map[ref.Val]ref.Val:
		v, ok := m[types.String(name)]
		return v, ok && v.Type() != types.NullType
	}
	return nil, false
}

// coerce mends what JSON cannot tell apart: whole numbers in fields of type
// number, and instants, which are text in stored history.
func coerce(v any, t *cel.Type) any {
	switch t.Kind() {
	case types.DoubleKind:
		if n, ok := v.(int64); ok {
			return float64(n)
		}
	case types.IntKind:
		if f, ok := v.(float64); ok && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
			return int64(f)
		}
	case types.TimestampKind:
		if s, ok := v.(string); ok {
			if at, err := time.Parse(time.RFC3339Nano, s); err == nil {
				return at
			}
		}
	}
	return v
}

// shaper derives types from a stand-alone JSON Schema.
type shaper struct {
	*typeSet
	root any
	open map[string]bool // references being followed
	memo map[string]*cel.Type
}

// ofSchema is the type of the values of a schema; dyn when there is none.
func (ts *typeSet) ofSchema(s *schema) *cel.Type {
	if s == nil {
		return cel.DynType
	}
	t := ts.schemas[s]
	if t == nil {
		sh := &shaper{typeSet: ts, root: s.root, open: map[string]bool{}, memo: map[string]*cel.Type{}}
		t = sh.typeOf(s.root)
		ts.schemas[s] = t
	}
	return t
}

// shape is what a schema and everything it pulls in says about a value.
type shape struct {
	kinds  []string
	others []string // of alternatives, when the schema itself names none
	props  map[string][]any
	sure   map[string]bool // required
	items  any
	prefix bool
	extra  any
}

// gather adds a schema to a shape; certain is false for alternatives.
func (sh *shaper) gather(out *shape, s any, certain bool, depth int) {
	m, ok := s.(map[string]any)
	if !ok || depth > 16 {
		return
	}
	if own := kindsOf(m); certain && len(out.kinds) == 0 {
		out.kinds = own
	} else if !certain {
		out.others = append(out.others, own...)
	}
	props, _ := m["properties"].(map[string]any)
	for name, p := range props {
		out.props[name] = append(out.props[name], p)
	}
	if req, ok := m["required"].([]any); ok && certain {
		for _, r := range req {
			if name, ok := r.(string); ok {
				out.sure[name] = true
			}
		}
	}
	if m["items"] != nil && out.items == nil {
		out.items = m["items"]
	}
	out.prefix = out.prefix || m["prefixItems"] != nil
	if _, ok := m["additionalProperties"].(map[string]any); ok && out.extra == nil {
		out.extra = m["additionalProperties"]
	}
	if r, ok := m["$ref"].(string); ok {
		sh.gather(out, resolve(sh.root, r), certain, depth+1)
	}
	for _, kw := range []string{"allOf", "anyOf", "oneOf"} {
		l, _ := m[kw].([]any)
		for _, e := range l {
			sh.gather(out, e, certain && kw == "allOf", depth+1)
		}
	}
	for _, kw := range []string{"then", "else"} {
		sh.gather(out, m[kw], false, depth+1)
	}
	if deps, ok := m["dependentSchemas"].(map[string]any); ok {
		for _, name := range keysOf(deps) {
			sh.gather(out, deps[name], false, depth+1)
		}
	}
}

// kindsOf lists the JSON types that a schema names or implies.
func kindsOf(m map[string]any) []string {
	switch t := m["type"].(type) {
	case string:
		return []string{t}
	case []any:
		var out []string
		for _, e := range t {
			if s, ok := e.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	values, _ := m["enum"].([]any)
	if c, ok := m["const"]; ok {
		values = []any{c}
	}
	var out []string
	for _, v := range values {
		k := ""
		switch v := v.(type) {
		case string:
			k = "string"
		case bool:
			k = "boolean"
		case interface{ String() string }: // json.Number
			k = "number"
			if !strings.ContainsAny(v.String(), ".eE") {
				k = "integer"
			}
		}
		if !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	return out
}

// typeOf is the type of a schema's values.
func (sh *shaper) typeOf(s any) *cel.Type {
	m, ok := s.(map[string]any)
	if !ok {
		return cel.DynType
	}
	if r, ok := m["$ref"].(string); ok && len(m) == 1 {
		if t := sh.memo[r]; t != nil {
			return t
		}
		if sh.open[r] { // a form that holds itself
			return cel.DynType
		}
		sh.open[r] = true
		t := sh.typeOf(resolve(sh.root, r))
		delete(sh.open, r)
		sh.memo[r] = t
		return t
	}
	if r, ok := m["$ref"].(string); ok {
		if sh.open[r] {
			return cel.DynType
		}
		sh.open[r] = true
		defer delete(sh.open, r)
	}
	sp := &shape{props: map[string][]any{}, sure: map[string]bool{}}
	sh.gather(sp, s, true, 0)
	if len(sp.kinds) == 0 {
		slices.Sort(sp.others)
		sp.kinds = slices.Compact(sp.others)
	}
	if len(sp.kinds) == 0 {
		switch {
		case len(sp.props) > 0:
			sp.kinds = []string{"object"}
		case sp.items != nil:
			sp.kinds = []string{"array"}
		}
	}
	if len(sp.kinds) != 1 {
		return cel.DynType
	}
	return sh.ofShape(sp)
}

func (sh *shaper) ofShape(sp *shape) *cel.Type {
	switch sp.kinds[0] {
	case "string":
		return cel.StringType
	case "integer":
		return cel.IntType
	case "number":
		return cel.DoubleType
	case "boolean":
		return cel.BoolType
	case "array":
		if sp.prefix || sp.items == nil {
			return cel.ListType(cel.DynType)
		}
		return cel.ListType(sh.typeOf(sp.items))
	case "object":
		return sh.object(sp)
	}
	return cel.DynType
}

func (sh *shaper) object(sp *shape) *cel.Type {
	if len(sp.props) == 0 {
		if sp.extra != nil {
			return cel.MapType(cel.StringType, sh.typeOf(sp.extra))
		}
		return cel.MapType(cel.StringType, cel.DynType)
	}
	fields := make(map[string]fieldSpec, len(sp.props))
	for _, name := range keysOf(sp.props) {
		t := cel.DynType
		for _, p := range sp.props[name] { // a condition often repeats a property without its type
			if t = sh.typeOf(p); t != cel.DynType {
				break
			}
		}
		fields[name] = fieldSpec{typ: t, optional: !sp.sure[name]}
	}
	return sh.make(fields)
}

// merge joins two records' fields; a field that only one has, or that either may
// lack, is optional, and one with two types is dyn.
func merge(a, b map[string]fieldSpec) map[string]fieldSpec {
	out := make(map[string]fieldSpec, len(a)+len(b))
	for n, f := range a {
		g, both := b[n]
		f.optional = f.optional || !both || g.optional
		if both && !f.typ.IsExactType(g.typ) {
			f.typ = cel.DynType
		}
		out[n] = f
	}
	for n, f := range b {
		if _, both := a[n]; !both {
			f.optional = true
			out[n] = f
		}
	}
	return out
}

// fieldsOf copies the fields of a record type.
func (ts *typeSet) fieldsOf(t *cel.Type) map[string]fieldSpec {
	out := map[string]fieldSpec{}
	if r := ts.record(t); r != nil {
		for n, f := range r.fields {
			out[n] = fieldSpec{typ: f.typ, optional: f.optional}
		}
	}
	return out
}

// words describes a type to a definition's author.
func (ts *typeSet) words(t *cel.Type) string {
	if r := ts.record(t); r != nil {
		return "a record of " + strings.Join(keysOf(r.fields), ", ")
	}
	if t.Kind() == types.ListKind && len(t.Parameters()) == 1 {
		return "a list of " + ts.words(t.Parameters()[0])
	}
	return t.String()
}

// readable replaces record names in the checker's words.
func (ts *typeSet) readable(s string) string {
	for i := strings.Index(s, "record_"); i >= 0; i = strings.Index(s, "record_") {
		end := min(i+len("record_")+12, len(s))
		r := ts.records[s[i:end]]
		if r == nil {
			return s
		}
		names := keysOf(r.fields)
		if len(names) > 6 {
			names = append(names[:6], "… "+strconv.Itoa(len(r.fields))+" fields")
		}
		s = s[:i] + "{" + strings.Join(names, ", ") + "}" + s[end:]
	}
	return s
}
