package api

import (
	"context"
	"slices"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

// inTime are the groupings that follow the calendar; all others follow what a figure
// belongs to.
var inTime = []string{"day", "week", "month"}

// mostSpans is how many days, weeks or months one answer tells apart.
const mostSpans = 400

// timeSpan is a part of a period, both ends included.
type timeSpan struct{ from, to calendar.Date }

// timeSpans cuts a period into days, weeks from Monday or calendar months; the first
// and the last are cut short where the period begins or ends inside them.
func timeSpans(from, to calendar.Date, by string) []timeSpan {
	var out []timeSpan
	for d := from; d <= to && len(out) <= mostSpans; d = out[len(out)-1].to.AddDays(1) {
		_, end := named(by, d)
		out = append(out, timeSpan{d, min(end, to)})
	}
	return out
}

// name writes a span for people.
func (t timeSpan) name(by string) Text {
	day := func(d calendar.Date) string { return string(d[8:10] + "/" + d[5:7] + "/" + d[:4]) }
	switch {
	case by == "month":
		return Text{VI: "Tháng " + string(t.from[5:7]+"/"+t.from[:4]), EN: string(t.from[5:7] + "/" + t.from[:4])}
	case t.from == t.to:
		return Text{VI: day(t.from), EN: day(t.from)}
	}
	s := day(t.from)[:5] + "–" + day(t.to)
	return Text{VI: s, EN: s}
}

// series computes the indicators of every day, week or month of a period, of what
// arrived, was received or was filed in it; open dossiers are compared with asOf like
// those of the whole period.
func (s *Server) series(ctx context.Context, in *indicatorsQuery, offices []string, from, to calendar.Date, asOf time.Time, level string) ([]indicatorGroup, error) {
	spans := timeSpans(from, to, in.By)
	if len(spans) > mostSpans {
		return nil, invalid("query:by", "length", "Kỳ quá dài cho cách chia này: hãy chia theo tuần hoặc tháng.", "The period is too long for this: ask by week or month.")
	}
	out := []indicatorGroup{}
	for _, t := range spans {
		figures, err := s.cfg.Store.Sums(ctx, engine.SumQuery{Offices: offices, From: t.from, To: t.to})
		if err != nil {
			return nil, err
		}
		figures = slices.DeleteFunc(figures, in.drops)
		out = append(out, indicatorGroup{ID: string(t.from), Name: t.name(in.By), Indicators: s.shown(figures, asOf, level)})
	}
	return out, nil
}

// drops tells whether a figure is of another service or procedure than what was asked
// for.
func (in *indicatorsQuery) drops(f engine.Figure) bool {
	return in.Service != "" && f.Service != in.Service || in.Procedure != "" && f.Procedure != in.Procedure
}

// serviceKnown refuses a service that does not exist: nothing would be taken for its
// figures.
func (s *Server) serviceKnown(id string) error {
	if id == "" || slices.ContainsFunc(s.cfg.Definitions.Services(), func(x *engine.Service) bool { return x.ID == id }) {
		return nil
	}
	return invalid("query:service", "enum", "Không có dịch vụ này.", "There is no such service.")
}
