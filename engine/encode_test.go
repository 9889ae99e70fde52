package engine

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"lienthong/engine/calendar"
)

// fill gives a value something in every field.
func fill(v reflect.Value, depth int) {
	switch v.Kind() {
	case reflect.String:
		v.SetString("<a & b>\u2028\u00e9\"\\\n đồng")
	case reflect.Int, reflect.Int64:
		v.SetInt(1<<53 + 1)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Float64:
		v.SetFloat(1e-7)
	case reflect.Interface:
		if v.NumMethod() == 0 {
			v.Set(reflect.ValueOf(map[string]any{"z": int64(1), "a": 0.1, "<": []any{nil, "&", true}, "m": map[string]any{}}))
		}
	case reflect.Pointer:
		if depth < 6 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(v.Elem(), depth+1)
		}
	case reflect.Slice:
		if v.Type() == reflect.TypeFor[Events]() {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(v.Index(i), depth+1)
		}
	case reflect.Map:
		m := reflect.MakeMap(v.Type())
		for _, k := range []string{"k2", "<k1>"} {
			x := reflect.New(v.Type().Elem()).Elem()
			fill(x, depth+1)
			m.SetMapIndex(reflect.ValueOf(k).Convert(v.Type().Key()), x)
		}
		v.Set(m)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Date(2026, 9, 7, 9, 0, 0, 123456000, calendar.Zone)))
			return
		}
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				fill(v.Field(i), depth+1)
			}
		}
	}
}

// samples are all kinds of event, empty and full.
func samples(t *testing.T) (out Events) {
	t.Helper()
	for _, kind := range slices.Sorted(maps.Keys(decoders)) {
		empty, err := decoders[kind].read([]byte("{}"))
		if err != nil || empty.Kind() != kind {
			t.Fatalf("%s: %v %v", kind, empty, err)
		}
		full := reflect.New(reflect.TypeOf(empty)).Elem()
		full.Set(reflect.ValueOf(empty))
		fill(full, 0)
		out = append(out, empty, full.Interface().(Event))
	}
	if len(out) < 70 {
		t.Fatalf("%d samples", len(out))
	}
	return out
}

// reference writes an entry as json.Marshal does a plain structure, event inside
// event list inside entry: the form in which histories have always been kept.
func reference(t *testing.T, e Entry) string {
	t.Helper()
	type wire struct {
		Kind string `json:"kind"`
		Data any    `json:"data"`
	}
	events := []wire{}
	for _, v := range e.Events {
		events = append(events, wire{v.Kind(), v})
	}
	b, err := json.Marshal(struct {
		entryHead
		Events []wire `json:"events"`
	}{entryHead{e.Case, e.Seq, e.At, e.Command, e.Facts, e.Versions}, events})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The two ways of writing an entry give the bytes that were always kept, for every
// kind of event, and they are read back as they were.
func TestEntriesAreWrittenByteForByte(t *testing.T) {
	var full Entry
	fill(reflect.ValueOf(&full).Elem(), 0)
	full.Events = samples(t)
	for name, e := range map[string]Entry{"empty": {}, "full": full, "no events": {Case: "C", Events: Events{}},
		"broken text": {Command: Command{Comment: "\xff"}, Events: Events{Assigned{Account: "\xff"}}}} {
		want := reference(t, e)
		got, err := e.AppendJSON([]byte("before "))
		if err != nil || string(got) != "before "+want {
			t.Errorf("%s: AppendJSON gives\n%s\nwant\n%s (%v)", name, got, want, err)
		}
		if b, err := json.Marshal(&e); err != nil || string(b) != want {
			t.Errorf("%s: Marshal gives\n%s\nwant\n%s (%v)", name, b, want, err)
		}
		if name == "broken text" {
			continue // it is mended in the first writing
		}
		var back Entry
		if err := Unmarshal([]byte(want), &back); err != nil {
			t.Fatal(name, err)
		}
		if again, err := back.AppendJSON(nil); err != nil || string(again) != want {
			t.Errorf("%s: read and written again\n%s\nwant\n%s (%v)", name, again, want, err)
		}
	}
}

// The head is the entry but for its events: a field added to one belongs in both.
func TestEntryHeadHasEveryField(t *testing.T) {
	e, h := reflect.TypeFor[Entry](), reflect.TypeFor[entryHead]()
	if e.NumField() != h.NumField()+1 || e.Field(h.NumField()).Name != "Events" {
		t.Fatal("an entry is its head and then its events")
	}
	for i := range h.NumField() {
		if a, b := e.Field(i), h.Field(i); a.Name != b.Name || a.Type != b.Type || a.Tag != b.Tag {
			t.Errorf("%s %s and %s %s", a.Name, a.Tag, b.Name, b.Tag)
		}
	}
}

// What cannot be written is an error, not half an entry.
func TestUnwritableEntry(t *testing.T) {
	for _, e := range []Entry{{Command: Command{Input: map[string]any{"x": func() {}}}}, {Events: Events{ValueSet{Value: func() {}}}}} {
		if b, err := e.AppendJSON(nil); err == nil || b != nil {
			t.Errorf("written: %s", b)
		}
		if _, err := json.Marshal(e); err == nil {
			t.Error("written by Marshal")
		}
	}
}
