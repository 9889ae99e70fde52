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
	day := calendar.DateOf(filed)
	var out []engine.FeeItem
	for _, p := range f.Parts {
		v, err := p.Times.Eval(vars)
		if err != nil {
			return nil, err
		}
		times, _ := v.(int64)
		price, err := s.parameter(p.Price, day, day)
		if err != nil {
			return nil, err
		}
		if each, ok := price.Value.(int64); ok && times > 0 {
			amount -= times * each
			out = append(out, engine.FeeItem{Title: s.paramTitles[p.Price], Price: each, Times: times, Amount: times * each, Legal: price.Basis})
		}
	}
	if amount != 0 {
		return nil, nil
	}
	return out, nil
}
