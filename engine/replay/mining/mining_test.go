package mining_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
	"lienthong/engine/replay/mining"
)

// person stands for everything that no log may tell.
const person = "Nguyễn Văn <Ẩn>"

// on is an event of a step, read as history is.
func on(t testing.TB, kind, data string) engine.Event {
	t.Helper()
	var es engine.Events
	if err := json.Unmarshal(fmt.Appendf(nil, `[{"kind":%q,"data":%s}]`, kind, data), &es); err != nil {
		t.Fatal(err)
	}
	return es[0]
}

// history is a case with two parts: filed, received, asked, answered, filed again; one
// entry is erased.
func history(t testing.TB, code string) []engine.Entry {
	t.Helper()
	at := time.Date(2026, 9, 7, 8, 0, 0, 123456000, calendar.Zone)
	citizen := engine.Actor{Kind: engine.Citizen, ID: "001", Name: person}
	clerk := engine.Actor{Kind: engine.Staff, ID: "an.nv", Name: person, Office: "ubnd & <1>", Roles: []string{"reception", "officer"}}
	es := []engine.Entry{
		{Command: engine.Command{Action: engine.ActFile, Actor: citizen, Comment: person, File: &engine.Filing{Service: "birth", Version: "2026-09-01"}, Input: map[string]any{"name": person}},
			Events: engine.Events{on(t, "filed", `{"service":"birth","steps":[{"step":"birth","procedure":"birth_registration"},{"step":"card","procedure":"health_card"}]}`),
				on(t, "step_opened", `{"step":"birth"}`), on(t, "moved", `{"step":"birth","to":"submitted"}`)}},
		{Command: engine.Command{Action: "receive", Step: "birth", Actor: clerk},
			Events: engine.Events{on(t, "moved", `{"step":"birth","action":"receive","from":"submitted","to":"recording"}`),
				on(t, "requested", `{"step":"birth","key":"k","registry":"population"}`), on(t, "notified", `{"step":"card","to":"001","what":"filed"}`)}},
		{Command: engine.Command{Action: engine.ActReply, Step: "birth", Actor: engine.Actor{Kind: engine.Registry, ID: "population"}},
			Events: engine.Events{on(t, "replied", `{"step":"birth","key":"k"}`), on(t, "moved", `{"step":"birth","action":"recorded","from":"recording","to":"registered"}`),
				on(t, "step_opened", `{"step":"card"}`), on(t, "moved", `{"step":"card","to":"waiting"}`)}},
		{Command: engine.Command{Action: "late", Step: "card", Actor: engine.Actor{Kind: engine.Timer, ID: "card/late"}}, Events: engine.Events{on(t, "moved", `{"step":"card","action":"late","from":"waiting","to":"expired"}`)}},
		{Command: engine.Command{Action: engine.ActRefile, Step: "card", Actor: citizen}, Events: engine.Events{on(t, "step_reset", `{"step":"card","code":"N2"}`)}},
		{Command: engine.Command{Action: "receive"}}, // erased
	}
	for i := range es {
		es[i].Case, es[i].Seq, es[i].At, es[i].Versions.Definition = code, int64(i+1), at.Add(time.Duration(i)*time.Hour), "hash"
	}
	return es
}

// attr is a typed attribute of XES.
type attr struct {
	XMLName xml.Name
	Key     string `xml:"key,attr"`
	Value   string `xml:"value,attr"`
}

// TestXES: the log has the structure of IEEE 1849: extensions for every prefix, global
// attributes that every trace and event has, one value for each key, of its type,
// events in the order of time.
func TestXES(t *testing.T) {
	var b bytes.Buffer
	x, err := mining.NewXES(&b)
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range []string{"H1", `H<2>&"`} {
		if err := x.Add(history(t, code)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(x.Add(nil), x.Close()); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "Nguyễn") || strings.Contains(b.String(), "001") {
		t.Error("a person is in the log")
	}
	var log struct {
		XMLName    xml.Name `xml:"http://www.xes-standard.org/ log"`
		Extensions []struct {
			Prefix string `xml:"prefix,attr"`
		} `xml:"extension"`
		Globals []struct {
			Scope string `xml:"scope,attr"`
			Attrs []attr `xml:",any"`
		} `xml:"global"`
		Traces []struct {
			Attrs []attr `xml:"string"`
			Other []attr `xml:",any"`
			Event []struct {
				Attrs []attr `xml:",any"`
			} `xml:"event"`
		} `xml:"trace"`
	}
	if err := xml.Unmarshal(b.Bytes(), &log); err != nil {
		t.Fatal(err)
	}
	if len(log.Traces) != 2 || len(log.Globals) != 2 {
		t.Fatalf("%d traces, %d globals", len(log.Traces), len(log.Globals))
	}
	prefixes := map[string]bool{}
	for _, e := range log.Extensions {
		prefixes[e.Prefix] = true
	}
	global := map[string][]attr{}
	for _, g := range log.Globals {
		global[g.Scope] = g.Attrs
	}
	check := func(where, scope string, as []attr) map[string]string {
		t.Helper()
		have, kind := map[string]string{}, map[string]string{}
		for _, a := range as {
			if _, twice := have[a.Key]; twice || a.Key == "" {
				t.Errorf("%s: key %q is there twice, or empty", where, a.Key)
			}
			if p, _, extended := strings.Cut(a.Key, ":"); extended && !prefixes[p] {
				t.Errorf("%s: no extension is declared for %s", where, a.Key)
			}
			switch a.XMLName.Local {
			case "string":
			case "date":
				if _, err := time.Parse("2006-01-02T15:04:05.000Z07:00", a.Value); err != nil {
					t.Errorf("%s: %v", where, err)
				}
			default:
				t.Errorf("%s: an attribute of type %s", where, a.XMLName.Local)
			}
			have[a.Key], kind[a.Key] = a.Value, a.XMLName.Local
		}
		for _, g := range global[scope] {
			if kind[g.Key] != g.XMLName.Local {
				t.Errorf("%s: %s is declared for every %s as %s, and is %q", where, g.Key, scope, g.XMLName.Local, kind[g.Key])
			}
		}
		return have
	}
	var names []string
	for i, tr := range log.Traces {
		if have := check(fmt.Sprint("trace ", i), "trace", tr.Attrs); have["concept:name"] != []string{"H1", `H<2>&"`}[i] || have["service"] != "birth" || len(tr.Other) > 0 {
			t.Errorf("trace %d: %v %v", i, have, tr.Other)
		}
		last := time.Time{}
		for k, e := range tr.Event {
			have := check(fmt.Sprintf("trace %d event %d", i, k), "event", e.Attrs)
			at, _ := time.Parse(time.RFC3339Nano, have["time:timestamp"])
			if !at.After(last) {
				t.Errorf("event %d at %s is not after %s", k, at, last)
			}
			last = at
			if i == 0 {
				names = append(names, have["concept:name"]+" by "+have["org:resource"])
			}
		}
	}
	want := []string{"file by citizen", "birth receive by ubnd & <1>/officer+reception", "birth recorded by registry/population", "card late by timer", "card refile by citizen", "receive by erased"}
	if !slices.Equal(names, want) {
		t.Errorf("events %q", names)
	}
}

// thing is an event or an object of OCEL.
type thing struct {
	ID         string
	Type       string
	Time       *time.Time
	Attributes []struct {
		Name  string
		Time  *time.Time
		Value any
	}
	Relationships []struct{ ObjectID, Qualifier string }
}

// TestOCEL: the log has the structure of OCEL 2.0: ids are unique, types are declared
// with their attributes, values are of the declared type, related objects exist,
// object attributes and events of an object are in the order of time.
func TestOCEL(t *testing.T) {
	spool, err := os.Create(filepath.Join(t.TempDir(), "objects"))
	if err != nil {
		t.Fatal(err)
	}
	defer spool.Close() //nolint:errcheck // in a folder that goes
	var b bytes.Buffer
	o, err := mining.NewOCEL(&b, spool)
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range []string{"H1", `H<2>&"`} {
		if err := o.Add(history(t, code)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(o.Add(nil), o.Close()); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "Nguy") || strings.Contains(b.String(), `"001"`) {
		t.Error("a person is in the log")
	}
	type kind struct {
		Name       string
		Attributes []struct{ Name, Type string }
	}
	var log struct {
		ObjectTypes, EventTypes []kind
		Objects, Events         []thing
	}
	dec := json.NewDecoder(&b)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&log); err != nil {
		t.Fatal(err)
	}
	declared := func(ks []kind) map[string]map[string]bool {
		out := map[string]map[string]bool{}
		for _, k := range ks {
			if out[k.Name] != nil || k.Name == "" {
				t.Errorf("type %q is declared twice, or has no name", k.Name)
			}
			out[k.Name] = map[string]bool{}
			for _, a := range k.Attributes {
				if a.Type != "string" || out[k.Name][a.Name] {
					t.Errorf("%s.%s is of type %s, or there twice", k.Name, a.Name, a.Type)
				}
				out[k.Name][a.Name] = true
			}
		}
		return out
	}
	kinds, acts := declared(log.ObjectTypes), declared(log.EventTypes)
	sound := func(x thing, types map[string]map[string]bool) {
		t.Helper()
		if types[x.Type] == nil {
			t.Errorf("%s is of type %q, which is not declared", x.ID, x.Type)
		}
		for _, a := range x.Attributes {
			if _, text := a.Value.(string); !text || !types[x.Type][a.Name] {
				t.Errorf("%s: attribute %s of %s is %v", x.ID, a.Name, x.Type, a.Value)
			}
		}
	}
	there := map[string]bool{}
	states := map[string][]string{}
	for _, x := range log.Objects {
		if there[x.ID] || x.Time != nil {
			t.Errorf("object %s is there twice, or has a time", x.ID)
		}
		there[x.ID] = true
		sound(x, kinds)
		last := map[string]time.Time{}
		for _, a := range x.Attributes {
			if a.Time == nil || a.Time.Before(last[a.Name]) {
				t.Errorf("%s: %s changes at %v, after %v", x.ID, a.Name, a.Time, last[a.Name])
				continue
			}
			last[a.Name] = *a.Time
			if a.Name == "state" {
				states[x.ID] = append(states[x.ID], a.Value.(string))
			}
		}
	}
	seen, last, touched := map[string]bool{}, map[string]time.Time{}, map[string]int{}
	for _, e := range log.Events {
		if seen[e.ID] || e.Time == nil || len(e.Relationships) == 0 {
			t.Errorf("event %s is there twice, or has no time or no object", e.ID)
			continue
		}
		seen[e.ID] = true
		sound(e, acts)
		for _, r := range e.Relationships {
			if !there[r.ObjectID] || r.Qualifier == "" || e.Time.Before(last[r.ObjectID]) {
				t.Errorf("event %s at %v is related to %q as %q", e.ID, e.Time, r.ObjectID, r.Qualifier)
			}
			last[r.ObjectID] = *e.Time
			touched[r.ObjectID]++
		}
	}
	for _, x := range log.Objects {
		for _, r := range x.Relationships {
			if !there[r.ObjectID] || r.Qualifier == "" {
				t.Errorf("object %s is related to %q as %q", x.ID, r.ObjectID, r.Qualifier)
			}
		}
	}
	if len(log.Objects) != 6 || len(log.Events) != 12 || touched["H1"] != 6 || touched["H1#birth"] != 3 || touched["H1#card"] != 3 {
		t.Errorf("%d objects, %d events, %v", len(log.Objects), len(log.Events), touched)
	}
	if got := states["H1#birth"]; !slices.Equal(got, []string{"submitted", "recording", "registered"}) {
		t.Errorf("states %v", got)
	}
	if got := states["H1#card"]; !slices.Equal(got, []string{"waiting", "expired"}) {
		t.Errorf("states %v", got)
	}
}

// full is a disk that takes no more.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

// TestDiskIsFull: a log that could not be written whole is an error.
func TestDiskIsFull(t *testing.T) {
	x, err := mining.NewXES(full{})
	if err == nil {
		err = errors.Join(x.Add(history(t, "H1")), x.Close())
	}
	if err == nil {
		t.Error("an XES log that is nowhere is taken for written")
	}
	spool, err := os.Create(filepath.Join(t.TempDir(), "objects"))
	if err != nil {
		t.Fatal(err)
	}
	defer spool.Close() //nolint:errcheck // in a folder that goes
	o, err := mining.NewOCEL(full{}, spool)
	if err == nil {
		err = errors.Join(o.Add(history(t, "H1")), o.Close())
	}
	if err == nil {
		t.Error("an OCEL log that is nowhere is taken for written")
	}
}
