package rowenc

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"lienthong/engine"
)

func TestWords(t *testing.T) {
	for in, want := range map[string]string{
		"Nguyễn Thị Đào":                      "nguyen thi dao",
		"  NGUYỄN,thị-đào  ":                  "nguyen thi dao",
		"Nguye\u0302\u0303n":                  "nguyen",
		"ưỡng Ườn ơ":                          "uong uon o",
		"An an AN":                            "an",
		"…":                                   "",
		"K'Sor H'Bia":                         "k sor h bia",
		"Lê 2":                                "le 2",
		strings.Repeat("dài", 40):             cut(strings.Repeat("dai", 40)),
		"a " + strings.Repeat("đ", 100) + "b": "a " + strings.Repeat("d", maxToken),
	} {
		if got := strings.Join(Words(in), " "); got != want {
			t.Errorf("Words(%q) = %q, want %q", in, got, want)
		}
	}
}

// Whatever the text, folding is stable, and a text finds itself.
func TestTextFindsItself(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := rapid.String().Draw(r, "text")
		for _, w := range Words(s) {
			if len(w) > maxToken || !utf8.ValidString(w) || After(w) <= w {
				r.Fatalf("word %q of %q", w, s)
			}
		}
		q, ok := ParseText(s)
		if ok && len(q.Words) > 0 && !q.Named(Words(s)) {
			r.Fatalf("%q does not find itself", s)
		}
		if ok && q.Code != FoldCode(" "+s+"\t") {
			r.Fatalf("code %q does not find itself", s)
		}
	})
}

func TestCursor(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		key, rest := rapid.Int64().Draw(r, "key"), rapid.SliceOfN(rapid.StringMatching(`[\x20-\x{10FF}]*`), 2, 2).Draw(r, "rest")
		k, got, err := ParseCursor("x", Cursor("x", key, rest...), 2)
		if err != nil || k != key || !slices.Equal(got, rest) {
			r.Fatalf("%d %q %v", k, got, err)
		}
		if _, _, err := ParseCursor("y", Cursor("x", key, rest...), 2); engine.CodeOf(err) != engine.Invalid {
			r.Fatalf("another list's cursor: %v", err)
		}
	})
}

func TestTime(t *testing.T) {
	if !Time(Micros(time.Time{})).IsZero() || Urgency(time.Time{}) != math.MaxInt64 {
		t.Error("no time is not none")
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 6789, time.FixedZone("", 3600))
	if got := Trim(at); !got.Equal(at.Truncate(time.Microsecond)) || got.Location() != time.UTC {
		t.Errorf("trimmed to %v", got)
	}
}

func FuzzWords(f *testing.F) {
	f.Add("Nguyễn Thị Đào")
	f.Fuzz(func(t *testing.T, s string) {
		for _, w := range Words(s) {
			if w == "" || len(w) > maxToken {
				t.Errorf("word %q", w)
			}
		}
	})
}
