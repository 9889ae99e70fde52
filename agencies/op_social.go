package agencies

// socialAssistance keeps the beneficiaries of social protection.
func socialAssistance() *registry {
	return &registry{
		id:    "social_assistance",
		kinds: map[string]kind{"beneficiary": {"person.id", ""}},
		operations: map[string]operation{
			"beneficiary": {needs: []need{"id id"}, refusals: []string{"not_beneficiary"}, perform: listed("beneficiary", "not_beneficiary")},
			"record_funeral_benefit": {
				changes: true, needs: []need{"deceased idref", "amount dong"},
				refusals: []string{"not_beneficiary", "already_settled"},
				perform: func(t *tx, in object) (object, error) {
					if in.flag("disaster") { // emergency support is for whoever died in one
						return settleBenefit(t, "funeral", in)
					}
					return listedBenefit("beneficiary", "not_beneficiary", func(object) string { return "funeral" })(t, in)
				},
			},
			"stop_allowance": {
				changes: true, needs: []need{"id id", "died_on date"},
				refusals: []string{"not_beneficiary", "already_stopped"}, perform: stopAllowance("beneficiary", "not_beneficiary"),
			},
		},
	}
}

// merit keeps people of merit to the revolution and their relatives.
func merit() *registry {
	return &registry{
		id:    "merit",
		kinds: map[string]kind{"person": {"person.id", ""}},
		operations: map[string]operation{
			"person": {needs: []need{"id id"}, refusals: []string{"not_merit"}, perform: listed("person", "not_merit")},
			"record_benefit": {
				changes: true, needs: []need{"deceased idref", "kind merit", "amount dong"},
				refusals: []string{"not_merit", "already_settled"},
				perform:  listedBenefit("person", "not_merit", func(in object) string { return in.str("kind") }),
			},
			"stop_allowance": {
				changes: true, needs: []need{"id id", "died_on date"},
				refusals: []string{"not_merit", "already_stopped"}, perform: stopAllowance("person", "not_merit"),
			},
		},
	}
}

func listed(kind, code string) func(*tx, object) (object, error) {
	return func(t *tx, in object) (object, error) { return t.must(kind, in.str("id"), code) }
}

func listedBenefit(kind, code string, benefit func(object) string) func(*tx, object) (object, error) {
	return func(t *tx, in object) (object, error) {
		if _, err := t.must(kind, in.id("deceased"), code); err != nil {
			return nil, err
		}
		return settleBenefit(t, benefit(in), in)
	}
}

func stopAllowance(kind, code string) func(*tx, object) (object, error) {
	return func(t *tx, in object) (object, error) {
		p, err := t.must(kind, in.str("id"), code)
		if err != nil {
			return nil, err
		}
		if p.str("stopped") != "" {
			return nil, refuse("already_stopped")
		}
		number, err := decisionNumber(t)
		if err != nil {
			return nil, err
		}
		out := object{"decision_number": number, "stopped_on": day(t.now)}
		return out, t.put(kind, in.str("id"), "", p.with(object{"stopped": in.str("died_on")}))
	}
}
