package agencies

import (
	"cmp"
	"fmt"
	"slices"
)

// residence is the register of households and permanent residence.
func residence() *registry {
	return &registry{
		id:    "residence",
		kinds: map[string]kind{"household": {"id", "head.id"}, "member": {"person.id", "household"}},
		operations: map[string]operation{
			"household": {needs: []need{"person idref"}, refusals: []string{"no_residence"}, perform: householdOf},
			"entitled_to_consent": {
				needs:    []need{"head|household|person ref"},
				refusals: []string{"unknown_household"}, perform: entitledToConsent,
			},
			"add_member": {
				changes: true, cancellable: true,
				needs:    []need{"household|head ref", "person object", "person.id id", "person.name text", "relation text"},
				refusals: []string{"already_member", "person_unknown", "person_dead", "unknown_household", "cancelled"},
				perform:  addMember,
			},
			"amend_member": {
				changes: true, needs: []need{"person idref", "changes object?"},
				refusals: []string{"not_resident"}, perform: amendMember,
			},
			"remove_member": {
				changes: true, needs: []need{"person idref", "reason text", "date date?"},
				refusals: []string{"not_resident"}, perform: removeMember,
			},
			"restore_member": {
				changes: true, needs: []need{"person idref"},
				refusals: []string{"not_removed"}, perform: restoreMember,
			},
		},
	}
}

// household reads a household with its members, the head first.
func household(t *tx, id string) (object, bool, error) {
	h, ok, err := t.get("household", id)
	if err != nil || !ok {
		return nil, false, err
	}
	members, err := t.owned("member", id)
	if err != nil {
		return nil, false, err
	}
	slices.SortStableFunc(members, func(a, b object) int { return cmp.Compare(a.num("order"), b.num("order")) })
	list := make([]any, 0, len(members))
	for _, m := range members {
		list = append(list, plain(m.obj("person").with(object{"relation": m.str("relation")})))
	}
	return h.with(object{"members": list}), true, nil
}

func householdOf(t *tx, in object) (object, error) {
	m, err := t.must("member", in.id("person"), "no_residence")
	if err != nil {
		return nil, err
	}
	h, ok, err := household(t, m.str("household"))
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, refuse("no_residence")
	}
	return object{"household": plain(h), "relation": m.str("relation")}, nil
}

// find reads the household named by its number, by its head, or by somebody
// who lives there.
func find(t *tx, in object) (object, error) {
	id := in.id("household")
	if id == "" && in.id("head") != "" {
		led, err := t.owned("household", in.id("head"))
		if err != nil {
			return nil, err
		}
		if len(led) > 0 {
			id = led[0].str("id")
		}
	}
	if id == "" && in.id("head") == "" {
		m, _, err := t.get("member", in.id("person"))
		if err != nil {
			return nil, err
		}
		id = m.str("household")
	}
	h, ok, err := household(t, id)
	if err == nil && !ok {
		err = refuse("unknown_household")
	}
	return h, err
}

func entitledToConsent(t *tx, in object) (object, error) {
	h, err := find(t, in)
	if err != nil {
		return nil, err
	}
	return h.only("head", "owners", "commune", "address").with(object{"household": h.str("id")}), nil
}

// addMember registers residence; somebody registered elsewhere moves.
func addMember(t *tx, in object) (object, error) {
	id := in.str("person.id")
	h, err := find(t, in.only("household", "head"))
	if err != nil {
		return nil, err
	}
	p, ok, err := t.citizen(id)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, refuse("person_unknown")
	}
	if !p.flag("alive") {
		return nil, refuse("person_dead")
	}
	earlier, resident, err := t.get("member", id)
	if err != nil {
		return nil, err
	}
	if resident && earlier.str("household") == h.str("id") {
		return nil, refuse("already_member")
	}
	number, err := noticeNumber(t)
	if err != nil {
		return nil, err
	}
	order, err := t.next("order/" + h.str("id"))
	if err != nil {
		return nil, err
	}
	member := object{
		"household": h.str("id"), "relation": in.str("relation"), "order": 100 + order, "registered_on": day(t.now),
		"person": plain(in.obj("person").only("id", "name", "birth_date", "sex")),
	}
	out := object{"notice_number": number, "household": h.str("id"), "registered_on": day(t.now)}
	if resident {
		out["removed_from"] = earlier.str("household")
	}
	return out, t.put("member", id, h.str("id"), member)
}

// amendMember takes the changes, or a person whose data are the new ones.
func amendMember(t *tx, in object) (object, error) {
	id := in.id("person")
	m, err := t.must("member", id, "not_resident")
	if err != nil {
		return nil, err
	}
	number, err := noticeNumber(t)
	if err != nil {
		return nil, err
	}
	changes := in.obj("person").only("name", "birth_date", "sex").with(in.obj("changes"))
	if relation, ok := changes["relation"].(string); ok {
		m["relation"] = relation
		delete(changes, "relation")
	}
	m["person"] = plain(m.obj("person").with(changes).with(object{"id": id}))
	out := object{"notice_number": number, "amended_on": day(t.now), "household": m.str("household"), "person": m["person"]}
	return out, t.put("member", id, m.str("household"), m)
}

// removeMember deletes a residence. When the head goes, the member longest
// registered heads the household until it chooses another.
func removeMember(t *tx, in object) (object, error) {
	id := in.id("person")
	m, err := t.must("member", id, "not_resident")
	if err != nil {
		return nil, err
	}
	number, err := noticeNumber(t)
	if err != nil {
		return nil, err
	}
	if err := t.drop("member", id); err != nil {
		return nil, err
	}
	removed := m.with(object{"removed_on": day(t.now), "removed_for": in.str("reason"), "removed_from": in.str("date")})
	if err := t.put("removed", id, m.str("household"), removed); err != nil {
		return nil, err
	}
	out := object{"notice_number": number, "removed_on": day(t.now), "household": m.str("household")}
	h, ok, err := household(t, m.str("household"))
	if err != nil || !ok || h.str("head.id") != id {
		return out, err
	}
	members, _ := h["members"].([]any)
	delete(h, "members")
	if len(members) == 0 {
		return out, nil
	}
	first, _ := members[0].(map[string]any)
	h["head"] = plain(object(first).only("id", "name"))
	out["head"] = h["head"]
	return out, t.put("household", h.str("id"), h.str("head.id"), h)
}

func restoreMember(t *tx, in object) (object, error) {
	id := in.id("person")
	m, err := t.must("removed", id, "not_removed")
	if err != nil {
		return nil, err
	}
	number, err := noticeNumber(t)
	if err != nil {
		return nil, err
	}
	if err := t.drop("removed", id); err != nil {
		return nil, err
	}
	m = m.only("household", "relation", "order", "registered_on", "person")
	out := object{"notice_number": number, "household": m.str("household"), "restored_on": day(t.now)}
	return out, t.put("member", id, m.str("household"), m)
}

func noticeNumber(t *tx) (string, error) {
	year := day(t.now)[:4]
	n, err := t.next("notice/" + year)
	return fmt.Sprintf("%06d/TB-CT/%s", n, year), err
}
