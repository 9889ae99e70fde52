package machine

import (
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

type once struct{}

func (once) Eval(engine.Vars) (any, error) { return int64(1), nil }
func (once) Source() string                { return "1" }

// A set announced later that goes back to an earlier price gives its own source, not
// that of the price which it replaced.
func TestAFeeNamesTheSourceOfItsOwnPrice(t *testing.T) {
	of := func(id string, announced, from calendar.Date, price int64) *paramSet {
		return &paramSet{id: id, announced: announced, values: map[string][]ParameterValue{"fee": {{From: from, Value: price, Basis: id}}}}
	}
	s := &Set{params: []*paramSet{of("first", "2026-01-01", "2026-07-01", 9000), of("second", "2026-02-01", "2026-06-01", 8000)}}
	filed := time.Date(2026, 8, 3, 9, 0, 0, 0, calendar.Zone)
	items, err := s.FeeItems(&engine.Fee{Parts: []engine.FeePart{{Price: "fee", Times: once{}}}}, engine.Vars{"filed_at": filed}, 8000)
	if err != nil || len(items) != 1 || items[0].Price != 8000 || items[0].Legal != "second" {
		t.Errorf("%+v, %v", items, err)
	}
}
