package paths

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing/fstest"
	"time"

	"lienthong/engine"
	"lienthong/engine/machine"
)

// The steps of a service that is made for a procedure.
const (
	stepIssuer  = "issuer"  // hands the procedure what it works with
	stepSubject = "subject" // the procedure
	stepLater   = "later"   // uses what it issued
)

// Subject is a procedure in a service of its own.
type Subject struct {
	Procedure *engine.Procedure
	Service   *engine.Service
	Commune   string
	Start     time.Time // the business instant at which its walks begin
}

// Name is the procedure; one that is not in force yet when walks usually begin has
// the day on which it is.
func (s Subject) Name() string {
	if s.Start.After(start) {
		return s.Procedure.ID + " " + s.Start.Format(time.DateOnly)
	}
	return s.Procedure.ID
}

// Load compiles definitions together with a service for each of their procedures.
func Load(fsys fs.FS) (*machine.Set, []Subject, error) {
	plain, err := machine.Load(fsys)
	if err != nil {
		return nil, nil, err
	}
	all, err := copied(fsys)
	if err != nil {
		return nil, nil, err
	}
	add := func(name, text string) { all[name] = &fstest.MapFile{Data: []byte(text)} }
	add("forms/path_application.yaml", application)
	add("forms/path_anything.yaml", anything)
	add("procedures/path_later.yaml", later)
	made := map[string]Subject{}
	for i, p := range plain.Procedures() {
		source, err := fs.ReadFile(fsys, p.File)
		if err != nil {
			return nil, nil, err
		}
		doc, _ := machine.ReadYAML(p.File, source)
		begin := begins(since(doc))
		unit := commune(plain, p.Agency, begin)
		if unit == "" {
			return nil, nil, fmt.Errorf("%s: no unit has an office of the kind %s", p.File, p.Agency)
		}
		id := fmt.Sprintf("path_%d", i)
		made[id] = Subject{Commune: unit, Start: begin}
		inputs := inputsOf(doc)
		add("forms/"+id+"_values.yaml", valuesForm(id, inputs))
		add("procedures/"+id+"_issuer.yaml", issuer(id, p.Agency, inputs))
		add("services/"+id+".yaml", service(id, p, since(doc), inputs))
	}
	set, err := machine.Load(all)
	if err != nil {
		return nil, nil, err
	}
	var out []Subject
	for i := range plain.Procedures() {
		id := fmt.Sprintf("path_%d", i)
		for _, s := range set.Services() {
			if s.ID == id {
				out = append(out, Subject{Procedure: s.Step(stepSubject).Procedure, Service: s, Commune: made[id].Commune, Start: made[id].Start})
			}
		}
	}
	return set, out, nil
}

// folders of definitions.
var folders = []string{"calendars", "parameters", "offices", "forms", "registries", "subforms", "procedures", "services"}

func copied(fsys fs.FS) (fstest.MapFS, error) {
	out := fstest.MapFS{}
	for _, f := range folders {
		names, err := fs.Glob(fsys, f+"/*.y*ml")
		if err != nil {
			return nil, err
		}
		for _, n := range names {
			data, err := fs.ReadFile(fsys, n)
			if err != nil {
				return nil, err
			}
			out[n] = &fstest.MapFile{Data: data}
		}
	}
	return out, nil
}

// start is the business instant at which walks begin, but through a procedure that is
// in force only later.
var start = time.Date(2026, 9, 7, 1, 0, 0, 0, time.UTC) // 08:00 in Vietnam

func begins(since string) time.Time {
	day, err := time.Parse(time.DateOnly, since)
	if at := day.Add(time.Hour); err == nil && at.After(start) {
		return at
	}
	return start
}

func commune(set *machine.Set, agency string, at time.Time) string {
	units := set.Units()
	var codes []string
	for u := range units {
		codes = append(codes, u)
	}
	slices.SortFunc(codes, func(a, b string) int { // communes before provinces
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	for _, u := range codes {
		if _, ok := set.Office(agency, u, at); ok {
			return u
		}
	}
	return ""
}

// input is a `with` value of a procedure.
type input struct {
	name, form string
	optional   bool
}

func inputsOf(doc *machine.YAML) []input {
	in := doc.Get("inputs")
	if in == nil {
		return nil
	}
	var out []input
	for i, k := range in.Keys {
		name, optional := strings.CutSuffix(k.Text, "?")
		out = append(out, input{name, in.Items[i].Text, optional})
	}
	return out
}

func since(doc *machine.YAML) string {
	if s := doc.Get("since"); s != nil {
		return s.Text
	}
	return "2024-01-01"
}

const application = `form: path_application
title: {vi: "Đơn", en: "Application"}
schema:
  type: object
  additionalProperties: false
  required: [commune]
  properties:
    commune: {type: string, maxLength: 5}
`

const anything = `form: path_anything
title: {vi: "Kết quả", en: "Result"}
schema: {type: object}
`

const titles = `{vi: "x", en: "x"}`

const later = `procedure: path_later
agency: civil_status
code: "9.000001"
title: {vi: "Bước sau", en: "Later step"}
inputs: {value: path_anything}
states:
  checking: {title: ` + titles + `, portal: 4, clock: none}
  upstream: {title: ` + titles + `, portal: 4, clock: none}
  done: {title: ` + titles + `, portal: 9, final: success}
actions:
  finish: {title: ` + titles + `, from: checking, to: done, by: officer}
  return_upstream: {title: ` + titles + `, from: checking, to: upstream, by: officer, returns: value}
  corrected: {title: ` + titles + `, from: upstream, to: checking, by: upstream}
`

func valuesForm(id string, inputs []input) string {
	var props, required strings.Builder
	for _, in := range inputs {
		fmt.Fprintf(&props, "    %s: {$ref: \"form:%s\"}\n", in.name, in.form)
		if !in.optional {
			fmt.Fprintf(&required, "%s, ", in.name)
		}
	}
	s := fmt.Sprintf("form: %s_values\ntitle: %s\nschema:\n  type: object\n  additionalProperties: false\n", id, titles)
	if required.Len() > 0 {
		s += "  required: [" + strings.TrimSuffix(required.String(), ", ") + "]\n"
	}
	if props.Len() > 0 {
		s += "  properties:\n" + props.String()
	}
	return s
}

// issuer is a procedure that issues values and corrects them.
func issuer(id, agency string, inputs []input) string {
	var data strings.Builder
	for _, in := range inputs {
		path := func(action string) string { return "dossier." + action + "." + in.name }
		value := fmt.Sprintf("has(dossier.amend) ? %s : %s", path("amend"), path("issue"))
		if in.optional {
			value = fmt.Sprintf("has(dossier.amend) ? dyn(dossier.amend).?%s.orValue(null) : dyn(dossier.issue).?%s.orValue(null)", in.name, in.name)
		}
		fmt.Fprintf(&data, "        %s: %q\n", in.name, value)
	}
	result := ""
	if len(inputs) > 0 {
		result = "      data:\n" + data.String()
	}
	return fmt.Sprintf(`procedure: %[1]s_issuer
agency: %[2]s
code: "9.000000"
title: {vi: "Bước trước", en: "Earlier step"}
states:
  waiting: {title: %[3]s, portal: 1, clock: none}
  issued:
    title: %[3]s
    portal: 9
    final: success
    result:
      document: path_values
      code: KQ.G15.999999
      title: %[3]s
      paper: false
%[4]s  correcting: {title: %[3]s, portal: 4, clock: none}
  annulled: {title: %[3]s, portal: 3, final: annulled}
actions:
  issue: {title: %[3]s, from: waiting, to: issued, by: officer, input: %[1]s_values}
  returned: {title: %[3]s, from: issued, to: correcting, by: downstream, input: fault}
  correct: {title: %[3]s, from: issued, to: correcting, by: officer}
  amend: {title: %[3]s, from: correcting, to: issued, by: officer, input: %[1]s_values}
  keep: {title: %[3]s, from: correcting, to: issued, by: officer}
  annul: {title: %[3]s, from: correcting, to: annulled, by: officer}
`, id, agency, titles, result)
}

func service(id string, p *engine.Procedure, since string, inputs []input) string {
	var with strings.Builder
	for _, in := range inputs {
		mark := ""
		if in.optional {
			mark = "?"
		}
		fmt.Fprintf(&with, "      %s: steps.issuer.result.%s%s\n", in.name, mark, in.name)
	}
	subject := ""
	if with.Len() > 0 {
		subject = "    with:\n" + with.String()
	}
	s := fmt.Sprintf(`service: %[1]s
version: "2024-01-01"
code: "9.000000"
title: %[2]s
summary: %[2]s
legal: []
in_force: {from: %[3]q}
form: path_application
reception: issuer
steps:
  issuer: {title: %[2]s, procedure: %[1]s_issuer, at: application.commune}
  subject:
    title: %[2]s
    procedure: %[4]s
    at: application.commune
    needs: [issuer]
%[5]s`, id, titles, since, p.ID, subject)
	if slices.ContainsFunc(p.Actions, func(a *engine.Action) bool { return slices.Contains(a.By, engine.ByDownstream) }) {
		s += fmt.Sprintf("  later:\n    title: %s\n    procedure: path_later\n    at: application.commune\n    needs: [subject]\n    with: {value: steps.subject.result}\n", titles)
	}
	return s
}
