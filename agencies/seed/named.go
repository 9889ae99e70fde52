package seed

// Person is a named, invented person. Handle is the short name by which tests
// and documentation speak of them.
type Person struct {
	Handle    string
	ID        string
	Name      string
	BirthDate string
	Sex       string // male, female
	Commune   string
	Household string // household number; "" when the person has no residence
	Role      string // what the person is there for
}

// named people, in the order of the stories they belong to.
var named = []Person{
	// 1. Marriage known; the paternal grandfather heads the household.
	{"hung", "001058000101", "Nguyễn Văn Hùng", "1958-03-12", "male", "00004", "HN-0001", "household head, paternal grandfather, owner with his wife"},
	{"hanh", "001161000102", "Lê Thị Hạnh", "1961-09-05", "female", "00004", "HN-0001", "grandmother, second owner"},
	{"tuan", "001093000103", "Nguyễn Minh Tuấn", "1993-07-20", "male", "00004", "HN-0001", "father; marriage with Hà known"},
	{"ha", "001195000104", "Trần Thu Hà", "1995-11-02", "female", "00004", "HN-0001", "mother of a newborn daughter"},
	// 2. Marriage not in any database.
	{"bao", "048090000201", "Phạm Quốc Bảo", "1990-04-17", "male", "20242", "DN-0001", "father; marriage with Lan unknown; head and sole owner"},
	{"lan", "048192000202", "Võ Thị Lan", "1992-12-24", "female", "20242", "DN-0001", "mother; marriage with Bảo unknown"},
	// 3. A mother alone; the father is unknown.
	{"sau", "079170000302", "Huỳnh Thị Sáu", "1970-06-06", "female", "26740", "HCM-0001", "household head, mother of Mai"},
	{"mai", "079198000301", "Đặng Thị Mai", "1998-02-14", "female", "26740", "HCM-0001", "single mother, father unknown"},
	// 4. Twins.
	{"dung", "001089000401", "Lê Anh Dũng", "1989-10-30", "male", "00070", "HN-0002", "father of twins; head and sole owner"},
	{"thao", "001191000402", "Bùi Thị Thảo", "1991-05-08", "female", "00070", "HN-0002", "mother of twins: two notices"},
	// 5. The head of the household will decline.
	{"cuong", "048055000501", "Trịnh Văn Cường", "1955-01-25", "male", "20275", "DN-0002", "household head and sole owner; declines consent"},
	{"long", "048094000502", "Hoàng Đức Long", "1994-08-11", "male", "20275", "DN-0002", "father; lives in Cường's household"},
	{"ngoc", "048196000503", "Trịnh Thị Ngọc", "1996-03-19", "female", "20275", "DN-0002", "mother; niece of Cường"},
	// 6. The requester is head and sole owner.
	{"tung", "079087000601", "Ngô Thanh Tùng", "1987-11-11", "male", "26743", "HCM-0002", "father, requester, head and sole owner"},
	{"chi", "079190000602", "Đỗ Thị Kim Chi", "1990-07-03", "female", "26743", "HCM-0002", "mother"},
	// 7. and 8. Pensioners who died on either side of 1 July 2026.
	{"thang", "001050000701", "Vũ Đình Thắng", "1950-02-03", "male", "00004", "HN-0003", "pensioner, died 30 Jun 2026"},
	{"cuc", "001174000702", "Phan Thị Cúc", "1974-05-21", "female", "00004", "HN-0003", "widow of Thắng, under 55"},
	{"son", "048051000801", "Mai Văn Sơn", "1951-09-14", "male", "20242", "DN-0003", "pensioner, died 1 Jul 2026"},
	{"bich", "048175000802", "Dương Thị Bích", "1975-01-30", "female", "20242", "DN-0003", "widow of Sơn, under 55"},
	// 9. An insured worker with two minor children.
	{"phuc", "079085000901", "Cao Văn Phúc", "1985-12-01", "male", "26740", "HCM-0003", "insured worker, died 14 Aug 2026"},
	{"hong", "079187000902", "Lý Thị Hồng", "1987-08-26", "female", "26740", "HCM-0003", "widow of Phúc, cares for the children"},
	{"han", "079313000903", "Cao Gia Hân", "2013-03-15", "female", "26740", "HCM-0003", "minor child of Phúc"},
	{"huy", "079217000904", "Cao Gia Huy", "2017-10-09", "male", "26740", "HCM-0003", "minor child of Phúc"},
	// 10. A social pensioner without insurance.
	{"nam", "048150001001", "Hồ Thị Năm", "1950-02-10", "female", "20275", "DN-0004", "social pensioner of 76, uninsured, died 19 Jul 2026"},
	{"lam", "048075001002", "Trương Văn Lâm", "1975-06-18", "male", "20275", "DN-0004", "son of Năm"},
	// 11. Both parents contributed and died; nobody can care for the child.
	{"vinh", "001088001101", "Tạ Quang Vinh", "1988-04-04", "male", "00070", "HN-0004", "insured, died 9 Aug 2026 with his wife"},
	{"yen", "001190001102", "Nguyễn Thị Yến", "1990-10-10", "female", "00070", "HN-0004", "insured, died 9 Aug 2026 with her husband"},
	{"khoi", "001218001103", "Tạ Minh Khôi", "2018-01-22", "male", "00070", "HN-0004", "their child; no carer"},
	{"hoa", "001185001104", "Tạ Thị Hoa", "1985-09-09", "female", "00004", "HN-0005", "aunt of Khôi, requester, lives elsewhere"},
	// 12. and 13. People of merit, with and without insurance.
	{"kien", "001048001201", "Lương Văn Kiên", "1948-07-27", "male", "00070", "HN-0006", "person of merit and pensioner, died 20 Aug 2026"},
	{"tam", "001152001202", "Chu Thị Tâm", "1952-11-15", "female", "00070", "HN-0006", "widow of Kiên"},
	{"quy", "048046001301", "Đinh Văn Quý", "1946-12-19", "male", "20242", "DN-0005", "person of merit, uninsured, died 22 Aug 2026"},
	{"loan", "048150001302", "Kiều Thị Loan", "1950-03-08", "female", "20242", "DN-0005", "widow of Quý"},
	// 14. On no list at all.
	{"tu", "079153001401", "Phùng Thị Tư", "1953-05-05", "female", "26743", "HCM-0004", "uninsured elder on no list, died 25 Aug 2026"},
	{"viet", "079078001402", "Lâm Quốc Việt", "1978-02-27", "male", "26743", "HCM-0004", "son of Tư"},
}

// Named returns the named people, in order. The slice is the caller's.
func Named() []Person { return append([]Person(nil), named...) }

// ByHandle finds a named person; the zero Person when there is none.
func ByHandle(handle string) Person {
	for _, p := range named {
		if p.Handle == handle {
			return p
		}
	}
	return Person{}
}

// household of the named world: the first member heads it.
type household struct {
	id, detail string
	owners     []string          // handles; the head when empty
	relations  map[string]string // handle → relation to the head
}

var namedHouseholds = []household{
	{"HN-0001", "12 Đội Cấn", []string{"hung", "hanh"}, map[string]string{"hanh": "wife", "tuan": "son", "ha": "daughter_in_law"}},
	{"HN-0002", "45 Hàng Bông", nil, map[string]string{"thao": "wife"}},
	{"HN-0003", "8 Quán Thánh", nil, map[string]string{"cuc": "wife"}},
	{"HN-0004", "31 Hàng Gai", []string{"vinh", "yen"}, map[string]string{"yen": "wife", "khoi": "son"}},
	{"HN-0005", "77 Kim Mã", nil, nil},
	{"HN-0006", "5 Lý Thái Tổ", nil, map[string]string{"tam": "wife"}},
	{"DN-0001", "19 Lê Duẩn", nil, map[string]string{"lan": "partner"}},
	{"DN-0002", "102 Ngô Quyền", nil, map[string]string{"long": "niece_husband", "ngoc": "niece"}},
	{"DN-0003", "60 Trần Phú", nil, map[string]string{"bich": "wife"}},
	{"DN-0004", "7 Phạm Văn Đồng", []string{"lam"}, map[string]string{"lam": "son"}},
	{"DN-0005", "24 Bạch Đằng", nil, map[string]string{"loan": "wife"}},
	{"HCM-0001", "210 Pasteur", nil, map[string]string{"mai": "daughter"}},
	{"HCM-0002", "33 Lê Lai", nil, map[string]string{"chi": "wife"}},
	{"HCM-0003", "15 Tôn Đức Thắng", []string{"phuc", "hong"}, map[string]string{"hong": "wife", "han": "daughter", "huy": "son"}},
	{"HCM-0004", "88 Nguyễn Trãi", []string{"viet"}, map[string]string{"viet": "son"}},
}

// marriages the databases know: handle, handle, since. Bảo and Lan are left
// out on purpose.
var namedMarriages = [][3]string{
	{"hung", "hanh", "1984-05-01"}, {"tuan", "ha", "2023-10-15"}, {"dung", "thao", "2018-01-20"},
	{"long", "ngoc", "2022-06-11"}, {"tung", "chi", "2016-12-03"}, {"thang", "cuc", "1998-04-25"},
	{"son", "bich", "1999-02-02"}, {"phuc", "hong", "2011-09-18"}, {"vinh", "yen", "2015-03-07"},
	{"kien", "tam", "1973-08-30"}, {"quy", "loan", "1970-10-12"},
}

// namedSingle are people the databases know to be unmarried.
var namedSingle = []string{"mai", "hoa", "viet", "lam"}

// birthNotice is a seeded notice of a named mother.
type birthNotice struct {
	Code, Mother, ChildName, Sex, BirthDate, BirthTime, Facility string
	Weight, Order, Children                                      int
}

var namedBirths = []birthNotice{
	{"01001.GCS.00101.26", "ha", "Nguyễn Trần An Nhiên", "female", "2026-08-28", "06:45", "Bệnh viện Phụ sản Hà Nội", 3150, 1, 1},
	{"48002.GCS.00201.26", "lan", "Phạm Võ Minh Khang", "male", "2026-08-30", "21:10", "Bệnh viện Phụ sản – Nhi Đà Nẵng", 3300, 1, 1},
	{"79003.GCS.00301.26", "mai", "Đặng Bảo Châu", "female", "2026-08-27", "02:30", "Bệnh viện Từ Dũ", 2900, 1, 1},
	{"01002.GCS.00401.26", "thao", "Lê Gia Bảo", "male", "2026-08-31", "09:05", "Bệnh viện Phụ sản Trung ương", 2450, 1, 2},
	{"01002.GCS.00402.26", "thao", "Lê Gia Hưng", "male", "2026-08-31", "09:12", "Bệnh viện Phụ sản Trung ương", 2380, 2, 2},
	{"48001.GCS.00501.26", "ngoc", "Hoàng Minh Quân", "male", "2026-08-25", "13:20", "Bệnh viện Đà Nẵng", 3420, 1, 1},
	{"79001.GCS.00601.26", "chi", "Ngô Khánh Vy", "female", "2026-08-29", "17:55", "Bệnh viện Hùng Vương", 3080, 1, 1},
}

// deathNotice is a seeded notice of a named person's death.
type deathNotice struct{ Code, Deceased, DiedOn, DiedAt, Place, Cause string }

var namedDeaths = []deathNotice{
	{"01001.GBT.00701.26", "thang", "2026-06-30", "23:10", "Bệnh viện Bạch Mai", "Đột quỵ"},
	{"48001.GBT.00801.26", "son", "2026-07-01", "00:40", "Bệnh viện Đà Nẵng", "Suy tim"},
	{"79001.GBT.00901.26", "phuc", "2026-08-14", "15:25", "Bệnh viện Chợ Rẫy", "Nhồi máu cơ tim"},
	{"48002.GBT.01001.26", "nam", "2026-07-19", "04:15", "Bệnh viện Đà Nẵng", "Viêm phổi"},
	{"01002.GBT.01101.26", "vinh", "2026-08-09", "18:30", "Bệnh viện Việt Đức", "Tai nạn giao thông"},
	{"01002.GBT.01102.26", "yen", "2026-08-09", "19:05", "Bệnh viện Việt Đức", "Tai nạn giao thông"},
	{"01003.GBT.01201.26", "kien", "2026-08-20", "07:50", "Bệnh viện Trung ương Quân đội 108", "Suy thận"},
	{"48003.GBT.01301.26", "quy", "2026-08-22", "11:00", "Bệnh viện C Đà Nẵng", "không rõ"},
	{"79002.GBT.01401.26", "tu", "2026-08-25", "20:20", "Bệnh viện Nhân dân 115", "Tuổi già"},
}

// account is a bank account the treasury knows.
type account struct{ Number, Bank, Owner string }

var namedAccounts = []account{
	{"0011000000104", "Vietcombank", "ha"}, {"0011000000103", "Vietcombank", "tuan"},
	{"5621000000201", "BIDV", "bao"}, {"0071000000301", "Vietcombank", "mai"},
	{"1030000000401", "VietinBank", "dung"}, {"5621000000502", "BIDV", "long"},
	{"0071000000601", "Vietcombank", "tung"}, {"1500000000702", "Agribank", "cuc"},
	{"5621000000802", "BIDV", "bich"}, {"0071000000902", "Vietcombank", "hong"},
	{"2000000001002", "Agribank", "lam"}, {"1030000001104", "VietinBank", "hoa"},
	{"1500000001202", "Agribank", "tam"}, {"5621000001302", "BIDV", "loan"},
	{"0071000001402", "Vietcombank", "viet"},
}
