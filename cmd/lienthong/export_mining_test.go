package main

import (
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestExportXES: the log has what IEEE 1849 asks for, one trace a case and one event
// an entry, in the order of time, and no person.
func TestExportXES(t *testing.T) {
	dir, db := played(t)
	file := filepath.Join(dir, "log.xes")
	says(t, 0, "2 cases with 40 events", "export", "--db", db, "--to", file, "--format", "xes")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	noPersons(t, db, string(b))
	type attr struct {
		Key   string `xml:"key,attr"`
		Value string `xml:"value,attr"`
	}
	var log struct {
		XMLName    xml.Name `xml:"http://www.xes-standard.org/ log"`
		Version    string   `xml:"xes.version,attr"`
		Features   *string  `xml:"xes.features,attr"`
		Extensions []struct {
			Name   string `xml:"name,attr"`
			Prefix string `xml:"prefix,attr"`
			URI    string `xml:"uri,attr"`
		} `xml:"extension"`
		Globals []struct {
			Scope string `xml:"scope,attr"`
		} `xml:"global"`
		Classifiers []struct {
			Keys string `xml:"keys,attr"`
		} `xml:"classifier"`
		Traces []struct {
			Strings []attr `xml:"string"`
			Events  []struct {
				Strings []attr `xml:"string"`
				Dates   []attr `xml:"date"`
			} `xml:"event"`
		} `xml:"trace"`
	}
	if err := xml.Unmarshal(b, &log); err != nil {
		t.Fatal(err)
	}
	if log.Version != "1849.2023" || log.Features == nil || len(log.Globals) != 2 || len(log.Classifiers) == 0 || len(log.Traces) != 2 {
		t.Fatalf("log %s, %d globals, %d classifiers, %d traces", log.Version, len(log.Globals), len(log.Classifiers), len(log.Traces))
	}
	declared := map[string]bool{}
	for _, x := range log.Extensions {
		declared[x.Prefix] = x.Name != "" && strings.HasSuffix(x.URI, "/"+x.Prefix+".xesext")
	}
	n := 0
	for _, tr := range log.Traces {
		if len(tr.Strings) == 0 || tr.Strings[0].Key != "concept:name" || tr.Strings[0].Value == "" {
			t.Errorf("a trace without a name: %+v", tr.Strings)
		}
		last := time.Time{}
		for _, e := range tr.Events {
			n++
			have := map[string]string{}
			for _, a := range append(e.Strings, e.Dates...) {
				prefix, _, extended := strings.Cut(a.Key, ":")
				if have[a.Key] != "" || extended && !declared[prefix] {
					t.Errorf("%s is there twice, or its extension is not declared", a.Key)
				}
				have[a.Key] = a.Value
			}
			at, err := time.Parse(time.RFC3339Nano, have["time:timestamp"])
			if err != nil || at.Before(last) || have["concept:name"] == "" || have["lifecycle:transition"] != "complete" || have["org:resource"] == "" {
				t.Errorf("event %v (%v)", have, err)
			}
			last = at
		}
	}
	if n != 40 {
		t.Errorf("%d events", n)
	}
}

// TestExportOCEL: the log has the shape of OCEL 2.0's JSON Schema: its four lists with
// the fields they must have, types that are declared with their attributes, and
// relations to objects that are there.
func TestExportOCEL(t *testing.T) {
	dir, db := played(t)
	file := filepath.Join(dir, "log.jsonocel")
	says(t, 0, "2 cases with 40 events", "export", "--db", db, "--to", file, "--format", "ocel")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	noPersons(t, db, string(b))
	type value struct {
		Name  string     `json:"name"`
		Value string     `json:"value"`
		Time  *time.Time `json:"time,omitempty"`
	}
	type thing struct {
		ID         string     `json:"id"`
		Type       string     `json:"type"`
		Time       *time.Time `json:"time,omitempty"`
		Attributes []value    `json:"attributes"`
		Relations  []struct {
			Object    string `json:"objectId"`
			Qualifier string `json:"qualifier"`
		} `json:"relationships"`
	}
	type kind struct {
		Name       string                        `json:"name"`
		Attributes []struct{ Name, Type string } `json:"attributes"`
	}
	var log struct {
		ObjectTypes []kind  `json:"objectTypes"`
		EventTypes  []kind  `json:"eventTypes"`
		Objects     []thing `json:"objects"`
		Events      []thing `json:"events"`
	}
	dec := json.NewDecoder(strings.NewReader(string(b)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&log); err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, o := range log.Objects {
		if ids[o.ID] || o.ID == "" || o.Time != nil {
			t.Errorf("object %+v", o)
		}
		ids[o.ID] = true
	}
	check := func(all []thing, kinds []kind, dated bool) {
		for _, x := range all {
			i := slices.IndexFunc(kinds, func(k kind) bool { return k.Name == x.Type })
			if i < 0 {
				t.Fatalf("%s has type %q, which is not declared", x.ID, x.Type)
			}
			for _, a := range x.Attributes {
				if (a.Time != nil) != dated || !slices.ContainsFunc(kinds[i].Attributes, func(d struct{ Name, Type string }) bool { return d.Name == a.Name && d.Type == "string" }) {
					t.Errorf("%s: attribute %+v", x.ID, a)
				}
			}
			for _, r := range x.Relations {
				if !ids[r.Object] || r.Qualifier == "" {
					t.Errorf("%s: relation %+v", x.ID, r)
				}
			}
		}
	}
	check(log.Objects, log.ObjectTypes, true)
	check(log.Events, log.EventTypes, false)
	seen := map[string]bool{}
	for _, e := range log.Events {
		if seen[e.ID] || e.Time == nil || len(e.Relations) == 0 {
			t.Errorf("event %+v", e)
		}
		seen[e.ID] = true
	}
	if len(log.Events) != 40 || len(log.ObjectTypes) < 5 || len(log.Objects) < 8 {
		t.Errorf("%d events, %d objects of %d types", len(log.Events), len(log.Objects), len(log.ObjectTypes))
	}
	says(t, 2, "go with --format history", "export", "--db", db, "--to", file, "--format", "ocel", "--plain")
}

func noPersons(t *testing.T, db, log string) {
	t.Helper()
	for s := range secrets(t, db) {
		if strings.Contains(log, s) {
			t.Errorf("%q is in the log", s)
		}
	}
	if strings.Contains(log, "officer.") || strings.Contains(log, "leader.") {
		t.Error("an account is in the log")
	}
}
