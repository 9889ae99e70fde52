package appendjson

import (
	"encoding/json"
	"math"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

// fill gives a value something in every field that can be set.
func fill(v reflect.Value, depth int) {
	switch v.Kind() {
	case reflect.String:
		v.SetString([]string{"đồng", "<a & b>\u2028\u00e9\"\\\n", "\xff"}[depth%3])
	case reflect.Int, reflect.Int64:
		v.SetInt(1<<53 + 1)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Interface:
		if v.NumMethod() == 0 {
			v.Set(reflect.ValueOf(map[string]any{"z": int64(1), "a": 0.1, "<": []any{nil, "&", true, "đồng"}, "m": map[string]any{}}))
		}
	case reflect.Pointer:
		if depth < 6 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(v.Elem(), depth+1)
		}
	case reflect.Slice:
		if v.Type() == reflect.TypeFor[engine.Events]() {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(v.Index(i), depth+1)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for _, k := range []string{"k2", "<k1>"} {
			x := reflect.New(v.Type().Elem()).Elem()
			fill(x, depth+1)
			v.SetMapIndex(reflect.ValueOf(k).Convert(v.Type().Key()), x)
		}
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

var kind = regexp.MustCompile(`\) Kind\(\) string *\{ return "([a-z_]+)" \}`)

// events are all kinds of event, empty and full.
func events(t *testing.T) (out engine.Events) {
	t.Helper()
	source, err := os.ReadFile("../event.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kind.FindAllSubmatch(source, -1) {
		var empty engine.Events
		if err := json.Unmarshal([]byte(`[{"kind":"`+string(k[1])+`","data":{}}]`), &empty); err != nil {
			t.Fatal(err)
		}
		full := reflect.New(reflect.TypeOf(empty[0])).Elem()
		fill(full, 0)
		out = append(out, empty[0], full.Interface().(engine.Event))
	}
	if len(out) < 70 {
		t.Fatalf("%d events", len(out))
	}
	return out
}

// TestEveryEvent: an entry with every kind of event.
func TestEveryEvent(t *testing.T) {
	var e engine.Entry
	fill(reflect.ValueOf(&e).Elem(), 0)
	e.Events = events(t)
	want, err := e.AppendJSON(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{e, &e} {
		if got, err := Value(nil, v); err != nil || string(got) != string(want) {
			t.Errorf("%s, %v\nwant %s", got, err, want)
		}
	}
	if got, err := Value(nil, &engine.Entry{}); err != nil || !strings.HasSuffix(string(got), `"events":[]}`) {
		t.Errorf("no events: %s, %v", got, err)
	}
}

type (
	loud   string // writes itself
	hidden struct{ Inner int }
	twice  struct {
		hidden
		Inner int
	}
	awkward struct {
		hidden
		*json.Number
		Nested  struct{ A, B any } `json:"nested,omitzero"`
		Quoted  int                `json:"quoted,string"`
		Off     int                `json:"-"`
		private int
	}
	self struct {
		Name string             `json:"<name>,omitempty"`
		Next *self              `json:"next,omitempty"`
		All  []self             `json:"all"`
		By   map[loud]self      `json:"by,omitempty"`
		Of   map[string]float64 `json:"of,omitempty"`
		At   *time.Time         `json:"at,omitzero"`
		When time.Time          `json:"when,omitempty"`
		Tiny [2]uint8           `json:"tiny,omitempty"`
		None [0]int             `json:"none,omitempty"`
		Any  any                `json:"any,omitempty"`
		Loud loud               `json:"loud"`
	}
)

func (l *loud) MarshalText() ([]byte, error) { return []byte(*l + "!"), nil }

// TestValueIsMarshal: the same bytes for values of any shape, also for those
// that only json.Marshal knows how to write, and an error where it has one.
func TestValueIsMarshal(t *testing.T) {
	now := time.Now()
	number := json.Number("1e400")
	var k, zero engine.Case
	fill(reflect.ValueOf(&k).Elem(), 0)
	var d engine.Delivery
	fill(reflect.ValueOf(&d).Elem(), 0)
	inside := &self{Name: "é\u2028<", All: []self{{}, {When: now}}, By: nil, Of: map[string]float64{"b": 0, "a": math.MaxFloat64}, At: &now, Any: []int{}, Loud: "x"}
	for i, v := range []any{k, &k, zero, d, engine.Reply{}, (*engine.Case)(nil), nil, int8(3), uint64(math.MaxUint64), 1.5, 1e21, []byte("bytes"), []byte(nil), json.RawMessage(` {"a": 1}`),
		&number, struct{ N json.Number }{"12"}, []any(nil), []any{}, map[string]any(nil), map[string]any{}, map[int]string{2: "b", 1: "a"}, [2]string{"<", "\x7f"},
		twice{Inner: 1}, awkward{Quoted: 4, private: 5}, &awkward{Number: &number}, inside, &self{Next: inside, Any: inside}, engine.Events{engine.Assigned{Account: "a"}},
		map[string]*self{"x": nil, "y": inside}, time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC), math.NaN(), make(chan int), struct{ F func() }{},
		map[string]any{"f": func() {}}, []any{math.Inf(1)}, map[string]string{"\xff": "\xff", "a": "\t"}, []*time.Time{nil, &now}, "\u2029", "ok đồng"} {
		want, unwritable := json.Marshal(v)
		got, err := Value([]byte("before "), v)
		if (err != nil) != (unwritable != nil) || err == nil && string(got) != "before "+string(want) || err != nil && got != nil {
			t.Errorf("%d %T: %s, %v\nwant %s, %v", i, v, got, err, want, unwritable)
		}
	}
}

// Values as JSON has them, whatever is in them.
func TestAnyValue(t *testing.T) {
	var value func(depth int) *rapid.Generator[any]
	value = func(depth int) *rapid.Generator[any] {
		of := []*rapid.Generator[any]{rapid.Just[any](nil), rapid.String().AsAny(), rapid.Bool().AsAny(), rapid.Int64().AsAny(), rapid.Float64().AsAny(),
			rapid.SliceOfN(rapid.Byte(), 0, 9).AsAny(), rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 9), func(b []byte) any { return string(b) })}
		if depth > 0 {
			of = append(of, rapid.SliceOfN(value(depth-1), 0, 4).AsAny(), rapid.MapOfN(rapid.String(), value(depth-1), 0, 20).AsAny())
		}
		return rapid.OneOf(of...)
	}
	rapid.Check(t, func(r *rapid.T) {
		v := value(3).Draw(r, "value")
		want, unwritable := json.Marshal(v)
		got, err := Value(nil, v)
		if (err != nil) != (unwritable != nil) || string(got) != string(want) {
			r.Fatalf("%q, %v\nwant %q, %v", got, err, want, unwritable)
		}
	})
}
