package mining

import (
	"bufio"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"time"

	"lienthong/engine"
)

// OCEL writes an object-centric event log of OCEL 2.0 in its JSON form: the objects
// are the case and its dossiers. The format has all events in one list and all objects
// in another: objects are kept in a second place until Close.
type OCEL struct {
	w       *bufio.Writer
	objects io.ReadWriteSeeker
	spool   *bufio.Writer
	events  bool
	listed  bool
	types   map[string]bool // of events
	kinds   map[string]bool // of dossiers
}

// Attribute names of each type.
var (
	eventAttrs   = []string{"resource", "role", "office", "from", "to", "lifecycle"}
	caseAttrs    = []string{"service", "version"}
	dossierAttrs = []string{"procedure", "state"}
)

type ocelEvent struct {
	ID         string         `json:"id"`
	Type       string         `json:"type"`
	Time       time.Time      `json:"time"`
	Attributes []ocelValue    `json:"attributes"`
	Relations  []ocelRelation `json:"relationships"`
}

type ocelObject struct {
	ID         string         `json:"id"`
	Type       string         `json:"type"`
	Attributes []ocelDated    `json:"attributes"`
	Relations  []ocelRelation `json:"relationships"`
}

type ocelValue struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type ocelDated struct {
	Name  string    `json:"name"`
	Time  time.Time `json:"time"`
	Value string    `json:"value"`
}

type ocelRelation struct {
	Object    string `json:"objectId"`
	Qualifier string `json:"qualifier"`
}

type ocelType struct {
	Name       string     `json:"name"`
	Attributes []ocelAttr `json:"attributes"`
}

type ocelAttr struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// NewOCEL begins a log. objects is an empty place for as long as it is written, such
// as a temporary file.
func NewOCEL(w io.Writer, objects io.ReadWriteSeeker) (*OCEL, error) {
	o := &OCEL{w: bufio.NewWriterSize(w, 1<<16), objects: objects, spool: bufio.NewWriterSize(objects, 1<<16), types: map[string]bool{}, kinds: map[string]bool{}}
	_, err := o.w.WriteString(`{"events":[`)
	return o, err
}

// Add writes one case.
func (o *OCEL) Add(history []engine.Entry) error {
	if len(history) == 0 {
		return nil
	}
	code := history[0].Case
	whole := ocelObject{ID: code, Type: "case", Attributes: []ocelDated{}, Relations: []ocelRelation{}}
	parts, order := map[string]*ocelObject{}, []string{}
	if f := history[0].Command.File; f != nil {
		whole.Attributes = append(whole.Attributes, ocelDated{"service", history[0].At, f.Service}, ocelDated{"version", history[0].At, f.Version})
	}
	for i, h := range log(history) {
		for _, v := range history[i].Events {
			switch v := v.(type) {
			case engine.Filed:
				for _, p := range v.Steps {
					id := code + "#" + p.Step // its code may change when it is filed again
					parts[p.Step] = &ocelObject{ID: id, Type: p.Procedure, Attributes: []ocelDated{{"procedure", h.at, p.Procedure}}, Relations: []ocelRelation{}}
					order = append(order, p.Step)
					whole.Relations = append(whole.Relations, ocelRelation{id, p.Step})
				}
			case engine.Moved:
				if p := parts[v.Step]; p != nil {
					p.Attributes = append(p.Attributes, ocelDated{"state", h.at, v.To})
				}
			}
		}
		e := ocelEvent{ID: h.id, Type: h.activity, Time: h.at, Attributes: []ocelValue{}, Relations: []ocelRelation{{code, "case"}}}
		for _, a := range []ocelValue{{"resource", h.resource}, {"role", h.role}, {"office", h.org}, {"from", h.from}, {"to", h.to}, {"lifecycle", h.lifecycle}} {
			if a.Value != "" {
				e.Attributes = append(e.Attributes, a)
			}
		}
		for _, step := range touched(&history[i], order) {
			e.Relations = append(e.Relations, ocelRelation{parts[step].ID, "dossier"})
		}
		o.types[h.activity] = true
		if err := o.put(o.w, &o.events, e); err != nil {
			return err
		}
	}
	if err := o.put(o.spool, &o.listed, whole); err != nil {
		return err
	}
	for _, step := range order {
		o.kinds[parts[step].Type] = true
		if err := o.put(o.spool, &o.listed, parts[step]); err != nil {
			return err
		}
	}
	return nil
}

// touched are the steps that an entry concerns, in the case's order.
func touched(e *engine.Entry, order []string) []string {
	var out []string
	for _, step := range order {
		if step == e.Command.Step || slices.ContainsFunc(e.Events, func(v engine.Event) bool {
			_, told := v.(engine.Notified)
			return v.Of() == step && !told
		}) {
			out = append(out, step)
		}
	}
	return out
}

func (o *OCEL) put(w *bufio.Writer, some *bool, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if *some {
		b = append([]byte(",\n"), b...)
	}
	*some = true
	_, err = w.Write(b)
	return err
}

// Close writes the objects and the types; it does not close what is below.
func (o *OCEL) Close() error {
	if err := o.spool.Flush(); err != nil {
		return err
	}
	if _, err := o.objects.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if _, err := o.w.WriteString("],\n\"objects\":["); err != nil {
		return err
	}
	if _, err := io.Copy(o.w, o.objects); err != nil {
		return err
	}
	objects := []ocelType{typeOf("case", caseAttrs)}
	for _, k := range slices.Sorted(maps.Keys(o.kinds)) {
		objects = append(objects, typeOf(k, dossierAttrs))
	}
	events := []ocelType{}
	for _, k := range slices.Sorted(maps.Keys(o.types)) {
		events = append(events, typeOf(k, eventAttrs))
	}
	b, err := json.Marshal(map[string]any{"objectTypes": objects, "eventTypes": events})
	if err != nil {
		return err
	}
	if _, err := o.w.WriteString("],\n" + string(b[1:]) + "\n"); err != nil {
		return err
	}
	return o.w.Flush()
}

func typeOf(name string, attrs []string) ocelType {
	t := ocelType{Name: name, Attributes: []ocelAttr{}}
	for _, a := range attrs {
		t.Attributes = append(t.Attributes, ocelAttr{a, "string"})
	}
	return t
}
