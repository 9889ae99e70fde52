package seed

import (
	"fmt"
	"slices"
)

// Record is one entry of one register.
type Record struct {
	Kind  string // what the register calls it
	ID    string
	Owner string // whose it is; "" when nobody's
	Data  map[string]any
}

// World is the content of every register at the start, by registry id.
type World map[string][]Record

type object = map[string]any

// Build makes the whole world: the named people, then the generated ones.
func Build(seed int64) World {
	b := &builder{world: World{}, people: map[string]object{}}
	b.named()
	b.generated(seed)
	return b.world
}

type builder struct {
	world  World
	people map[string]object // by id, in every shape needed later
}

func (b *builder) add(registry, kind, id, owner string, data object) {
	b.world[registry] = append(b.world[registry], Record{kind, id, owner, data})
}

// ref is how one register names a person of another.
func ref(p object) object { return object{"id": p["id"], "name": p["name"]} }

func (b *builder) person(id, name, birth, sex, commune, detail string) object {
	u, _ := UnitByCode(commune)
	p := object{
		"id": id, "name": name, "birth_date": birth, "sex": sex,
		"ethnicity": "Kinh", "nationality": "Việt Nam", "hometown": Provinces[u.Province],
		"address": object{"province": u.Province, "commune": commune, "detail": detail},
		"phone":   "09" + id[4:], "email": "nguoi" + id[6:] + "@example.vn",
	}
	b.people[id] = p
	b.add("population", "person", id, "", object{"person": p, "alive": true})
	if birth <= "2012-09-01" { // an identity card is due from 14 years on
		b.add("identity_card", "card", id, id, object{"card_number": id, "person": ref(p), "issued_on": "2024-09-16", "valid_until": "2039-09-16", "version": int64(1)})
	}
	return p
}

func (b *builder) marriage(x, y, since string) {
	b.add("population", "marital", x, y, object{"status": "married", "spouse": y, "since": since})
	b.add("population", "marital", y, x, object{"status": "married", "spouse": x, "since": since})
}

func (b *builder) single(id string) {
	b.add("population", "marital", id, "", object{"status": "single"})
}

// household records the dwelling and one membership per person; the first
// member is the head.
func (b *builder) household(id, commune, detail string, owners []string, members []string, relations map[string]string) {
	u, _ := UnitByCode(commune)
	var who []any
	for _, o := range owners {
		who = append(who, ref(b.people[o]))
	}
	b.add("residence", "household", id, members[0], object{
		"id": id, "head": ref(b.people[members[0]]), "owners": who, "commune": commune,
		"address": object{"province": u.Province, "commune": commune, "detail": detail},
	})
	for i, m := range members {
		rel := relations[m]
		if i == 0 {
			rel = "head"
		}
		p := b.people[m]
		b.add("residence", "member", m, id, object{
			"household": id, "relation": rel, "order": int64(i), "registered_on": "2020-01-01",
			"person": object{"id": m, "name": p["name"], "birth_date": p["birth_date"], "sex": p["sex"]},
		})
	}
}

func (b *builder) insured(id, kind string, fields object) {
	d := object{
		"insured": true, "kind": kind, "contributing": false,
		"months_compulsory": int64(0), "months_voluntary": int64(0), "average_salary": int64(0),
		"years_before_2014": int64(0), "years_from_2014": int64(0),
		"pension_monthly": int64(0), "pension_months_drawn": int64(0),
		"work_accident": false, "relatives": []any{},
		"insurance_number": id[2:], "person": ref(b.people[id]),
	}
	for k, v := range fields {
		d[k] = v
	}
	b.add("social_insurance", "insured", id, "", d)
}

func (b *builder) relative(handle, relation string) object {
	p := ByHandle(handle)
	return object{"id": p.ID, "name": p.Name, "birth_date": p.BirthDate, "sex": p.Sex, "relation": relation}
}

func (b *builder) birthNotice(n birthNotice, mother object) {
	b.add("health", "birth_notice", n.Code, mother["id"].(string), object{
		"code": n.Code, "issued": dayAfter(n.BirthDate), "facility": n.Facility,
		"mother": object{
			"id": mother["id"], "name": mother["name"], "birth_date": mother["birth_date"],
			"ethnicity": mother["ethnicity"], "address": mother["address"],
		},
		"child": object{
			"intended_name": n.ChildName, "sex": n.Sex, "birth_date": n.BirthDate, "birth_time": n.BirthTime,
			"weight_grams": int64(n.Weight), "place": n.Facility, "order": int64(n.Order),
		},
		"children": int64(n.Children),
	})
}

func (b *builder) named() {
	homes := map[string]household{}
	for _, h := range namedHouseholds {
		homes[h.id] = h
	}
	for _, p := range named {
		b.person(p.ID, p.Name, p.BirthDate, p.Sex, p.Commune, homes[p.Household].detail)
	}
	for _, h := range namedHouseholds {
		var members, owners []string
		relations := map[string]string{}
		commune := ""
		for _, p := range named {
			if p.Household != h.id {
				continue
			}
			members, commune = append(members, p.ID), p.Commune
			relations[p.ID] = h.relations[p.Handle]
			if slices.Contains(h.owners, p.Handle) {
				owners = append(owners, p.ID)
			}
		}
		if owners == nil {
			owners = members[:1]
		}
		b.household(h.id, commune, h.detail, owners, members, relations)
	}
	for _, m := range namedMarriages {
		b.marriage(ByHandle(m[0]).ID, ByHandle(m[1]).ID, m[2])
	}
	for _, s := range namedSingle {
		b.single(ByHandle(s).ID)
	}
	for _, n := range namedBirths {
		b.birthNotice(n, b.people[ByHandle(n.Mother).ID])
	}
	for _, n := range namedDeaths {
		id := ByHandle(n.Deceased).ID
		b.add("health", "death_notice", n.Code, id, object{
			"code": n.Code, "issued": n.DiedOn, "facility": n.Place, "deceased": ref(b.people[id]),
			"died_on": n.DiedOn, "died_at": n.DiedAt, "place": n.Place, "cause": n.Cause,
		})
	}
	for _, a := range namedAccounts {
		id := ByHandle(a.Owner).ID
		b.add("treasury", "account", a.Number, id, object{"number": a.Number, "bank": a.Bank, "holder": ref(b.people[id])})
	}
	b.entitlements()
}

// entitlements are the insurance, assistance and merit records of the named.
func (b *builder) entitlements() {
	id := func(handle string) string { return ByHandle(handle).ID }
	b.insured(id("thang"), "pensioner", object{
		"months_compulsory": int64(372), "average_salary": int64(7_900_000), "years_before_2014": int64(31),
		"pension_monthly": int64(6_500_000), "pension_since": "2010-03-01", "pension_months_drawn": int64(196),
		"relatives": []any{b.relative("cuc", "wife")},
	})
	b.insured(id("son"), "pensioner", object{
		"months_compulsory": int64(384), "average_salary": int64(8_600_000), "years_before_2014": int64(32),
		"pension_monthly": int64(7_200_000), "pension_since": "2011-10-01", "pension_months_drawn": int64(178),
		"relatives": []any{b.relative("bich", "wife")},
	})
	b.insured(id("phuc"), "compulsory", object{
		"contributing": true, "months_compulsory": int64(180), "average_salary": int64(9_800_000),
		"years_before_2014": int64(3), "years_from_2014": int64(12),
		"relatives": []any{b.relative("hong", "wife"), b.relative("han", "child"), b.relative("huy", "child")},
	})
	b.insured(id("vinh"), "compulsory", object{
		"contributing": true, "months_compulsory": int64(156), "average_salary": int64(11_200_000),
		"years_before_2014": int64(1), "years_from_2014": int64(12),
		"relatives": []any{b.relative("khoi", "child")},
	})
	b.insured(id("yen"), "compulsory", object{
		"contributing": true, "months_compulsory": int64(120), "average_salary": int64(8_400_000),
		"years_before_2014": int64(0), "years_from_2014": int64(10),
		"relatives": []any{b.relative("khoi", "child")},
	})
	b.insured(id("kien"), "pensioner", object{
		"months_compulsory": int64(360), "average_salary": int64(7_100_000), "years_before_2014": int64(30),
		"pension_monthly": int64(5_900_000), "pension_since": "2008-08-01", "pension_months_drawn": int64(217),
		"relatives": []any{b.relative("tam", "wife")},
	})
	b.insured(id("tuan"), "compulsory", object{
		"contributing": true, "months_compulsory": int64(110), "average_salary": int64(12_500_000), "years_from_2014": int64(9),
	})
	b.insured(id("lan"), "voluntary", object{
		"contributing": true, "months_voluntary": int64(30), "average_salary": int64(3_000_000), "years_from_2014": int64(3),
	})
	b.add("social_assistance", "beneficiary", id("nam"), "", object{
		"beneficiary": true, "category": "social_pension", "monthly": int64(540_000), "person": ref(b.people[id("nam")]),
	})
	b.add("merit", "person", id("kien"), "", object{
		"merit": true, "category": "war_invalid", "allowance": int64(3_400_000), "person": ref(b.people[id("kien")]),
	})
	b.add("merit", "person", id("quy"), "", object{
		"merit": true, "category": "resistance_participant", "allowance": int64(1_810_000), "person": ref(b.people[id("quy")]),
	})
}

func dayAfter(date string) string {
	t, err := parse(date)
	if err != nil {
		return date
	}
	return t.AddDate(0, 0, 1).Format("2006-01-02")
}

// ID builds a personal identification number: province of registration,
// century and sex, year of birth, six further digits.
func ID(province, sex string, year, serial int) string {
	digit := (year/100 - 19) * 2
	if sex == "female" {
		digit++
	}
	return fmt.Sprintf("0%s%d%02d%06d", province, digit, year%100, serial)
}
