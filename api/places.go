package api

import (
	"cmp"
	"context"
	"net/http"
	"slices"

	"lienthong/engine"
)

// placeView is a province with the communes that have an office here.
type placeView struct {
	Code     string      `json:"code" doc:"2 digits"`
	Name     Text        `json:"name"`
	Communes []placeName `json:"communes"`
}

type placeName struct {
	Code string `json:"code" doc:"5 digits"`
	Name Text   `json:"name"`
}

func (s *Server) routePlaces() {
	route(s, op{method: http.MethodGet, path: base + "/places", id: "list-places", tag: "services", summary: "The provinces and their communes, for forms that ask for a place", status: 200, who: anyone}, s.listPlaces)
}

func (s *Server) listPlaces(context.Context, *struct{}) (*struct {
	Body struct {
		Provinces []placeView `json:"provinces"`
	}
}, error) {
	out := &struct {
		Body struct {
			Provinces []placeView `json:"provinces"`
		}
	}{}
	out.Body.Provinces = s.areas.places(s.cfg.Definitions.Units())
	return out, nil
}

// places groups the communes by province, both by name. A commune whose province
// nobody named stands under a province without a name.
func (a *areas) places(units map[string]Text) []placeView {
	of := map[string]*placeView{}
	for _, code := range sortedKeys(units) {
		if len(code) != 5 {
			continue
		}
		p := a.provinceOf(code)
		if p == code {
			p = ""
		}
		if of[p] == nil {
			of[p] = &placeView{Code: p, Name: units[p]}
		}
		of[p].Communes = append(of[p].Communes, placeName{code, units[code]})
	}
	out := make([]placeView, 0, len(of))
	for _, code := range sortedKeys(of) {
		slices.SortFunc(of[code].Communes, func(x, y placeName) int { return cmp.Compare(x.Name.VI, y.Name.VI) })
		out = append(out, *of[code])
	}
	return out
}

// titled is the title of something by its id, or the id itself.
func titled(titles map[string]engine.Text, id string) Text {
	if t := titles[id]; !t.IsZero() {
		return t
	}
	return Text{VI: id, EN: id}
}
