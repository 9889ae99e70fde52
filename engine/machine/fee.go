package machine

import (
	"fmt"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

// FeeItems says what a fee is asked for, line by line, with where each price is
// written; vars are those of a service's expressions, and the prices are those of the
// filing as they were known then. Without items when the parts do not add up to the
// amount: it was decided by a rule that they do not tell.
func (s *Set) FeeItems(f *engine.Fee, vars engine.Vars, amount int64) ([]engine.FeeItem, error) {
	filed, ok := vars["filed_at"].(time.Time)
	if !ok {
		return nil, fmt.Errorf("machine: fee: filed_at is %v", vars["filed_at"])
	}
	var out []engine.FeeItem
	for _, p := range f.Parts {
		v, err := p.Times.Eval(vars)
		if err != nil {
			return nil, err
		}
		times, _ := v.(int64)
		price, err := s.Parameter(p.Price, filed, filed)
		if err != nil {
			return nil, err
		}
		if each, ok := price.(int64); ok && times > 0 {
			amount -= times * each
			out = append(out, engine.FeeItem{Title: s.paramTitles[p.Price], Price: each, Times: times, Amount: times * each, Legal: s.basis(p.Price, filed)})
		}
	}
	if amount != 0 {
		return nil, nil
	}
	return out, nil
}

// basis is where a parameter's value of a day is written, as known that day.
func (s *Set) basis(name string, on time.Time) string {
	for _, v := range s.ParameterValues(name, on) {
		if v.From <= calendar.DateOf(on) {
			return v.Basis
		}
	}
	return ""
}
