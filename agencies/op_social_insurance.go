package agencies

import (
	"fmt"
	"time"

	"lienthong/agencies/seed"
)

// socialInsurance keeps insured people, pensions, children's health cards and
// the benefits settled after a death.
func socialInsurance() *registry {
	return &registry{
		id:    "social_insurance",
		kinds: map[string]kind{"insured": {"person.id", ""}, "card": {"card_number", "child.id"}},
		operations: map[string]operation{
			"issue_child_card": {
				changes: true, cancellable: true,
				needs:    []need{"child object", "child.id id", "child.name text", "child.birth_date date", "clinic text?", "province prov?"},
				refusals: []string{"already_insured", "person_unknown", "not_under_six", "cancelled"}, perform: issueChildCard,
			},
			"amend_card": {
				changes: true, needs: []need{"card_number|child ref", "changes object?"},
				refusals: []string{"unknown_card"}, perform: amendCard,
			},
			"annul_card": {
				changes: true, needs: []need{"card_number text", "reason text"},
				refusals: []string{"unknown_card"}, perform: annulCard,
			},
			"insured": {needs: []need{"id id"}, refusals: []string{"not_insured"}, perform: insured},
			"stop_pension": {
				changes: true, needs: []need{"id id", "died_on date"},
				refusals: []string{"not_insured", "not_pensioner", "already_stopped"}, perform: stopPension,
			},
			"resume_pension": {
				changes: true, needs: []need{"id id"},
				refusals: []string{"not_insured", "not_stopped"}, perform: resumePension,
			},
			"record_funeral_benefit": {
				changes: true, needs: []need{"deceased idref", "amount dong"},
				refusals: []string{"already_settled", "not_insured"}, perform: insuranceBenefit("funeral"),
			},
			"record_survivor_benefit": {
				changes: true, needs: []need{"deceased idref", "kind kind", "amount dong?", "per_month dong?", "recipients list?"},
				refusals: []string{"already_settled", "not_insured"}, perform: insuranceBenefit("survivor"),
			},
		},
	}
}

func issueChildCard(t *tx, in object) (object, error) {
	child := in.obj("child")
	p, ok, err := t.citizen(child.str("id"))
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, refuse("person_unknown")
	}
	held, err := t.owned("card", child.str("id"))
	if err != nil {
		return nil, err
	}
	for _, c := range held {
		if !c.flag("annulled") {
			return nil, refuseWith("already_insured", c.only("card_number"))
		}
	}
	until, under := childCardUntil(child.str("birth_date"), t.now)
	if !under {
		return nil, refuse("not_under_six")
	}
	number, err := insuranceNumber(t, child.str("id"))
	if err != nil {
		return nil, err
	}
	card := object{
		"card_number": "TE1" + cardProvince(in, p) + number, "insurance_number": number,
		"valid_from": child.str("birth_date"), "valid_until": until, "clinic": in.str("clinic"), "version": int64(1),
		"child": plain(child.only("id", "name", "birth_date", "sex")),
	}
	return card, t.put("card", card.str("card_number"), child.str("id"), card)
}

// childCardUntil is the day the child turns 72 months, or 30 September of
// that year when the birthday comes before the school intake.
func childCardUntil(birth string, now time.Time) (until string, under bool) {
	born, ok := parseDay(birth)
	if !ok {
		return "", false
	}
	six := born.AddDate(6, 0, 0)
	if intake := time.Date(six.Year(), time.September, 30, 0, 0, 0, 0, time.UTC); !six.After(intake) {
		six = intake
	}
	until = six.Format(time.DateOnly)
	return until, until >= day(now)
}

func cardProvince(in, p object) string {
	if s := in.str("province"); s != "" {
		return s
	}
	for _, s := range []string{in.str("child.address.province"), p.str("person.address.province")} {
		if len(s) == 2 {
			return s
		}
	}
	if u, ok := seed.UnitByCode(in.str("commune")); ok {
		return u.Province
	}
	return in.str("child.id")[1:3] // the province of birth registration
}

// insuranceNumber draws ten digits that nobody has.
func insuranceNumber(t *tx, id string) (string, error) {
	for i := range 1000 {
		number := t.digits(10, "insurance", id, i)
		_, taken, err := t.get("number", number)
		if err != nil {
			return "", err
		}
		if !taken {
			return number, t.put("number", number, id, object{"id": id})
		}
	}
	return "", fmt.Errorf("no free insurance number")
}

func validCard(t *tx, number string) (object, error) {
	c, err := t.must("card", number, "unknown_card")
	if err == nil && c.flag("annulled") {
		err = refuse("unknown_card")
	}
	return c, err
}

// amendCard takes a card's number, or the child who holds it; the changes, or
// a child whose data are the new ones.
func amendCard(t *tx, in object) (object, error) {
	number := in.str("card_number")
	if number == "" {
		held, err := t.owned("card", in.id("child"))
		if err != nil {
			return nil, err
		}
		for _, c := range held {
			if !c.flag("annulled") {
				number = c.str("card_number")
			}
		}
	}
	c, err := validCard(t, number)
	if err != nil {
		return nil, err
	}
	id := c.str("child.id")
	c["child"] = plain(c.obj("child").with(in.obj("child").only("name", "birth_date", "sex")))
	for field, v := range in.obj("changes") {
		if field == "clinic" {
			c["clinic"] = v
			continue
		}
		if part, ok := v.(map[string]any); ok && field == "child" {
			c["child"] = plain(c.obj("child").with(part))
			continue
		}
		c["child"] = plain(c.obj("child").with(object{field: v}))
	}
	c["child"] = plain(c.obj("child").with(object{"id": id}))
	birth := c.str("child.birth_date")
	if until, _ := childCardUntil(birth, t.now); until != "" {
		c["valid_from"], c["valid_until"] = birth, until
	}
	c["version"] = c.num("version") + 1
	return c, t.put("card", number, id, c)
}

func annulCard(t *tx, in object) (object, error) {
	c, err := validCard(t, in.str("card_number"))
	if err != nil {
		return nil, err
	}
	c = c.with(object{"annulled": true, "annulled_on": day(t.now), "annulled_for": in.str("reason")})
	return c.only("card_number", "annulled_on"), t.put("card", in.str("card_number"), c.str("child.id"), c)
}

func insuredPerson(t *tx, id string) (object, error) {
	p, ok, err := t.get("insured", id)
	if err == nil && !ok {
		err = refuse("not_insured")
	}
	return p, err
}

func insured(t *tx, in object) (object, error) { return insuredPerson(t, in.str("id")) }

// stopPension ends a monthly payment with the month of death, and says what
// was paid for months after it.
func stopPension(t *tx, in object) (object, error) {
	p, err := insuredPerson(t, in.str("id"))
	if err != nil {
		return nil, err
	}
	if p.num("pension_monthly") == 0 {
		return nil, refuse("not_pensioner")
	}
	if p.str("pension_stopped") != "" {
		return nil, refuse("already_stopped")
	}
	died, _ := parseDay(in.str("died_on"))
	today := t.now.In(vietnam)
	over := int64((today.Year()-died.Year())*12 + int(today.Month()) - int(died.Month()))
	over = max(over, 0)
	number, err := decisionNumber(t)
	if err != nil {
		return nil, err
	}
	p = p.with(object{"pension_stopped": in.str("died_on")})
	out := object{
		"decision_number": number, "stopped_on": day(t.now), "last_month": in.str("died_on")[:7],
		"monthly": p.num("pension_monthly"), "overpaid": over * p.num("pension_monthly"),
	}
	return out, t.put("insured", in.str("id"), "", p)
}

func resumePension(t *tx, in object) (object, error) {
	p, err := insuredPerson(t, in.str("id"))
	if err != nil {
		return nil, err
	}
	if p.str("pension_stopped") == "" {
		return nil, refuse("not_stopped")
	}
	delete(p, "pension_stopped")
	number, err := decisionNumber(t)
	if err != nil {
		return nil, err
	}
	return object{"decision_number": number, "resumed_on": day(t.now)}, t.put("insured", in.str("id"), "", p)
}

func insuranceBenefit(kind string) func(*tx, object) (object, error) {
	return func(t *tx, in object) (object, error) {
		if _, err := insuredPerson(t, in.id("deceased")); err != nil {
			return nil, err
		}
		return settleBenefit(t, kind, in)
	}
}

// settleBenefit records one benefit after one death, once.
func settleBenefit(t *tx, kind string, in object) (object, error) {
	id := in.id("deceased")
	if earlier, ok, err := t.get("benefit", id+"/"+kind); err != nil {
		return nil, err
	} else if ok {
		return nil, refuseWith("already_settled", earlier.only("decision_number", "decided_on"))
	}
	number, err := decisionNumber(t)
	if err != nil {
		return nil, err
	}
	out := object{"decision_number": number, "decided_on": day(t.now)}
	return out, t.put("benefit", id+"/"+kind, id, in.with(out).with(object{"benefit": kind}))
}

func decisionNumber(t *tx) (string, error) {
	year := day(t.now)[:4]
	n, err := t.next("decision/" + year)
	return fmt.Sprintf("%05d/QĐ/%s", n, year), err
}
