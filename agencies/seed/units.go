package seed

// Unit is a commune-level administrative unit since 1 July 2025.
type Unit struct {
	Code     string // 5 digits
	Name     string
	Province string // 2 digits
}

// Provinces names the three provinces of the seeded world.
var Provinces = map[string]string{
	"01": "Thành phố Hà Nội",
	"48": "Thành phố Đà Nẵng",
	"79": "Thành phố Hồ Chí Minh",
}

// Units are the communes the registries know. People live in the first two of
// each province (Populated); the others are there to be registered in.
var Units = []Unit{
	{"00004", "Phường Ba Đình", "01"},
	{"00070", "Phường Hoàn Kiếm", "01"},
	{"00008", "Phường Ngọc Hà", "01"},
	{"00025", "Phường Giảng Võ", "01"},
	{"00082", "Phường Cửa Nam", "01"},
	{"00166", "Phường Cầu Giấy", "01"},
	{"00235", "Phường Đống Đa", "01"},
	{"00256", "Phường Hai Bà Trưng", "01"},
	{"00376", "Xã Sóc Sơn", "01"},
	{"00454", "Xã Đông Anh", "01"},
	{"20242", "Phường Hải Châu", "48"},
	{"20275", "Phường An Hải", "48"},
	{"20194", "Phường Hải Vân", "48"},
	{"20209", "Phường Thanh Khê", "48"},
	{"20263", "Phường Sơn Trà", "48"},
	{"20320", "Xã Hòa Vang", "48"},
	{"20410", "Phường Hội An", "48"},
	{"26740", "Phường Sài Gòn", "79"},
	{"26743", "Phường Bến Thành", "79"},
	{"25747", "Phường Thủ Dầu Một", "79"},
	{"26506", "Phường Vũng Tàu", "79"},
	{"26737", "Phường Tân Định", "79"},
	{"26824", "Phường Thủ Đức", "79"},
	{"26944", "Phường Gia Định", "79"},
}

// Populated are the codes of the six communes where the seeded people live.
var Populated = []string{"00004", "00070", "20242", "20275", "26740", "26743"}

// UnitByCode finds a commune.
func UnitByCode(code string) (Unit, bool) {
	for _, u := range Units {
		if u.Code == code {
			return u, true
		}
	}
	return Unit{}, false
}
