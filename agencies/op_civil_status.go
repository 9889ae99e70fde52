package agencies

import (
	"errors"
	"fmt"

	"lienthong/agencies/seed"
)

// civilStatus is the electronic civil-status register of births and deaths.
func civilStatus() *registry {
	return &registry{
		id:    "civil_status",
		kinds: map[string]kind{"birth": {"number", "child.id"}, "death": {"number", "deceased.id"}},
		operations: map[string]operation{
			"register_birth": {
				changes: true,
				needs: []need{
					"child object", "child.id id", "child.name text", "child.birth_date date", "child.sex sex",
					"mother object?", "father object?", "registrant object?", "commune unit",
				},
				refusals: []string{"already_registered", "person_unknown", "commune_unknown", "date_impossible"},
				perform:  registerBirth,
			},
			"amend_birth": {changes: true, needs: []need{"number text", "changes object"}, refusals: []string{"unknown_number", "already_annulled"}, perform: amend("birth", "child")},
			"annul_birth": {changes: true, needs: []need{"number text", "reason text"}, refusals: []string{"unknown_number", "already_annulled"}, perform: annul("birth")},
			"birth":       {needs: []need{"number text"}, refusals: []string{"unknown_number"}, perform: registered("birth")},
			"register_death": {
				changes: true,
				needs: []need{
					"deceased object", "deceased.id id", "deceased.name text", "died_on date",
					"place text?", "cause text?", "registrant object?", "commune unit",
				},
				refusals: []string{"already_registered", "person_unknown", "commune_unknown", "date_impossible"},
				perform:  registerDeath,
			},
			"amend_death": {changes: true, needs: []need{"number text", "changes object"}, refusals: []string{"unknown_number", "already_annulled"}, perform: amend("death", "deceased")},
			"annul_death": {changes: true, needs: []need{"number text", "reason text"}, refusals: []string{"unknown_number", "already_annulled"}, perform: annul("death")},
			"death":       {needs: []need{"number text"}, refusals: []string{"unknown_number"}, perform: registered("death")},
		},
	}
}

func registerBirth(t *tx, in object) (object, error) {
	for _, id := range []string{in.str("child.id"), in.str("mother.id"), in.str("father.id")} {
		if err := mustKnow(t, id); err != nil {
			return nil, err
		}
	}
	if in.str("child.birth_date") > day(t.now) {
		return nil, refuse("date_impossible")
	}
	entry := in.only("child", "mother", "father", "registrant", "commune", "notice", "copies", "note")
	return enter(t, "birth", in.str("child.id"), entry)
}

func registerDeath(t *tx, in object) (object, error) {
	id := in.str("deceased.id")
	p, ok, err := t.citizen(id)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, refuse("person_unknown")
	}
	if died := in.str("died_on"); died > day(t.now) || died < p.str("person.birth_date") {
		return nil, refuse("date_impossible")
	}
	entry := in.only("deceased", "died_on", "died_at", "place", "cause", "registrant", "commune", "notice", "copies", "note")
	return enter(t, "death", id, entry)
}

// mustKnow refuses when the population register does not know the id; an
// absent id (a parent not identified) is fine.
func mustKnow(t *tx, id string) error {
	if id == "" {
		return nil
	}
	_, ok, err := t.citizen(id)
	if err == nil && !ok {
		err = refuse("person_unknown")
	}
	return err
}

// enter writes a new entry: one per person and kind, unless annulled before.
func enter(t *tx, kind, id string, entry object) (object, error) {
	commune := entry.str("commune")
	if err := mustBeUnit(commune); err != nil {
		return nil, err
	}
	earlier, err := t.owned(kind, id)
	if err != nil {
		return nil, err
	}
	for _, e := range earlier {
		if !e.flag("annulled") {
			return nil, refuseWith("already_registered", e.only("number", "registered_on"))
		}
	}
	today := day(t.now)
	n, err := t.next(kind + "/" + commune + "/" + today[:4])
	if err != nil {
		return nil, err
	}
	entry["number"] = fmt.Sprintf("%d/%s/%s", n, today[:4], commune)
	entry["book"] = fmt.Sprintf("%02d/%s", 1+(n-1)/200, today[:4])
	entry["page"] = fmt.Sprint(1 + (n-1)%200)
	entry["registered_on"], entry["version"] = today, int64(1)
	if err := t.put(kind, entry.str("number"), id, entry); err != nil {
		return nil, err
	}
	return entry, nil
}

func entryOf(t *tx, kind, number string) (object, error) {
	return t.must(kind, number, "unknown_number")
}

func registered(kind string) func(*tx, object) (object, error) {
	return func(t *tx, in object) (object, error) { return entryOf(t, kind, in.str("number")) }
}

// amend changes an entry: fields of the subject (the child, the deceased), or
// whole parts (mother, father, died_on…) by their own name.
func amend(kind, subject string) func(*tx, object) (object, error) {
	return func(t *tx, in object) (object, error) {
		e, err := entryOf(t, kind, in.str("number"))
		if err != nil {
			return nil, err
		}
		if e.flag("annulled") {
			return nil, refuse("already_annulled")
		}
		id := e.str(subject + ".id")
		for field, v := range in.obj("changes") {
			switch part, isPart := v.(map[string]any); {
			case isPart && e.obj(field) != nil:
				e[field] = plain(e.obj(field).with(part))
			case isPart && (field == "mother" || field == "father"):
				e[field] = part
			case kind == "death" && e[field] != nil && e.obj(field) == nil && field != "number" && field != "version":
				e[field] = v
			default:
				e[subject] = plain(e.obj(subject).with(object{field: v}))
			}
		}
		e[subject] = plain(e.obj(subject).with(object{"id": id})) // the number of a person never changes
		e["version"] = e.num("version") + 1
		e["amended_on"] = day(t.now)
		return e, t.put(kind, in.str("number"), id, e)
	}
}

func annul(kind string) func(*tx, object) (object, error) {
	return func(t *tx, in object) (object, error) {
		e, err := entryOf(t, kind, in.str("number"))
		if err != nil {
			return nil, err
		}
		if e.flag("annulled") {
			return nil, refuse("already_annulled")
		}
		e = e.with(object{"annulled": true, "annulled_on": day(t.now), "annulled_for": in.str("reason")})
		owner := e.str("child.id")
		if kind == "death" {
			owner = e.str("deceased.id")
		}
		if owner == "" {
			return nil, errors.New("an entry without a person")
		}
		return e.only("number", "annulled_on"), t.put(kind, in.str("number"), owner, e)
	}
}

func mustBeUnit(code string) error {
	if _, ok := seed.UnitByCode(code); !ok {
		return refuse("commune_unknown")
	}
	return nil
}
