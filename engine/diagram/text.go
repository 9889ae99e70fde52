package diagram

import (
	"math"
	"strings"
	"unicode"
)

// widths are the advances of the printable ASCII letters from the space on, in
// hundredths of the font size, of the regular weight of Be Vietnam Pro; the common
// fallbacks are as wide or narrower.
var widths = [95]uint8{
	23, 28, 32, 81, 64, 85, 74, 18, 44, 44, 50, 61, 30, 61, 29, 50, 68, 38, 65, 66, 71, 66, 68, 59,
	63, 68, 29, 30, 56, 73, 56, 57, 100, 74, 67, 77, 73, 62, 63, 78, 71, 26, 46, 68, 62, 85, 73, 83,
	64, 82, 67, 63, 65, 72, 71, 100, 72, 66, 66, 46, 48, 46, 56, 70, 20, 64, 65, 61, 65, 60, 39, 64,
	58, 26, 27, 55, 25, 89, 57, 64, 65, 65, 39, 51, 43, 57, 58, 87, 56, 58, 50, 43, 41, 43, 47,
}

// bases lists, after each base letter, the Vietnamese letters as wide as it.
var bases = func() map[rune]rune {
	m := map[rune]rune{}
	for _, row := range []string{
		"aàáảãạăằắẳẵặâầấẩẫậ", "eèéẻẽẹêềếểễệ", "iìíỉĩị", "oòóỏõọôồốổỗộơờớởỡợ",
		"uùúủũụưừứửữự", "yỳýỷỹỵ", "dđ", "AÀÁẢÃẠĂẰẮẲẴẶÂẦẤẨẪẬ", "EÈÉẺẼẸÊỀẾỂỄỆ", "IÌÍỈĨỊ",
		"OÒÓỎÕỌÔỒỐỔỖỘƠỜỚỞỠỢ", "UÙÚỦŨỤƯỪỨỬỮỰ", "YỲÝỶỸỴ", "DĐ", ".·", "<≤≥",
	} {
		rs := []rune(row)
		for _, r := range rs[1:] {
			m[r] = rs[0]
		}
	}
	return m
}()

// textWidth estimates how wide a line is at a font size, on the safe side.
func textWidth(s string, size float64, bold bool) float64 {
	n := 0
	for _, r := range s {
		n += runeWidth(r)
	}
	w := float64(n) / 100 * size * 1.03
	if bold {
		w *= 1.04
	}
	return math.Ceil(w)
}

func runeWidth(r rune) int {
	if b, ok := bases[r]; ok {
		r = b
	}
	switch {
	case r >= ' ' && int(r-' ') < len(widths):
		return int(widths[r-' '])
	case unicode.Is(unicode.Mn, r):
		return 0
	case r < 0x2000:
		return 72
	case r < 0x2E80:
		return 90
	}
	return 105
}

// clean makes a label one line of characters that XML 1.0 can carry, trimmed, with
// runs of blanks collapsed.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == unicode.ReplacementChar, r == 0xFFFE, r == 0xFFFF:
			return -1
		case unicode.IsControl(r), unicode.IsSpace(r):
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	return strings.Join(strings.Fields(s), " ")
}

// style is how a run of text is set.
type style struct {
	size float64
	bold bool
}

var (
	boxBold   = style{13, true} // the current box; boxes are sized for it
	noteText  = style{10, false}
	edgeText  = style{10.5, false}
	laneText  = style{13, true}
	groupText = style{11, true}
)

func (st style) width(s string) float64 { return textWidth(s, st.size, st.bold) }

// maxLabel is how many letters of a label are drawn at most.
const maxLabel = 300

// wrap breaks a text into at most n lines no wider than it needs: it tries the
// widths from narrow to wide and takes the first that holds. What does not fit
// the widest is cut with an ellipsis (the full text stands in the title).
func (st style) wrap(s string, n int, try ...float64) []string {
	if s == "" {
		return nil
	}
	if r := []rune(s); len(r) > maxLabel {
		s = string(r[:maxLabel])
	}
	for _, w := range try {
		if lines, ok := st.fill(s, w, false); ok && len(lines) <= n {
			return st.balance(s, lines, w)
		}
	}
	lines, _ := st.fill(s, try[len(try)-1], true)
	if len(lines) > n {
		last := []rune(lines[n-1])
		for len(last) > 1 && st.width(string(last)+"…") > try[len(try)-1] {
			last = last[:len(last)-1]
		}
		lines = append(lines[:n-1:n-1], strings.TrimSpace(string(last))+"…")
	}
	return lines
}

// balance makes the lines of a text as even as possible without needing more of
// them.
func (st style) balance(s string, lines []string, w float64) []string {
	for w -= 4; w > 0 && len(lines) > 1; w -= 4 {
		narrower, ok := st.fill(s, w, false)
		if !ok || len(narrower) > len(lines) {
			break
		}
		lines = narrower
	}
	return lines
}

// fill is greedy: words to a line while they fit. A word wider than a line is
// broken if that is allowed, else the text does not fit.
func (st style) fill(s string, w float64, breakWords bool) (lines []string, ok bool) {
	line := ""
	for word := range strings.FieldsSeq(s) {
		if line != "" && st.width(line+" "+word) <= w {
			line += " " + word
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		line = word
		for st.width(line) > w {
			head := st.fit(line, w)
			if !breakWords || head == len(line) {
				return nil, false
			}
			lines, line = append(lines, line[:head]), line[head:]
		}
	}
	return append(lines, line), true
}

// fit returns how many bytes of a word fit a width, at least one letter.
func (st style) fit(s string, w float64) int {
	for i := range s {
		if i > 0 && st.width(s[:i]) > w-st.size {
			return i
		}
	}
	return len(s)
}

// widest is the width of the widest of the lines.
func (st style) widest(lines []string) float64 {
	w := 0.0
	for _, l := range lines {
		w = max(w, st.width(l))
	}
	return w
}
