package engine

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// What is kept of a trouble is what was told of it, in a bounded number of bytes, and
// words of before there were codes stand as they are.
func TestTroubleKept(t *testing.T) {
	for _, x := range []struct {
		kept   string
		vi, en string
	}{
		{"", "", ""},
		{"no answer", "no answer", "no answer"},
		{Trouble{Code: TroubleBreaker}.String(), "Chưa gửi: cơ sở dữ liệu đã lâu không trả lời", "Not sent: the registry has not answered for a while"},
		{Trouble{TroubleAnswer, Text{VI: "busy: bảo trì", EN: "busy: maintenance"}}.String(), "busy: bảo trì", "busy: maintenance"},
		{Trouble{TroubleAnswer, Text{EN: "busy"}}.String(), "busy", "busy"},
		{Trouble{TroubleAnswer, Text{VI: "bận"}}.String(), "bận", "bận"},
		{Trouble{TroubleRefused, Text{EN: "no_channel\nat all"}}.String(), "Bị từ chối: no_channel at all", "Refused: no_channel at all"},
		{"#" + TroubleDamaged, "Đã bị hỏng trong tệp dữ liệu; không rõ đã gửi hay chưa", "It was damaged in the file; whether it was sent is not known"},
		{"#of_tomorrow", "of_tomorrow", "of_tomorrow"},
	} {
		tr := ParseTrouble(x.kept)
		if got := tr.Text(); got.In("vi") != x.vi || got.In("en") != x.en {
			t.Errorf("%q is told as %q and %q", x.kept, got.In("vi"), got.In("en"))
		}
		if tr.String() != x.kept || tr.IsZero() != (x.kept == "") {
			t.Errorf("%q is kept as %q", x.kept, tr)
		}
	}
	long := Trouble{TroubleAnswer, Text{EN: strings.Repeat("ố", 4<<20)}}.String()
	if len(long) > longestSaid+20 || !utf8.ValidString(long) {
		t.Errorf("%d bytes kept", len(long))
	}
	for code, words := range troubles {
		if words.VI == "" || words.EN == "" || !strings.HasPrefix(Trouble{Code: code}.String(), "#") {
			t.Errorf("%s: %v", code, words)
		}
	}
}
