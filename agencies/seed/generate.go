package seed

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// householdsPerCommune in the generated part of the world.
const householdsPerCommune = 9

var (
	surnames = []string{"Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Huỳnh", "Phan", "Vũ", "Võ", "Đặng", "Bùi", "Đỗ", "Hồ", "Ngô", "Dương", "Lý"}
	menMid   = []string{"Văn", "Hữu", "Đức", "Quang", "Minh", "Xuân", "Quốc", "Thanh"}
	men      = []string{"An", "Bình", "Cảnh", "Danh", "Hải", "Hiếu", "Khánh", "Lộc", "Nghĩa", "Phong", "Quân", "Tài", "Thành", "Toàn", "Trung", "Vinh"}
	womenMid = []string{"Thị", "Ngọc", "Thu", "Thanh", "Kim", "Phương", "Bích", "Mỹ"}
	women    = []string{"Anh", "Dung", "Giang", "Hằng", "Hiền", "Hương", "Linh", "Nga", "Nhung", "Oanh", "Phượng", "Quỳnh", "Thủy", "Trang", "Vân", "Xuân"}
	streets  = []string{"Trần Hưng Đạo", "Lê Lợi", "Nguyễn Huệ", "Hai Bà Trưng", "Điện Biên Phủ", "Lý Thường Kiệt", "Phan Chu Trinh", "Hoàng Diệu"}
	hospital = map[string]string{"01": "Bệnh viện Phụ sản Hà Nội", "48": "Bệnh viện Phụ sản – Nhi Đà Nẵng", "79": "Bệnh viện Từ Dũ"}
	prefix   = map[string]string{"01": "HN", "48": "DN", "79": "HCM"}
)

type generator struct {
	*builder
	rng    *rand.Rand
	serial int
}

// generated adds ordinary households: a couple, children, sometimes an elder,
// and in each of the first four of a commune a birth waiting to be registered.
func (b *builder) generated(seed int64) {
	g := &generator{builder: b, rng: rand.New(rand.NewPCG(uint64(seed), 0x6c69656e)), serial: 100_000}
	notice := 1000
	for _, commune := range Populated {
		u, _ := UnitByCode(commune)
		for i := range householdsPerCommune {
			father, mother := g.family(u, i)
			if i >= 4 {
				continue
			}
			notice++
			sex := g.sex()
			born := date(2026, 8, 1).AddDate(0, 0, g.rng.IntN(40))
			g.birthNotice(birthNotice{
				Code:      fmt.Sprintf("%s001.GCS.%05d.26", u.Province, notice),
				ChildName: g.name(surname(father), sex), Sex: sex,
				BirthDate: born.Format(time.DateOnly), BirthTime: fmt.Sprintf("%02d:%02d", g.rng.IntN(24), g.rng.IntN(60)),
				Facility: hospital[u.Province], Weight: 2500 + 10*g.rng.IntN(130), Order: 1, Children: 1,
			}, mother)
		}
	}
}

func (g *generator) family(u Unit, i int) (father, mother object) {
	detail := fmt.Sprintf("%d %s", 1+g.rng.IntN(300), pick(g.rng, streets))
	family := pick(g.rng, surnames)
	year := 1980 + g.rng.IntN(18)
	father = g.someone(u, g.name(family, "male"), "male", year, detail)
	mother = g.someone(u, g.name(pick(g.rng, surnames), "female"), "female", year+g.rng.IntN(5), detail)
	f, m := father["id"].(string), mother["id"].(string)
	members, relations := []string{f, m}, map[string]string{m: "wife"}
	for range 1 + g.rng.IntN(2) {
		sex := g.sex()
		child := g.someone(u, g.name(family, sex), sex, year+26+g.rng.IntN(2), detail)
		id := child["id"].(string)
		members = append(members, id)
		relations[id] = map[string]string{"male": "son", "female": "daughter"}[sex]
	}
	if i%2 == 0 {
		elder := g.someone(u, g.name(family, "female"), "female", year-25, detail)
		id := elder["id"].(string)
		members, relations[id] = append(members, id), "mother"
		g.single(id)
		if i%4 == 0 {
			g.insured(id, "pensioner", object{
				"months_compulsory": int64(300), "average_salary": int64(5_000_000), "years_before_2014": int64(25),
				"pension_monthly": int64(3_500_000 + 100_000*g.rng.IntN(30)), "pension_since": "2012-01-01", "pension_months_drawn": int64(176),
			})
		}
	}
	g.marriage(f, m, date(year+24, 1+g.rng.IntN(12), 1+g.rng.IntN(28)).Format(time.DateOnly))
	g.household(fmt.Sprintf("%s-%s-%02d", prefix[u.Province], u.Code, i+1), u.Code, detail, []string{f, m}, members, relations)
	if i%3 != 2 {
		months := 24 + g.rng.IntN(150)
		g.insured(f, "compulsory", object{
			"contributing": true, "months_compulsory": int64(months), "average_salary": int64(6_000_000 + 100_000*g.rng.IntN(90)),
			"years_from_2014": int64(months / 12),
		})
	}
	g.add("treasury", "account", fmt.Sprintf("97%s%07d", u.Province, g.serial), f,
		object{"number": fmt.Sprintf("97%s%07d", u.Province, g.serial), "bank": "BIDV", "holder": ref(father)})
	return father, mother
}

func (g *generator) someone(u Unit, name, sex string, year int, detail string) object {
	g.serial += 1 + g.rng.IntN(37)
	birth := date(year, 1+g.rng.IntN(12), 1+g.rng.IntN(28))
	return g.person(ID(u.Province, sex, year, g.serial), name, birth.Format(time.DateOnly), sex, u.Code, detail)
}

func (g *generator) sex() string { return pick(g.rng, []string{"male", "female"}) }

func (g *generator) name(family, sex string) string {
	if sex == "female" {
		return family + " " + pick(g.rng, womenMid) + " " + pick(g.rng, women)
	}
	return family + " " + pick(g.rng, menMid) + " " + pick(g.rng, men)
}

func surname(p object) string {
	name := p["name"].(string)
	for i, r := range name {
		if r == ' ' {
			return name[:i]
		}
	}
	return name
}

func pick(r *rand.Rand, from []string) string { return from[r.IntN(len(from))] }

func date(y, m, d int) time.Time { return time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC) }

func parse(s string) (time.Time, error) { return time.Parse(time.DateOnly, s) }
