package hide

import (
	"bytes"
	"strings"
	"testing"
)

var testKey = key(bytes.Repeat([]byte{7}, 32))

// TestDigitsArePermuted: all runs of three digits become all runs of three digits, none
// itself; another key or kind gives another order.
func TestDigitsArePermuted(t *testing.T) {
	seen, same := map[string]bool{}, 0
	for n := range 1000 {
		s := pad(uint64(n), 3)
		x := testKey.digits("a", s)
		if len(x) != 3 || !isDigits(x) || x == s || seen[x] {
			t.Fatalf("%s becomes %q", s, x)
		}
		seen[x] = true
		if x == testKey.digits("b", s) {
			same++
		}
	}
	if same > 20 {
		t.Errorf("two kinds agree %d times of 1000", same)
	}
	for _, long := range []string{"12", "123456789012345678", "1234567890123456789012345"} {
		if x := testKey.digits("a", long); len(x) != len(long) || x == long || !isDigits(x) {
			t.Errorf("%s becomes %s", long, x)
		}
	}
}

// TestForms: a pseudonym keeps what its number means.
func TestForms(t *testing.T) {
	id := testKey.person("001195000104")
	if id[:6] != "001195" || id == "001195000104" {
		t.Errorf("personal number %s", id)
	}
	if ten, card := testKey.ten("1302301468"), testKey.card("TE1011302301468"[:15]); card != "TE101"+ten || ten[:3] != "130" {
		t.Errorf("insurance number %s, card %s", ten, card)
	}
	for in, keep := range map[string]string{"01001.GCS.00101.26": "?????.GCS.?????.26", "66732/QĐ/2024": "?????/QĐ/2024", "HN-0001": "HN-????", "01/2026": "", "KB27404549984": "KB???????????"} {
		got := testKey.code(in)
		if got == in || len(got) != len(in) {
			t.Errorf("%s becomes %s", in, got)
		}
		for i := range keep {
			if keep[i] != '?' && keep[i] != got[i] {
				t.Errorf("%s becomes %s, want the form %s", in, got, keep)
				break
			}
		}
	}
}

func TestNamesKeepTheirSex(t *testing.T) {
	woman := testKey.name("Trần Thu Hà", female)
	man := testKey.name("Nguyễn Minh Tuấn", male)
	if !strings.Contains(woman, " Thị ") || !strings.Contains(man, " Văn ") || len(strings.Fields(man)) != 4 {
		t.Errorf("%s, %s", woman, man)
	}
	if up := testKey.name("TRẦN  THU HÀ", female); up != strings.ToUpper(woman) {
		t.Errorf("%s is not %s", up, woman)
	}
	for want, x := range map[byte]struct {
		name   string
		beside map[string]any
	}{female: {"Lê Minh Anh", map[string]any{"id": "001195000104"}}, male: {"Lê Thị Anh", map[string]any{"sex": "male"}}, 0: {"Lê Anh", nil}} {
		if got := sexOf(x.name, x.beside); got != want {
			t.Errorf("%s: %c, want %c", x.name, got, want)
		}
	}
	if sexOf("Trần Thị Hà", nil) != female || sexOf("Thị", nil) != 0 {
		t.Error("the name itself tells")
	}
}
