package engine

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// both reads a text in both ways and compares; it tells whether the quick way took it.
func both[T any](t testing.TB, text string) bool {
	t.Helper()
	var quick, slow T
	took := swift([]byte(text), reflect.ValueOf(&quick).Elem())
	err := unmarshal([]byte(text), &slow)
	switch {
	case took && err != nil:
		t.Errorf("%T: taken, though %v: %s", quick, err, text)
	case took && !reflect.DeepEqual(quick, slow):
		t.Errorf("%T: %s\n is %#v\nnot %#v", quick, text, quick, slow)
	}
	return took
}

// TestSwiftReadsWhatIsWritten: each kind of event, empty and full, whole entries and a
// case are read in one pass, and as encoding/json reads them.
func TestSwiftReadsWhatIsWritten(t *testing.T) {
	for _, e := range samples(t) {
		b, err := Events{e}.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if !both[Events](t, string(b)) {
			t.Errorf("not read in one pass: %s", b)
		}
	}
	var entry Entry
	fill(reflect.ValueOf(&entry).Elem(), 0)
	entry.Events = samples(t)
	b, err := entry.AppendJSON(nil)
	if err != nil {
		t.Fatal(err)
	}
	if !both[Entry](t, string(b)) {
		t.Error("an entry is not read in one pass")
	}
	var c Case
	fill(reflect.ValueOf(&c).Elem(), 0)
	if b, err = json.Marshal(c); err != nil {
		t.Fatal(err)
	}
	if !both[Case](t, string(b)) {
		t.Error("a case is not read in one pass")
	}
}

// odd are texts on which a reader may go wrong.
var odd = []string{``, ` `, `null`, `nul`, `true`, `tru`, `0`, `-0`, `-`, `00`, `01`, `1.`, `1.5`, `-1.5e3`, `1e`, `1e400`, `9223372036854775807`, `9223372036854775808`, `1 2`, `"`, `"a`,
	`"a"`, `"\"`, `"\u0041\u003c\n"`, `"\ud83d\ude00"`, `"\ud83d"`, `"\u12"`, `"\u+123"`, `"\x"`, "\"\x01\"", "\"\xff\"", "\"a\\n\xff\"", `"đồng"`, `[`, `[]`, `[1`, `[1,]`, `[,1]`, `[1,2]`, ` [1]`, `[null,{}]`,
	`{`, `{}`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{"a":1,"a":2}`, `{"a":{"b":1},"a":{"c":2}}`, `{"":null}`, `{"\u0061":1}`, `{"a":1}x`, `{"seq":1}`, `{"Seq":1}`, `{"SEQ":1,"seq":2}`, `{"seq":1,"seq":2}`, `{"seq":1.0}`,
	`{"seq":null}`, `{"case":null,"command":null}`, `{"command":{"if_match":3,"input":{"x":1.0}}}`, `{"command":{"actor":{"for":{"id":"1"}}}}`, `{"facts":{"reply":null}}`, `{"at":"2026-09-01T08:00:00+07:00"}`,
	`{"at":"2026-09-31T08:00:00Z"}`, `{"at":1}`, `{"at":null}`, `{"events":null}`, `{"events":[{"data":{},"kind":"filed"}]}`, `{"events":[{"kind":"filed","data":null}]}`, `{"events":[{"kind":"none","data":{}}]}`,
	`{"events":[{"kind":"moved","data":{"step":"a","to":"b"}},{"kind":"items_closed","data":{}}]}`, `{"events":[{"kind":"moved","data":{}}`, `{"unknown":1}`,
	`{"dossiers":[null,{"step":"a","data":{"x":[1,"2",null,true,1.5]},"parties":{"k":null,"l":{"people":[],"answers":{"p":{"agree":true,"at":"2026-09-01T08:00:00Z"}}}}}]}`}

// TestSwiftLeavesTheRest: what it takes of odd texts is what encoding/json reads, and
// the whole function gives the same in both cases.
func TestSwiftLeavesTheRest(t *testing.T) {
	deep := strings.Repeat("[", 5000) + strings.Repeat("]", 5000)
	took := 0
	for _, text := range append(odd, deep) {
		if both[any](t, text) {
			took++
		}
		both[Entry](t, text)
		both[Case](t, text)
		both[map[string]string](t, text)
		var whole, slow Entry
		a, b := Unmarshal([]byte(text), &whole), unmarshal([]byte(text), &slow)
		if fmt.Sprint(a) != fmt.Sprint(b) || a == nil && !reflect.DeepEqual(whole, slow) {
			t.Errorf("%s: %v %+v, not %v %+v", text, a, whole, b, slow)
		}
	}
	if took < 20 {
		t.Errorf("only %d of them were taken", took)
	}
	into := map[string]any{"kept": true}
	if err := Unmarshal([]byte(`{"a":1}`), &into); err != nil || len(into) != 2 {
		t.Errorf("what was there is lost: %v %v", into, err)
	}
}

// FuzzSwift: no text makes it panic, and what it takes is what encoding/json reads.
func FuzzSwift(f *testing.F) {
	for _, text := range odd {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		both[any](t, text)
		both[Entry](t, text)
		both[Case](t, text)
	})
}
