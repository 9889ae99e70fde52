package portal

import (
	"strconv"
	"time"
)

// share is a rate as the surface tells it.
type share struct {
	Numerator   int64  `json:"numerator"`
	Denominator int64  `json:"denominator"`
	Value       string `json:"value"` // percent with two decimals, or notCounted
}

// plus is the rate of both together.
func (s share) plus(o share) share {
	s.Numerator, s.Denominator = s.Numerator+o.Numerator, s.Denominator+o.Denominator
	if s.Value = notCounted; s.Denominator > 0 {
		s.Value = strconv.FormatFloat(100*float64(s.Numerator)/float64(s.Denominator), 'f', 2, 64)
	}
	return s
}

// exchangeCount is what became of the requests of a day or a period.
type exchangeCount struct {
	Day       string `json:"day"`
	Made      int64  `json:"made"`
	Answered  share  `json:"answer_rate"`
	Exchanges share  `json:"exchange_rate"`
}

// exchangeSums are the sums of all registers over a period of whole days.
type exchangeSums struct {
	From string        `json:"from"`
	To   string        `json:"to"`
	All  exchangeCount `json:"all"`
}

// rates is a table: registers down, the days of the period across.
type rates struct {
	Days []string // as people write them
	Rows []rateRow
}

// rateRow is one register over the period, and on each of its days.
type rateRow struct {
	Title                     string
	Made, Answered, Exchanges string
	Days                      []string
}

// ratesOf lays out how the exchange with every register went. A register that was
// asked nothing has no row.
func (v *visit) ratesOf(registries []registryLine, sums exchangeSums) rates {
	var out rates
	var days []string
	first, err := time.Parse(time.DateOnly, sums.From)
	last, lerr := time.Parse(time.DateOnly, sums.To)
	for d := first; err == nil && lerr == nil && !d.After(last); d = d.AddDate(0, 0, 1) {
		days = append(days, d.Format(time.DateOnly))
		out.Days = append(out.Days, d.Format("02/01"))
	}
	together := make([]exchangeCount, len(days))
	row := func(title string, all exchangeCount, of []exchangeCount) rateRow {
		r := rateRow{Title: title, Made: v.number(all.Made), Answered: v.amount(all.Answered.Value, "percent"), Exchanges: v.amount(all.Exchanges.Value, "percent")}
		for _, day := range days {
			r.Days = append(r.Days, v.rateOf(countOn(day, of)))
		}
		return r
	}
	for _, r := range registries {
		if r.Period.Made == 0 {
			continue
		}
		out.Rows = append(out.Rows, row(r.Title.In(v.lang), r.Period, r.Days))
		for i, day := range days {
			c := countOn(day, r.Days)
			together[i] = exchangeCount{Day: day, Made: together[i].Made + c.Made, Exchanges: together[i].Exchanges.plus(c.Exchanges)}
		}
	}
	if len(out.Rows) > 0 {
		out.Rows = append(out.Rows, row(v.t("exchange.together"), sums.All, together))
	}
	return out
}

// countOn is what became of a day's requests.
func countOn(day string, of []exchangeCount) exchangeCount {
	for _, d := range of {
		if d.Day == day {
			return d
		}
	}
	return exchangeCount{Day: day}
}

// rateOf writes a day's rate, with the number of its requests.
func (v *visit) rateOf(c exchangeCount) string {
	if c.Made == 0 {
		return "–"
	}
	return v.amount(c.Exchanges.Value, "percent") + " (" + v.number(c.Made) + ")"
}
