package agencies

import (
	"fmt"
	"strconv"

	"lienthong/agencies/seed"
)

// population is the national population database: who lives, who is married
// to whom, and the personal identification numbers.
func population() *registry {
	return &registry{
		id:    "population",
		kinds: map[string]kind{"person": {"person.id", ""}, "marital": {"id", "spouse"}},
		operations: map[string]operation{
			"person":   {needs: []need{"id id"}, refusals: []string{"unknown_person"}, perform: person},
			"marriage": {needs: []need{"a idref", "b idref"}, refusals: []string{"marriage_unknown"}, perform: marriage},
			"assign_personal_id": {
				changes: true,
				needs: []need{
					"child object", "child.name text", "child.birth_date date", "child.sex sex",
					"registered_in unit", "mother object?", "father object?", "notice text?",
				},
				refusals: []string{"already_assigned", "mother_mismatch", "commune_unknown", "date_impossible"},
				perform:  assignPersonalID,
			},
			"amend_person": {
				changes: true, needs: []need{"id id", "changes object"},
				refusals: []string{"unknown_person"}, perform: amendPerson,
			},
			"record_death": {
				changes: true, needs: []need{"id id", "died_on date"},
				refusals: []string{"already_dead", "unknown_person", "date_impossible"}, perform: recordDeath,
			},
			"restore": {
				changes: true, needs: []need{"id id", "reason text?"},
				refusals: []string{"not_dead", "unknown_person"}, perform: restore,
			},
		},
	}
}

func known(t *tx, id string) (object, error) {
	return t.must("person", id, "unknown_person")
}

func person(t *tx, in object) (object, error) {
	p, err := known(t, in.str("id"))
	if err != nil {
		return nil, err
	}
	out := p.only("person", "alive", "died_on")
	m, ok, err := t.get("marital", in.str("id"))
	if err != nil {
		return nil, err
	}
	if ok && m.str("status") == "married" {
		spouse, found, err := t.get("person", m.str("spouse"))
		if err != nil {
			return nil, err
		}
		if found {
			out["spouse"] = plain(spouse.obj("person").only("id", "name", "birth_date", "sex"))
		}
	}
	return out, nil
}

// marriage answers only what the databases say of both: a missing record on
// either side leaves the question open, for the commune to verify.
func marriage(t *tx, in object) (object, error) {
	a, b := in.id("a"), in.id("b")
	ma, err := t.must("marital", a, "marriage_unknown")
	if err != nil {
		return nil, err
	}
	if _, err := t.must("marital", b, "marriage_unknown"); err != nil {
		return nil, err
	}
	if ma.str("status") == "married" && ma.str("spouse") == b {
		return object{"married": true, "since": ma.str("since")}, nil
	}
	return object{"married": false}, nil
}

// assignPersonalID gives a newborn the one number it will ever have. The
// child is known by its birth notice; without one by its mother, name and day.
func assignPersonalID(t *tx, in object) (object, error) {
	child := in.obj("child")
	unit, ok := seed.UnitByCode(in.str("registered_in"))
	if !ok {
		return nil, refuse("commune_unknown")
	}
	if child.str("birth_date") > day(t.now) {
		return nil, refuse("date_impossible")
	}
	if mother := in.obj("mother"); mother != nil && (mother.str("id") != "" || mother.str("name") != "") {
		p, found, err := t.get("person", mother.str("id"))
		if err != nil {
			return nil, err
		}
		if !found || !sameName(p.str("person.name"), mother.str("name")) || p.str("person.sex") == "male" {
			return nil, refuse("mother_mismatch")
		}
	}
	name := in.str("notice")
	if name == "" {
		name = child.str("notice")
	}
	if name == "" {
		name = fmt.Sprintf("%s|%s|%s|%d", in.str("mother.id"), tidy(child.str("name")), child.str("birth_date"), child.num("order"))
	}
	if earlier, ok, err := t.get("assignment", name); err != nil {
		return nil, err
	} else if ok {
		return nil, refuseWith("already_assigned", object{"id": earlier.str("id")})
	}
	id, err := freeID(t, unit.Province, child, name)
	if err != nil {
		return nil, err
	}
	newborn := child.with(object{"id": id})
	if in.obj("mother") != nil {
		newborn["mother"] = plain(in.obj("mother").only("id", "name"))
	}
	if in.obj("father") != nil {
		newborn["father"] = plain(in.obj("father").only("id", "name"))
	}
	if err := t.put("assignment", name, id, object{"id": id, "on": day(t.now)}); err != nil {
		return nil, err
	}
	return object{"id": id}, t.put("person", id, "", object{"person": plain(newborn), "alive": true})
}

// freeID draws numbers for the child until one is free.
func freeID(t *tx, province string, child object, name string) (string, error) {
	born, _ := parseDay(child.str("birth_date"))
	for i := range 1000 {
		serial, err := strconv.Atoi(t.digits(6, "id", name, i))
		if err != nil {
			return "", err
		}
		id := seed.ID(province, child.str("sex"), born.Year(), serial)
		_, taken, err := t.get("person", id)
		if err != nil {
			return "", err
		}
		if !taken {
			return id, nil
		}
	}
	return "", fmt.Errorf("no free number in province %s", province)
}

func amendPerson(t *tx, in object) (object, error) {
	p, err := known(t, in.str("id"))
	if err != nil {
		return nil, err
	}
	changed := p.obj("person").with(in.obj("changes")).with(object{"id": in.str("id")})
	p = p.with(object{"person": plain(changed)})
	return object{"person": plain(changed)}, t.put("person", in.str("id"), "", p)
}

func recordDeath(t *tx, in object) (object, error) {
	p, err := known(t, in.str("id"))
	if err != nil {
		return nil, err
	}
	if !p.flag("alive") {
		return nil, refuseWith("already_dead", p.only("died_on"))
	}
	died := in.str("died_on")
	if died > day(t.now) || died < p.str("person.birth_date") {
		return nil, refuse("date_impossible")
	}
	p = p.with(object{"alive": false, "died_on": died})
	return object{"recorded": true, "died_on": died}, t.put("person", in.str("id"), "", p)
}

// restore takes back a death recorded in error.
func restore(t *tx, in object) (object, error) {
	p, err := known(t, in.str("id"))
	if err != nil {
		return nil, err
	}
	if p.flag("alive") {
		return nil, refuse("not_dead")
	}
	p = p.with(object{"alive": true})
	delete(p, "died_on")
	return object{"restored": true}, t.put("person", in.str("id"), "", p)
}
