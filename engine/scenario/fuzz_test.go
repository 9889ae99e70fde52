package scenario

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"lienthong/engine/machine"
)

var definitions = sync.OnceValues(func() (*machine.Set, error) { return machine.Load(os.DirFS("../../workflows")) })

// Whatever stands in a file, it is read and checked, or refused with a place.
func FuzzRead(f *testing.F) {
	names, err := filepath.Glob("../../workflows/scenarios/*.yaml")
	if err != nil || len(names) == 0 {
		f.Fatal("no scenarios", err)
	}
	for i, n := range names {
		if i%12 == 0 {
			data, err := os.ReadFile(n)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	for _, s := range []string{"", "a", "[", "scenario: x", "given: {at: 2026-09-07 08:00}\nscenario: x\nstory: [1, {}, {when: a}, {then: x}, {then: {told: 1}}, {when: operator, does: x}]",
		"kịch bản: x\ncho: [1]\ndiễn biến: {}", "story: [{tell: ../x}]\nscenario: x\ngiven: {at: 2026-09-07 08:00}",
		"scenario: x\ngiven: {at: 2026-09-07 08:00, case: {example: b, as: [x], by: reception}, staff: {a: {office: x, roles: [y]}}, people: {a: b}}\nstory: [{agency: population, answers: later x}, {then: {case: 1, sees: {hung: {card: {can: [x]}}}, money: 1, register: [{agency: x}], owed: {x: 1}, performed: {population/y: 1}}}]"} {
		f.Add([]byte(s))
	}
	defs, err := definitions()
	if err != nil {
		f.Fatal(err)
	}
	b := Book{Definitions: defs, People: []Person{{ID: "001058000101", Handle: "hung", Name: "Nguyễn Văn Hùng"}}, Examples: map[string]Example{"b": {Service: "birth"}}}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, found := Read("scenarios/x.yaml", data)
		if (s == nil) == (len(found) == 0) {
			t.Fatalf("scenario %v with findings %v", s != nil, found)
		}
		if s == nil {
			return
		}
		Link(os.DirFS("../../workflows"), s)
		_, found = compile(b, s)
		for _, f := range found {
			if f.Line < 1 || f.Message.VI == "" || f.Message.EN == "" {
				t.Errorf("a finding without a place or words: %+v", f)
			}
		}
	})
}
