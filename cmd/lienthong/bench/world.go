package bench

import (
	"fmt"
	"strconv"
	"strings"

	"lienthong/agencies/seed"
	"lienthong/engine"
)

// families is how many different families file; a family comes back for its next
// child when every other one has filed.
const families = 1024

var (
	surnames  = []string{"Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Ngô", "Dương", "Đinh", "Trịnh", "Mai", "Cao", "Tạ", "Lương"}
	boysMid   = []string{"Minh", "Gia", "Đức", "Tuấn", "Hoàng", "Nhật", "Anh", "Bảo", "Quang", "Thiên", "Hữu"}
	boys      = []string{"Khang", "Bảo", "Huy", "Phúc", "Long", "Khôi", "Đạt", "Nam", "Sơn", "Việt", "Kiên", "Dũng", "Thịnh"}
	girlsMid  = []string{"Ngọc", "Bảo", "Khánh", "Minh", "Thảo", "Hà", "Gia", "Tường", "Thùy", "Mai", "Quỳnh"}
	girls     = []string{"An", "Châu", "Vy", "Linh", "Ngân", "Trâm", "Nhiên", "Chi", "My", "Thư", "Diệp", "Hân", "Yến"}
	hospitals = map[string]string{"01": "Bệnh viện Phụ sản Hà Nội", "48": "Bệnh viện Phụ sản – Nhi Đà Nẵng", "79": "Bệnh viện Hùng Vương"}
)

// family is who stands behind a case.
type family struct {
	commune seed.Unit
	father  engine.Person // the requester
	mother  engine.Person
	head    engine.Person // the grandfather: heads the household and owns the home
	home    string        // the household's number
	born    [2]string     // birth dates of father and mother
}

// familyOf makes the family of a case. The same number gives the same family.
func familyOf(i int) family {
	n := i % families
	u, _ := seed.UnitByCode(seed.Populated[n%len(seed.Populated)])
	own, hers := surnames[n%len(surnames)], surnames[(n/3+5)%len(surnames)]
	year := 1985 + n%14
	person := func(family, sex string, year, serial int) engine.Person {
		id := seed.ID(u.Province, sex, year, serial)
		return engine.Person{ID: id, Name: given(family, sex, n/7+serial%13), Phone: "09" + id[4:]}
	}
	return family{
		commune: u,
		father:  person(own, "male", year, 200_000+n),
		mother:  person(hers, "female", year+1, 200_000+n),
		head:    person(own, "male", year-27, 200_000+n),
		home:    fmt.Sprintf("HK-%s-%05d", u.Code, n),
		born:    [2]string{fmt.Sprintf("%d-%02d-%02d", year, 1+n%12, 1+n%28), fmt.Sprintf("%d-%02d-%02d", year+1, 1+n%11, 1+n%27)},
	}
}

func given(family, sex string, n int) string {
	mid, last := boysMid, boys
	if sex == "female" {
		mid, last = girlsMid, girls
	}
	return family + " " + mid[n%len(mid)] + " " + last[n/len(mid)%len(last)]
}

func surnameOf(name string) string {
	s, _, _ := strings.Cut(name, " ")
	return s
}

// notice is the birth notice of the i-th child: no two children share one.
func notice(province string, i int) string {
	return fmt.Sprintf("%s%03d.GCS.%05d.26", province, 100+i/100_000, i%100_000)
}

// childOf reads the child's number back from its notice.
func childOf(notice string) (int, bool) {
	if len(notice) != 18 {
		return 0, false
	}
	hi, err1 := strconv.Atoi(notice[2:5])
	lo, err2 := strconv.Atoi(notice[10:15])
	return (hi-100)*100_000 + lo, err1 == nil && err2 == nil && hi >= 100
}

// application is the combined form for the i-th child, with every part asked for.
func application(i int, f family) map[string]any {
	sex := []string{"female", "male"}[i/families%2^i%2]
	married := func(p engine.Person, sex, born string) map[string]any {
		return map[string]any{"id": p.ID, "name": p.Name, "birth_date": born, "sex": sex, "ethnicity": "Kinh", "nationality": "Việt Nam"}
	}
	return map[string]any{
		"registration":      map[string]any{"commune": f.commune.Code, "situation": "ordinary"},
		"relation_to_child": "father",
		"children": []any{map[string]any{
			"notice": map[string]any{"code": notice(f.commune.Province, i)},
			"name":   given(surnameOf(f.father.Name), sex, i/5), "sex": sex, "birth_date": fmt.Sprintf("2026-08-%02d", 10+i%20),
			"birth_place": hospitals[f.commune.Province], "hometown": seed.Provinces[f.commune.Province], "ethnicity": "Kinh", "nationality": "Việt Nam",
		}},
		"mother":           married(f.mother, "female", f.born[1]),
		"father":           married(f.father, "male", f.born[0]),
		"parents_marriage": map[string]any{"status": "married"},
		"choices":          map[string]any{"residence": true, "card": true, "identity": true},
		"residence": map[string]any{"commune": f.commune.Code, "household": f.home, "relation": "grandchild",
			"head": map[string]any{"id": f.head.ID, "name": f.head.Name}},
		"card": map[string]any{"clinic": "Trạm y tế " + strings.ToLower(f.commune.Name)},
	}
}

// draftOf is the draft certificate that follows the declaration.
func draftOf(app map[string]any) map[string]any {
	declared := app["children"].([]any)[0].(map[string]any)
	child := make(map[string]any, len(declared))
	for k, v := range declared {
		if k != "notice" {
			child[k] = v
		}
	}
	return map[string]any{"child": child, "mother": app["mother"], "father": app["father"]}
}
