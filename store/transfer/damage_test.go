package transfer_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/store/rowenc"
	"lienthong/store/transfer"
)

// zipped is a text under gzip.
func zipped(t *testing.T, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// readZipped reads a compressed file to its end.
func readZipped(b []byte) error {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return err
	}
	r, err := transfer.NewReader(z)
	for err == nil {
		_, err = r.Next()
	}
	if err == io.EOF {
		return nil
	}
	return err
}

// TestEveryKindOfDamage: whatever a file has wrong, the error names the line, in both
// languages, no case after it is given, and what is taken to find it is bounded.
func TestEveryKindOfDamage(t *testing.T) {
	whole := written(t, true)
	lines := bytes.SplitAfter(whole, []byte("\n"))
	lines = lines[:len(lines)-1]              // nothing follows the last one
	with := func(n int, text string) []byte { // line n, from 1, is another one
		out := bytes.Join(lines[:n-1], nil)
		return append(append(out, text...), bytes.Join(lines[n:], nil)...)
	}
	change := func(n int, old, to string) []byte {
		if !bytes.Contains(lines[n-1], []byte(old)) {
			t.Fatalf("%q is not in line %d: %s", old, n, lines[n-1])
		}
		return with(n, strings.Replace(string(lines[n-1]), old, to, 1))
	}
	second := 0 // the line that begins the second case
	for i, l := range lines {
		if bytes.HasPrefix(l, []byte(`{"case":`)) {
			second = i + 1
		}
	}
	order := func(ns ...int) []byte {
		var out []byte
		for _, n := range ns {
			out = append(out, lines[n-1]...)
		}
		return append(out, bytes.Join(lines[len(ns):], nil)...)
	}
	for name, c := range map[string]struct {
		file []byte
		says string
	}{
		"an empty file":                 {nil, "line 1: the file is cut off"},
		"only a header":                 {lines[0], "line 2: the file is cut off"},
		"cut inside a line":             {whole[:len(lines[0])+len(lines[1])+40], "line 3: the file is cut off after 40 bytes of it"},
		"cut between lines":             {bytes.Join(lines[:4], nil), "line 5: the file is cut off"},
		"cut before the second case":    {bytes.Join(lines[:second-1], nil), "the file is cut off"},
		"cut before the total":          {bytes.Join(lines[:len(lines)-1], nil), "the file is cut off"},
		"without the last line's end":   {whole[:len(whole)-1], "the file is cut off"},
		"something after the end":       {append(bytes.Clone(whole), lines[1]...), "something follows it"},
		"another format":                {change(1, transfer.Format, "lienthong-history/99"), "line 1: it does not begin"},
		"no JSON":                       {with(4, "hello\n"), "line 4: "},
		"half a value":                  {with(4, `{"entry":`+"\n"), "line 4: "},
		"an unknown field":              {with(4, `{"entry":{"sequence":1}}`+"\n"), `line 4: json: unknown field "sequence"`},
		"a wrong type":                  {with(4, `{"entry":{"seq":"one"}}`+"\n"), "line 4: json: cannot unmarshal string"},
		"two values in a line":          {with(4, "{} {}\n"), "line 4: "},
		"an empty line":                 {with(4, "\n"), "line 4: "},
		"zero bytes":                    {with(4, strings.Repeat("\x00", 1000)+"\n"), "line 4: "},
		"values in values":              {with(4, `{"entry":{"payload":`+strings.Repeat("[", 1<<20)+"\n"), "line 4: "},
		"values in values, whole":       {with(4, `{"entry":{"payload":`+strings.Repeat("[", 1<<20)+strings.Repeat("]", 1<<20)+"}}\n"), "line 4: "},
		"an endless line":               {with(4, strings.Repeat("x", 17<<20)+"\n"), "line 4: it is longer than"},
		"a line that is missing":        {with(4, ""), "line 4: "},
		"a line twice":                  {with(4, string(lines[3])+string(lines[3])), "line 5: "},
		"two lines in the other's room": {order(1, 2, 4, 3), "line 3: "},
		"a case twice":                  {append(bytes.Join(lines[:second-1], nil), bytes.Join(lines[1:], nil)...), "does not come after"},
		"the entries of another case":   {append(append(bytes.Clone(lines[0]), lines[second-1]...), bytes.Join(lines[2:], nil)...), "line 3: "},
		"too many entries announced":    {with(2, `{"case":{"code":"H1","entries":9223372036854775807,"head":""}}`+"\n"), "line 2: case H1: 9223372036854775807 entries"},
		"no entries announced":          {with(2, `{"case":{"code":"H1","entries":-1,"head":""}}`+"\n"), "line 2: case H1: -1 entries"},
		"another instant":               {change(4, `"at":1`, `"at":2`), "line 4: "},
		"another action":                {change(4, `"action":"`, `"action":"not_`), "line 4: "},
		"another payload":               {change(4, `"comment":"stand-in"`, `"comment":"stand-out"`), "line 4: "},
		"another kind of actor":         {change(4, `"actor_kind":"`, `"actor_kind":"x`), "line 4: "},
		"no payload":                    {with(4, `{"entry":{"seq":2,"payload":null}}`+"\n"), "line 4: "},
		"a header that says otherwise":  {change(1, `"pseudonymised":true`, `"pseudonymised":false`), "line "},
		"another total":                 {change(len(lines), `"cases":2`, `"cases":3`), "and says 3 with"},
		"another digest":                {change(len(lines), `"digest":"`, `"digest":"0`), "something before it was changed"},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		_, _, err := read(c.file)
		took := time.Since(began)
		runtime.ReadMemStats(&after)
		var e *engine.Error
		if engine.CodeOf(err) != engine.CorruptHistory || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "line ") {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if e = asError(err); e.Detail.VI == "" || e.Detail.EN == "" {
			t.Errorf("%s: not told in both languages: %+v", name, e.Detail)
		}
		if used, most := after.TotalAlloc-before.TotalAlloc, uint64(16*len(c.file)+16<<20); used > most {
			t.Errorf("%s: %d bytes were taken, for a file of %d", name, used, len(c.file))
		}
		if took > 2*time.Minute {
			t.Errorf("%s: it took %s", name, took)
		}
	}
}

// rewritten is a file of one case of which one payload was put in another's place by
// somebody who makes every digest anew.
func rewritten(t *testing.T, es []rowenc.Sealed, at int, payload []byte) []byte {
	t.Helper()
	s := &es[at]
	s.Payload = payload
	sum := sha256.New()
	sum.Write(s.Salt)
	sum.Write(payload)
	s.StandIn = sum.Sum(nil)
	var b bytes.Buffer
	put := func(v any) {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(text, '\n'))
	}
	put(map[string]any{"header": transfer.Header{Format: transfer.Format, Pseudonymised: true}})
	put(map[string]any{"case": map[string]any{"code": s.Case, "entries": len(es), "head": es[len(es)-1].Hash}})
	for _, e := range es {
		put(map[string]any{"entry": map[string]any{"seq": e.Seq, "at": e.At, "action": e.Action, "step": e.Step, "actor_kind": e.ActorKind, "engine": e.Engine, "definition": e.Definition,
			"parameters": e.Parameters, "calendar": e.Calendar, "commitment": e.Commitment, "hash": e.Hash, "salt": e.Salt, "stand_in": e.StandIn, "payload": json.RawMessage(e.Payload)}})
	}
	return b.Bytes()
}

func asError(err error) *engine.Error {
	e, ok := err.(*engine.Error)
	if !ok {
		return &engine.Error{}
	}
	return e
}

// TestForgedHistory: a file whose every digest was made anew over a payload that makes
// no sense is refused by what the payload says.
func TestForgedHistory(t *testing.T) {
	for name, forge := range map[string]func(map[string]any){
		"an unknown kind of event": func(p map[string]any) { p["events"].([]any)[0].(map[string]any)["kind"] = "nothing_known" },
		"events of another type":   func(p map[string]any) { p["events"] = map[string]any{} },
		"an entry of another case": func(p map[string]any) { p["case"] = "H9" },
		"an entry of another time": func(p map[string]any) { p["at"] = "2001-01-01T00:00:00Z" },
		"a number too large":       func(p map[string]any) { p["seq"] = json.Number("1e400") },
	} {
		es := sealed(t, 0, true)
		var p map[string]any
		if err := json.Unmarshal(es[2].Payload, &p); err != nil {
			t.Fatal(err)
		}
		forge(p)
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		file := rewritten(t, es, 2, text)
		if _, _, err := read(file); engine.CodeOf(err) != engine.CorruptHistory || !strings.Contains(err.Error(), "line 5: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestZippedDamage: a compressed file that is cut off, damaged, or that unpacks without
// end, is told as any other.
func TestZippedDamage(t *testing.T) {
	whole := zipped(t, written(t, true))
	if err := readZipped(whole); err != nil {
		t.Fatal(err)
	}
	for at := 20; at < len(whole); at += 1 + len(whole)/15 {
		if err := readZipped(whole[:at]); engine.CodeOf(err) != engine.CorruptHistory || !strings.Contains(err.Error(), "line ") {
			t.Fatalf("cut at %d: %v", at, err)
		}
		bad := bytes.Clone(whole)
		bad[at] ^= 4
		if err := readZipped(bad); engine.CodeOf(err) != engine.CorruptHistory || !strings.Contains(err.Error(), "line ") {
			t.Fatalf("byte %d changed: %v", at, err)
		}
	}
	bomb := zipped(t, bytes.Repeat([]byte{'['}, 40<<20))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := readZipped(bomb)
	runtime.ReadMemStats(&after)
	if engine.CodeOf(err) != engine.CorruptHistory || after.TotalAlloc-before.TotalAlloc > 128<<20 {
		t.Errorf("%v, %d bytes taken", err, after.TotalAlloc-before.TotalAlloc)
	}
}
