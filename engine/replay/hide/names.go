package hide

import (
	"encoding/binary"
	"strings"
	"unicode"
)

// Parts of the names that are given.
var (
	families = strings.Fields("Nguyễn Trần Lê Phạm Hoàng Huỳnh Phan Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý Đinh Trịnh Đoàn Mai Lưu Tạ Chu Hà")
	middles  = strings.Fields("An Bảo Bích Châu Diệu Đan Đông Gia Giang Hạnh Hiền Hoài Hương Khánh Kiều Lam Linh Mai Minh Mộng Ngân Ngọc Nhã Như Phúc Quế Tâm Thiên Thục Trúc")
	women    = strings.Fields("Ái Băng Cẩm Châm Cúc Dung Đào Giao Hằng Hảo Huệ Hường Lài Lan Liễu Loan Lụa Mận Mơ Nga Ngà Nguyệt Nhàn Nhung Nương Oanh Phượng Quyên Sen Sương Thắm Thoa Thơm Thủy Trâm Trinh Tuyết Vân Xuân Yên")
	men      = strings.Fields("Ân Bách Bằng Cảnh Chiến Chương Cường Danh Dũng Đại Đạt Điền Định Đoan Giáp Hải Hào Hiệp Hòa Huân Khang Khôi Kiên Lâm Lộc Luân Mạnh Nghị Phong Quân Sơn Tài Thái Thịnh Tiến Toàn Tráng Trực Vinh Vượng")
)

// Sexes.
const (
	female = 'f'
	male   = 'm'
)

// name is a Vietnamese name of the same sex. Two names may become the same one: who
// is who is told by numbers.
func (k key) name(s string, sex byte) string {
	b := k.sum("name", strings.ToLower(strings.Join(strings.Fields(s), " ")))
	pick := func(i int, of []string) string { return of[binary.BigEndian.Uint16(b[2*i:])%uint16(len(of))] }
	parts := []string{pick(0, families), "Văn", pick(1, middles), pick(2, men)}
	if sex == female {
		parts[1], parts[3] = "Thị", pick(2, women)
	}
	out := strings.Join(parts, " ")
	if s == strings.ToUpper(s) && strings.IndexFunc(s, unicode.IsLetter) >= 0 {
		out = strings.ToUpper(out)
	}
	if out == s { // one of its kind: another last name does
		out += " Anh"
	}
	return out
}

// sexOf is the sex that a name itself, or the personal number beside it, tells; 0
// when neither does.
func sexOf(name string, beside map[string]any) byte {
	switch beside["sex"] {
	case "female":
		return female
	case "male":
		return male
	}
	for _, k := range []string{"id", "personal_id"} {
		if id, _ := beside[k].(string); isDigits(id) && len(id) == 12 {
			if (id[3]-'0')%2 == 1 {
				return female
			}
			return male
		}
	}
	words := strings.Fields(strings.ToLower(name))
	for _, w := range words[min(1, len(words)):] {
		switch w {
		case "thị":
			return female
		case "văn":
			return male
		}
	}
	return 0
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
