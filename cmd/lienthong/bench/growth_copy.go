package bench

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

var timeType = reflect.TypeFor[time.Time]()

// value is the setter of a typed value; nil = all copies share it. key is the name
// under which the value stands.
func (c *compiler) value(v reflect.Value, key string) setter {
	if v.Type() == timeType {
		return instant(v.Interface().(time.Time))
	}
	switch v.Kind() {
	case reflect.String:
		if id := c.text(v.String(), key); id >= 0 {
			return func(f *filling, dst reflect.Value) { dst.SetString(f.texts[id]) }
		}
	case reflect.Struct:
		return c.fields(v)
	case reflect.Pointer:
		return c.pointer(v, key)
	case reflect.Slice:
		return c.slice(v, key)
	case reflect.Map:
		return c.mapping(v)
	case reflect.Interface:
		return c.boxed(v, key)
	}
	return nil
}

func instant(t time.Time) setter {
	if t.IsZero() {
		return nil
	}
	return func(f *filling, dst reflect.Value) { *dst.Addr().Interface().(*time.Time) = f.moved(t) }
}

func (c *compiler) fields(v reflect.Value) setter {
	type field struct {
		at  int
		set setter
	}
	var fields []field
	for i := range v.NumField() {
		sf := v.Type().Field(i)
		if !sf.IsExported() {
			continue
		}
		name, _, _ := strings.Cut(sf.Tag.Get("json"), ",")
		if set := c.value(v.Field(i), name); set != nil {
			fields = append(fields, field{i, set})
		}
	}
	if fields == nil {
		return nil
	}
	return func(f *filling, dst reflect.Value) {
		for _, x := range fields {
			x.set(f, dst.Field(x.at))
		}
	}
}

func (c *compiler) pointer(v reflect.Value, key string) setter {
	if v.IsNil() {
		return nil
	}
	set := c.value(v.Elem(), key)
	if set == nil {
		return nil
	}
	return func(f *filling, dst reflect.Value) {
		p := reflect.New(v.Type().Elem())
		p.Elem().Set(v.Elem())
		set(f, p.Elem())
		dst.Set(p)
	}
}

func (c *compiler) slice(v reflect.Value, key string) setter {
	if x, ok := v.Interface().([]any); ok {
		return c.made(c.array(x, key))
	}
	sets := make([]setter, v.Len())
	for i := range sets {
		sets[i] = c.value(v.Index(i), key)
	}
	if !slices.ContainsFunc(sets, func(s setter) bool { return s != nil }) {
		return nil
	}
	return func(f *filling, dst reflect.Value) {
		out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(out, v)
		for i, set := range sets {
			if set != nil {
				set(f, out.Index(i))
			}
		}
		dst.Set(out)
	}
}

// made sets a JSON value.
func (c *compiler) made(m maker) setter {
	if m == nil {
		return nil
	}
	return func(f *filling, dst reflect.Value) { dst.Set(reflect.ValueOf(m(f))) }
}

func (c *compiler) mapping(v reflect.Value) setter {
	if x, ok := v.Interface().(map[string]any); ok {
		return c.made(c.object(x))
	}
	if v.Type().Key().Kind() != reflect.String {
		return nil
	}
	type pair struct {
		key, value reflect.Value
		text       int
		set        setter
	}
	var pairs []pair
	differs := false
	for _, k := range slices.SortedFunc(maps.Keys(keyed(v)), strings.Compare) {
		kv := reflect.ValueOf(k).Convert(v.Type().Key())
		p := pair{key: kv, value: v.MapIndex(kv), text: c.text(k, "")}
		p.set = c.value(p.value, k)
		differs = differs || p.text >= 0 || p.set != nil
		pairs = append(pairs, p)
	}
	if !differs {
		return nil
	}
	return func(f *filling, dst reflect.Value) {
		out := reflect.MakeMapWithSize(v.Type(), len(pairs))
		for _, p := range pairs {
			k, x := p.key, p.value
			if p.text >= 0 {
				k = reflect.ValueOf(f.texts[p.text]).Convert(v.Type().Key())
			}
			if p.set != nil {
				x = reflect.New(v.Type().Elem()).Elem()
				x.Set(p.value)
				p.set(f, x)
			}
			out.SetMapIndex(k, x)
		}
		dst.Set(out)
	}
}

// keyed are the keys of a map with text keys.
func keyed(v reflect.Value) map[string]bool {
	out := map[string]bool{}
	for _, k := range v.MapKeys() {
		out[k.String()] = true
	}
	return out
}

// boxed sets what stands in an interface: a JSON value, or an event.
func (c *compiler) boxed(v reflect.Value, key string) setter {
	if v.IsNil() {
		return nil
	}
	switch x := v.Interface().(type) {
	case string, map[string]any, []any:
		return c.made(c.tree(x, key))
	}
	inner := v.Elem()
	set := c.value(inner, key)
	if set == nil {
		return nil
	}
	return func(f *filling, dst reflect.Value) {
		x := reflect.New(inner.Type()).Elem()
		x.Set(inner)
		set(f, x)
		dst.Set(x)
	}
}

// finder collects every text of a played case with the key that it stands under.
type finder struct {
	all          map[string]bool
	keys         map[string]map[string]bool // key → texts
	numbered     map[string]bool
	offices      map[string]bool
	people       map[string]*someone // by name
	registration string              // commune where it was filed
}

func (d *finder) walk(p played) {
	d.all, d.numbered, d.offices = map[string]bool{}, map[string]bool{}, map[string]bool{}
	d.see(reflect.ValueOf(p.Case), "")
	d.see(reflect.ValueOf(p.Entries), "")
	d.see(reflect.ValueOf(p.Deliveries), "")
	if r, ok := p.Case.App["registration"].(map[string]any); ok {
		d.registration, _ = r["commune"].(string)
	}
}

func (d *finder) see(v reflect.Value, key string) {
	switch v.Kind() {
	case reflect.String:
		d.string(v.String(), key)
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			d.see(v.Elem(), key)
		}
	case reflect.Struct:
		if v.Type() == timeType {
			return
		}
		d.person(v)
		for i := range v.NumField() {
			if sf := v.Type().Field(i); sf.IsExported() {
				name, _, _ := strings.Cut(sf.Tag.Get("json"), ",")
				d.see(v.Field(i), name)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			d.see(v.Index(i), key)
		}
	case reflect.Map:
		if m, ok := v.Interface().(map[string]any); ok {
			d.object(m)
		}
		for _, k := range v.MapKeys() {
			d.string(k.String(), "")
			d.see(v.MapIndex(k), k.String())
		}
	}
}

func (d *finder) string(s, key string) {
	if s == "" {
		return
	}
	d.all[s] = true
	if d.keys[key] == nil {
		d.keys[key] = map[string]bool{}
	}
	d.keys[key][s] = true
	if numbered.MatchString(key) {
		d.numbered[s] = true
	}
	if key == "office" || key == "home" {
		d.offices[s] = true
	}
}

// person takes note of a typed person or actor.
func (d *finder) person(v reflect.Value) {
	id, name := v.FieldByName("ID"), v.FieldByName("Name")
	if id.IsValid() && name.IsValid() && id.Kind() == reflect.String && name.Kind() == reflect.String {
		d.somebody(id.String(), name.String(), "", "")
	}
}

// object takes note of a person in a JSON value.
func (d *finder) object(m map[string]any) {
	get := func(k string) string {
		s, _ := m[k].(string)
		return s
	}
	d.somebody(get("id"), get("name"), get("birth_date"), get("sex"))
}

func (d *finder) somebody(id, name, birth, sex string) {
	if !isPerson.MatchString(id) {
		id = ""
	}
	if name == "" || id == "" && birth == "" && sex == "" {
		return
	}
	s := d.people[name]
	if s == nil {
		s = &someone{name: name}
		d.people[name] = s
	}
	if id != "" {
		s.id = id
		_, s.female, _ = yearOf(id)
	}
	if birth != "" {
		s.birth = birth
	}
	if sex != "" {
		s.female = sex == "female"
	}
}
