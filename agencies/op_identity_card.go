package agencies

import "time"

// identityCard issues the identity cards of the Ministry of Public Security.
// A card bears the personal identification number as its own.
func identityCard() *registry {
	return &registry{
		id:    "identity_card",
		kinds: map[string]kind{"card": {"card_number", "person.id"}},
		operations: map[string]operation{
			"issue": {
				changes: true, cancellable: true,
				needs:    []need{"person object", "person.id id", "person.name text", "person.birth_date date"},
				refusals: []string{"already_issued", "person_unknown", "person_dead", "cancelled"}, perform: issueCard,
			},
			"reissue": {
				changes:  true,
				needs:    []need{"person object", "person.id id", "reason text?"},
				refusals: []string{"not_issued", "person_unknown", "person_dead"}, perform: reissueCard,
			},
			"revoke": {
				changes: true, needs: []need{"person idref", "reason text"},
				refusals: []string{"not_issued"}, perform: revokeCard,
			},
		},
	}
}

// holder checks that the person lives, by the population register.
func holder(t *tx, id string) (object, error) {
	p, ok, err := t.citizen(id)
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, refuse("person_unknown")
	case !p.flag("alive"):
		return nil, refuse("person_dead")
	}
	return p.obj("person"), nil
}

func issueCard(t *tx, in object) (object, error) {
	id := in.str("person.id")
	if _, err := holder(t, id); err != nil {
		return nil, err
	}
	if _, ok, err := t.get("card", id); err != nil {
		return nil, err
	} else if ok {
		return nil, refuse("already_issued")
	}
	return writeCard(t, in.obj("person"), 1)
}

func reissueCard(t *tx, in object) (object, error) {
	id := in.str("person.id")
	p, err := holder(t, id)
	if err != nil {
		return nil, err
	}
	old, err := t.must("card", id, "not_issued")
	if err != nil {
		return nil, err
	}
	return writeCard(t, p.with(in.obj("person")), old.num("version")+1)
}

func writeCard(t *tx, p object, version int64) (object, error) {
	id := p.str("id")
	card := object{
		"card_number": id, "issued_on": day(t.now), "valid_until": cardValidUntil(p.str("birth_date"), t.now),
		"version": version, "person": plain(p.only("id", "name", "birth_date", "sex")),
	}
	return card.only("card_number", "issued_on", "valid_until", "version"), t.put("card", id, id, card)
}

// cardValidUntil is the next of the birthdays at which a card is changed: 14,
// 25, 40 and 60; two years before one of them, the one after. From 60 on, a
// card does not expire and the date is far away.
func cardValidUntil(birth string, now time.Time) string {
	born, ok := parseDay(birth)
	if !ok {
		return "9999-12-31"
	}
	for _, age := range []int{14, 25, 40, 60} {
		if change := born.AddDate(age, 0, 0); now.Before(change.AddDate(-2, 0, 0)) {
			return change.Format(time.DateOnly)
		}
	}
	return "9999-12-31"
}

func revokeCard(t *tx, in object) (object, error) {
	id := in.id("person")
	card, err := t.must("card", id, "not_issued")
	if err != nil {
		return nil, err
	}
	if err := t.put("revoked", id, id, card.with(object{"revoked_for": in.str("reason")})); err != nil {
		return nil, err
	}
	return object{"card_number": card.str("card_number"), "revoked_on": day(t.now)}, t.drop("card", id)
}
