package hide

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"
)

// key makes pseudonyms that nobody else can make.
type key []byte

// sum is a keyed digest of a text of some kind.
func (k key) sum(kind, text string) []byte {
	h := hmac.New(sha256.New, k)
	h.Write([]byte(kind))
	h.Write([]byte{0})
	h.Write([]byte(text))
	return h.Sum(nil)
}

// hex is a keyed text of n hexadecimal digits.
func (k key) hex(kind, text string, n int) string {
	out := ""
	for i := 0; len(out) < n; i++ {
		out += hex.EncodeToString(k.sum(kind+strconv.Itoa(i), text))
	}
	return out[:n]
}

// rounds of the permutation of digits.
const rounds = 8

// longest run of digits that is permuted as one; longer ones are cut.
const longest = 18

// digits replaces a run of digits by another of the same length. It is a keyed
// permutation for each kind: different runs become different ones. With two digits
// or more none becomes itself, since all of them form one cycle.
func (k key) digits(kind, run string) string {
	if len(run) > longest {
		return k.digits(kind, run[:longest]) + k.digits(kind+"+", run[longest:])
	}
	if len(run) < 2 {
		return run
	}
	a, b := len(run)/2, len(run)-len(run)/2
	x, y := number(run[:a]), number(run[a:])
	x, y = k.back(kind, x, y, pow(a), pow(b))
	if y++; y == pow(b) { // the next one of the cycle
		y = 0
		if x++; x == pow(a) {
			x = 0
		}
	}
	x, y = k.forth(kind, x, y, pow(a), pow(b))
	return pad(x, a) + pad(y, b)
}

func (k key) forth(kind string, x, y, m, n uint64) (uint64, uint64) {
	for i := range rounds {
		if i%2 == 0 {
			x = (x + k.round(kind, i, y)) % m
		} else {
			y = (y + k.round(kind, i, x)) % n
		}
	}
	return x, y
}

func (k key) back(kind string, x, y, m, n uint64) (uint64, uint64) {
	for i := rounds - 1; i >= 0; i-- {
		if i%2 == 0 {
			x = (x + m - k.round(kind, i, y)%m) % m
		} else {
			y = (y + n - k.round(kind, i, x)%n) % n
		}
	}
	return x, y
}

func (k key) round(kind string, i int, half uint64) uint64 {
	b := k.sum("round "+strconv.Itoa(i)+" "+kind, strconv.FormatUint(half, 10))
	return binary.BigEndian.Uint64(b) >> 8 // far above any half, and sums do not overflow
}

func number(s string) (n uint64) {
	for _, c := range []byte(s) {
		n = n*10 + uint64(c-'0')
	}
	return n
}

func pow(digits int) uint64 {
	n := uint64(1)
	for range digits {
		n *= 10
	}
	return n
}

func pad(n uint64, digits int) string {
	s := strconv.FormatUint(n, 10)
	return strings.Repeat("0", digits-len(s)) + s
}

// person replaces the random part of a personal number: province, century with sex,
// and year of birth stay.
func (k key) person(id string) string { return id[:6] + k.digits("person"+id[:6], id[6:]) }

// ten replaces a number of ten digits: a telephone number or one of social insurance.
// The first three stay.
func (k key) ten(n string) string { return n[:3] + k.digits("ten"+n[:3], n[3:]) }

// card replaces a health insurance card's number: kind of holder and province stay,
// and the insurance number in it is replaced as it is elsewhere.
func (k key) card(n string) string { return n[:5] + k.ten(n[5:]) }

// code replaces the digits of a code: letters, signs, years and runs of less than
// three digits stay. One without any digits that can be replaced gets other letters.
func (k key) code(s string) string {
	form := []byte(s)
	for i, c := range form {
		if '0' <= c && c <= '9' {
			form[i] = '0'
		}
	}
	var b strings.Builder
	changed := false
	for i := 0; i < len(s); {
		j := i
		for j < len(s) && '0' <= s[j] && s[j] <= '9' {
			j++
		}
		switch run := s[i:j]; {
		case i == j:
			b.WriteByte(s[i])
			i++
			continue
		case len(run) < 3 || len(run) == 4 && (run[:2] == "19" || run[:2] == "20"):
			b.WriteString(run)
		default:
			b.WriteString(k.digits("code "+strconv.Itoa(i)+" "+string(form), run))
			changed = true
		}
		i = j
	}
	if changed {
		return b.String()
	}
	return k.letters(s)
}

// letters replaces the capital letters and digits of a code, and keeps its form.
func (k key) letters(s string) string {
	out, by := []byte(s), k.sum("letters", s)
	for i, c := range out {
		r := by[i%len(by)]
		switch {
		case 'A' <= c && c <= 'Z':
			out[i] = 'A' + (c-'A'+1+r%25)%26
		case '0' <= c && c <= '9':
			out[i] = '0' + (c-'0'+1+r%9)%10
		}
	}
	return string(out)
}
