package appendjson

import "testing"

// BenchmarkString is what a Vietnamese text costs.
func BenchmarkString(b *testing.B) {
	s := "Trích lục kết hôn bản sao – số 12, xã Ba Vì, thành phố Hà Nội; người yêu cầu: Nguyễn Thị Ngọc Ánh"
	buf := make([]byte, 0, 256)
	b.SetBytes(int64(len(s)))
	for b.Loop() {
		buf = plain.appendString(buf[:0], s)
	}
}
