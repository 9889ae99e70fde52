package api

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"lienthong/engine"
)

// deskView is what a member of staff works with: their offices, what these do, and
// who else works there.
type deskView struct {
	Office     *officeRef      `json:"office,omitempty"`
	Offices    []officeRef     `json:"offices" doc:"Whose dossiers the caller sees"`
	Procedures []deskProcedure `json:"procedures" doc:"What these offices do, by what cases call it"`
	Colleagues []colleagueView `json:"colleagues" doc:"Of the own office, by name"`
}

type deskProcedure struct {
	ID     string     `json:"id"`
	Title  Text       `json:"title"`
	Part   Text       `json:"part" doc:"What cases call it; its title where they differ"`
	States []StateRef `json:"states"`
}

type colleagueView struct {
	ID    string   `json:"id"`
	Name  string   `json:"name"`
	Roles []string `json:"roles"`
}

// officePlace is an office with the province that it lies in.
type officePlace struct {
	ID       string      `json:"id"`
	Name     Text        `json:"name"`
	Province Text        `json:"province"`
	Serves   []placeName `json:"serves" doc:"The units for which it is the competent office now"`
}

type personLookup struct {
	ID string `json:"id" pattern:"^[0-9]{12}$"`
}

type foundPerson struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	BirthDate string `json:"birth_date,omitempty"`
	Sex       string `json:"sex,omitempty"`
	Alive     bool   `json:"alive"`
}

func (s *Server) routeDesk() {
	route(s, op{method: http.MethodGet, path: base + "/desk", id: "desk", tag: "inbox", summary: "The caller's offices, their procedures, and colleagues", status: 200, who: desk}, s.desk)
	route(s, op{method: http.MethodGet, path: base + "/desk/offices", id: "desk-offices", tag: "inbox", summary: "Offices of the same kind, to which a dossier may be transferred", status: 200, who: desk}, s.deskOffices)
	route(s, op{method: http.MethodPost, path: base + "/desk/people", id: "find-person", tag: "inbox", summary: "Look a citizen up in the population register, at the counter", status: 200, who: only(roleReception), errors: []int{404}}, s.findPerson)
}

func (s *Server) desk(ctx context.Context, _ *struct{}) (*struct{ Body deskView }, error) {
	who := callerOf(ctx)
	v := deskView{Office: s.officeRef(who.actor.Office), Offices: []officeRef{}, Colleagues: []colleagueView{}}
	agencies := map[string]bool{}
	for _, id := range s.areas.offices(who) {
		if o, ok := s.cfg.Definitions.OfficeByID(id); ok {
			v.Offices = append(v.Offices, *s.officeRef(id))
			agencies[o.Agency] = true
		}
	}
	v.Procedures = s.proceduresOf(agencies)
	if who.actor.Office != "" {
		list, err := s.cfg.Store.Accounts(ctx, who.actor.Office, "", 500)
		if err != nil {
			return nil, err
		}
		for i := range list {
			if a := &list[i]; a.Kind == engine.Staff && valid(a, s.cfg.Runtime.Now()) {
				v.Colleagues = append(v.Colleagues, colleagueView{a.ID, nameIn(ctx, a.Name), a.Roles})
			}
		}
		slices.SortFunc(v.Colleagues, func(a, b colleagueView) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	}
	return &struct{ Body deskView }{v}, nil
}

// proceduresOf lists what some kinds of agency do, as the newest version in force has it:
// their own procedures, and those of others that ask them something.
func (s *Server) proceduresOf(agencies map[string]bool) []deskProcedure {
	newest := map[string]*engine.Procedure{}
	version, part := map[string]*engine.Service{}, map[string]Text{}
	for _, svc := range s.newestFirst() {
		for _, st := range svc.Steps {
			p := st.Procedure
			concerned := agencies[p.Agency] || slices.ContainsFunc(p.States, func(x *engine.State) bool { return agencies[x.Agency] })
			switch {
			case concerned && newest[p.ID] == nil:
				newest[p.ID], version[p.ID], part[p.ID] = p, svc, st.Title
			case concerned && svc == version[p.ID] && part[p.ID] != st.Title:
				part[p.ID] = p.Title
			}
		}
	}
	out := []deskProcedure{}
	for _, id := range sortedKeys(newest) {
		p := deskProcedure{ID: id, Title: newest[id].Title, Part: part[id], States: []StateRef{}}
		for _, st := range newest[id].States {
			p.States = append(p.States, StateRef{ID: st.ID, Title: st.Title, Portal: st.Portal, Clock: clockEffect(st.Clock), Final: string(st.Final)})
		}
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b deskProcedure) int { return cmp.Compare(a.Part.VI, b.Part.VI) })
	return out
}

type officesAnswer struct {
	Body struct {
		Offices []officePlace `json:"offices" doc:"Those of the own province first, then by province and name"`
	}
}

func (s *Server) deskOffices(ctx context.Context, in *struct {
	Text string `query:"text" maxLength:"100" doc:"Words that begin words of the office's name, its province or the units it serves; diacritics may be left out"`
}) (*officesAnswer, error) {
	out := &officesAnswer{}
	out.Body.Offices = []officePlace{}
	own, ok := s.cfg.Definitions.OfficeByID(callerOf(ctx).actor.Office)
	if !ok {
		return out, nil
	}
	units, asked := s.cfg.Definitions.Units(), foldedWords(in.Text)
	for _, o := range s.cfg.Definitions.Offices() {
		if o.Agency != own.Agency || o.ID == own.ID {
			continue
		}
		p := officePlace{ID: o.ID, Name: o.Name, Province: units[s.areas.provinceOf(o.Unit)]}
		named := []string{o.Name.VI, o.Name.EN, p.Province.VI, p.Province.EN}
		for _, unit := range s.serves(o) {
			p.Serves = append(p.Serves, placeName{unit, units[unit]})
			named = append(named, units[unit].VI, units[unit].EN)
		}
		if len(p.Serves) > 0 && begins(foldedWords(named...), asked) {
			out.Body.Offices = append(out.Body.Offices, p)
		}
	}
	here := units[s.areas.provinceOf(own.Unit)]
	away := func(p officePlace) int {
		if p.Province == here {
			return 0
		}
		return 1
	}
	slices.SortFunc(out.Body.Offices, func(a, b officePlace) int {
		return cmp.Or(away(a)-away(b), cmp.Compare(a.Province.VI, b.Province.VI), cmp.Compare(a.Name.VI, b.Name.VI))
	})
	return out, nil
}

// serves lists the units for which an office is the competent one now.
func (s *Server) serves(o engine.Office) []string {
	units := append([]string{o.Unit}, o.Serves...)
	slices.Sort(units)
	return slices.DeleteFunc(slices.Compact(units), func(unit string) bool {
		now, ok := s.cfg.Definitions.Office(o.Agency, unit, s.cfg.Runtime.Now())
		return !ok || now.ID != o.ID
	})
}

// foldedWords are the words of some texts without marks, in lower case: "Đà Nẵng" is
// da and nang.
func foldedWords(texts ...string) []string {
	var out []string
	for _, t := range texts {
		t = strings.NewReplacer("đ", "d", "Đ", "d").Replace(t)
		t = strings.Map(func(r rune) rune {
			if unicode.Is(unicode.Mn, r) {
				return -1
			}
			return unicode.ToLower(r)
		}, norm.NFD.String(t))
		out = append(out, strings.FieldsFunc(t, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })...)
	}
	return out
}

// begins tells whether every word asked for begins one of the words.
func begins(words, asked []string) bool {
	return !slices.ContainsFunc(asked, func(a string) bool {
		return !slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, a) })
	})
}

// findPerson asks the population register who stands at the counter. The number
// travels in the body: addresses end up in logs.
func (s *Server) findPerson(ctx context.Context, in *struct{ Body personLookup }) (*struct{ Body foundPerson }, error) {
	if err := s.logRead(ctx, "", "person"); err != nil {
		return nil, err
	}
	a, err := s.cfg.Lookup(ctx, "population", "person", map[string]any{"id": in.Body.ID})
	if engine.CodeOf(err) == engine.NotFound {
		return nil, notFound()
	}
	if err != nil {
		return nil, &engine.Error{Code: engine.Unavailable, Op: "population", Err: err}
	}
	alive, _ := a["alive"].(bool)
	return &struct{ Body foundPerson }{foundPerson{ID: in.Body.ID, Name: engine.Str(a, "person", "name"),
		BirthDate: engine.Str(a, "person", "birth_date"), Sex: engine.Str(a, "person", "sex"), Alive: alive}}, nil
}
