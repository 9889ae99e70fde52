package sqlite

import (
	"strconv"
	"strings"
)

// maxRows bounds the rows of one statement; maxParams is what SQLite takes.
const (
	maxRows   = 64
	maxParams = 32766
)

// table is what a multi-row INSERT needs to know.
type table struct {
	head string // INSERT INTO … (…)
	cols int
	tail string // ON CONFLICT …
}

// into describes an INSERT; columns are separated by spaces.
func into(name, columns, tail string) table {
	cols := strings.Fields(columns)
	return table{head: "INSERT INTO " + name + " (" + strings.Join(cols, ", ") + ") VALUES ", cols: len(cols), tail: tail}
}

// replacing is the tail that overwrites all columns but the key's.
func replacing(key, columns string) string {
	var b strings.Builder
	b.WriteString(" ON CONFLICT (" + strings.Join(strings.Fields(key), ", ") + ") DO UPDATE SET ")
	for i, c := range strings.Fields(columns) {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(c + " = excluded." + c)
	}
	return b.String()
}

// tuples writes n rows of k parameters: (?1,?2),(?3,?4).
func tuples(n, k int) string {
	var b strings.Builder
	p := 1
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('(')
		for j := range k {
			if j > 0 {
				b.WriteByte(',')
			}
			b.WriteByte('?')
			b.WriteString(strconv.Itoa(p))
			p++
		}
		b.WriteByte(')')
	}
	return b.String()
}

// list writes n parameters: (?1,?2,?3).
func list(n int) string { return tuples(1, n) }

// chunk is the largest power of two that is at most n and within the bounds, so
// that few statements are prepared.
func chunk(n, cols int) int {
	c := 1
	for c*2 <= n && c*2 <= maxRows && c*2*cols <= maxParams {
		c *= 2
	}
	return c
}

// padded is the smallest power of two that holds n, within the bounds.
func padded(n int) int {
	c := 1
	for c < n && c < maxRows {
		c *= 2
	}
	return c
}
