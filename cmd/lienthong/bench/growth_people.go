package bench

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"lienthong/agencies/seed"
)

// weighted is a word and how often it occurs.
type weighted struct {
	word  string
	parts int
}

// surnameShares are in parts of a thousand: the order and rough size of the large ones are
// those of the Kinh majority, the rest share what is left.
var surnameShares = []weighted{
	{"Nguyễn", 384}, {"Trần", 121}, {"Lê", 95}, {"Phạm", 70}, {"Hoàng", 51}, {"Huỳnh", 30}, {"Phan", 35}, {"Vũ", 25}, {"Võ", 25},
	{"Đặng", 21}, {"Bùi", 20}, {"Đỗ", 14}, {"Hồ", 13}, {"Ngô", 13}, {"Dương", 10}, {"Lý", 5}, {"Đinh", 8}, {"Trương", 8}, {"Đào", 6},
	{"Lương", 5}, {"Mai", 5}, {"Trịnh", 5}, {"Hà", 5}, {"Cao", 4}, {"Đoàn", 4}, {"Lâm", 4}, {"Tạ", 3}, {"Tô", 3}, {"Châu", 3}, {"Quách", 2}, {"Thái", 3},
}

var (
	menMiddle   = strings.Fields("Văn Văn Văn Hữu Đức Quang Minh Xuân Quốc Thanh Đình Công Tuấn Gia Bảo Ngọc Anh Thành Trọng Duy")
	womenMiddle = strings.Fields("Thị Thị Thị Ngọc Thu Thanh Kim Phương Bích Mỹ Hồng Minh Thùy Diệu Quỳnh Khánh Bảo Tuyết Hoài An")
	menGiven    = strings.Fields("An Anh Bình Bảo Cảnh Chiến Công Cường Danh Dũng Duy Đại Đạt Đông Đức Giang Hà Hải Hào Hậu Hiếu Hiệp Hoàng Hùng Huy Hưng Khải Khánh Khang Khoa Khôi Kiên Lâm Lộc Long Luân Mạnh Minh Nam Nghĩa Nguyên Nhân Nhật Phát Phong Phú Phúc Phước Quân Quang Quốc Quý Sang Sơn Tài Tâm Tân Thái Thắng Thành Thiện Thịnh Thông Tiến Tín Toàn Trí Trọng Trung Trường Tú Tuấn Tùng Vinh Vĩ Vũ Vương")
	womenGiven  = strings.Fields("An Anh Ánh Bích Châu Chi Cúc Dung Diễm Diệp Duyên Đào Giang Hà Hạnh Hằng Hân Hiền Hoa Hòa Hồng Huệ Hương Khánh Khuê Lan Lê Liên Linh Loan Ly Mai My Nga Ngân Nghi Ngọc Nguyệt Nhi Nhiên Nhung Như Oanh Phương Phượng Quyên Quỳnh San Sương Tâm Thảo Thanh Thơ Thoa Thu Thùy Thúy Thủy Tiên Trà Trang Trâm Trinh Trúc Tú Tuyết Uyên Vân Vi Vy Xuân Yên Yến")
)

// pickSurname draws by weight.
func pickSurname(r *rand.Rand) string { return draw(r, surnameShares) }

func draw(r *rand.Rand, from []weighted) string {
	sum := 0
	for _, w := range from {
		sum += w.parts
	}
	n := r.IntN(sum)
	for _, w := range from {
		if n -= w.parts; n < 0 {
			return w.word
		}
	}
	return from[0].word
}

func pick(r *rand.Rand, from []string) string { return from[r.IntN(len(from))] }

// givenName is a middle and a given name.
func givenName(r *rand.Rand, female bool) string {
	if female {
		return pick(r, womenMiddle) + " " + pick(r, womenGiven)
	}
	return pick(r, menMiddle) + " " + pick(r, menGiven)
}

// personalID is a personal identification number as seed.ID builds it.
func personalID(province string, female bool, year, serial int) string {
	sex := "male"
	if female {
		sex = "female"
	}
	return seed.ID(province, sex, year, serial)
}

// yearOf reads the year of birth out of a personal identification number.
func yearOf(id string) (year int, female bool, err error) {
	if len(id) != 12 {
		return 0, false, fmt.Errorf("%q is not a personal identification number", id)
	}
	n, err := strconv.Atoi(id[3:6])
	if err != nil {
		return 0, false, err
	}
	digit := n / 100
	return 1900 + digit/2*100 + n%100, digit%2 == 1, nil
}
