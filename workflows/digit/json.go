package digit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds of what is read.
const (
	MaxSize  = 1 << 20 // bytes of a file
	maxDepth = 64
)

// node is a JSON value with its place. val is nil, bool, string, json.Number,
// []*node or *object.
type node struct {
	val any
	off int    // where it begins
	up  *node  // nil for the root
	key string // in up
}

type object struct {
	keys []string
	vals map[string]*node
}

// pointer is the node's JSON Pointer.
func (n *node) pointer() string {
	if n == nil || n.up == nil {
		return ""
	}
	var parts []string
	for ; n.up != nil; n = n.up {
		parts = append(parts, clip(strings.NewReplacer("~", "~0", "/", "~1").Replace(n.key)))
	}
	var b strings.Builder
	for i := len(parts) - 1; i >= 0; i-- {
		b.WriteString("/" + parts[i])
	}
	return b.String()
}

// get returns the first of some keys that an object has, or nil. A null counts as
// absent.
func (n *node) get(keys ...string) *node {
	if n == nil {
		return nil
	}
	o, ok := n.val.(*object)
	if !ok {
		return nil
	}
	for _, k := range keys {
		if v := o.vals[k]; v != nil && v.val != nil {
			return v
		}
	}
	return nil
}

func (n *node) items() []*node {
	if n == nil {
		return nil
	}
	l, _ := n.val.([]*node)
	return l
}

// scanner reads JSON with positions.
type scanner struct {
	dec  *json.Decoder
	data []byte
	dup  func(n *node) // told of every repeated key
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// syntaxError is text that is not JSON, and where.
type syntaxError struct {
	off int
	err error
}

func (e *syntaxError) Error() string { return e.err.Error() }

// parse reads one JSON document.
func parse(data []byte, dup func(*node)) (*node, *syntaxError) {
	head := 0
	if bytes.HasPrefix(data, byteOrderMark) {
		head = len(byteOrderMark)
		data = append(bytes.Repeat([]byte(" "), head), data[head:]...)
	}
	s := &scanner{dec: json.NewDecoder(bytes.NewReader(data)), data: data, dup: dup}
	s.dec.UseNumber()
	root, err := s.value(nil, "", 0)
	if err == nil {
		if _, more := s.dec.Token(); !errors.Is(more, io.EOF) {
			err = &syntaxError{s.next(int(s.dec.InputOffset())), errors.New("there is more after the document")}
		}
	}
	return root, err
}

// next is the offset of the next token.
func (s *scanner) next(off int) int {
	for off < len(s.data) && strings.IndexByte(" \t\r\n,:", s.data[off]) >= 0 {
		off++
	}
	return off
}

func (s *scanner) token() (json.Token, int, *syntaxError) {
	off := s.next(int(s.dec.InputOffset()))
	t, err := s.dec.Token()
	if err == nil {
		return t, off, nil
	}
	var se *json.SyntaxError
	if errors.As(err, &se) && int(se.Offset) > off {
		off = int(se.Offset) - 1
	}
	if errors.Is(err, io.EOF) {
		off, err = len(s.data), errors.New("the document ends too early")
	}
	return nil, off, &syntaxError{off, err}
}

func (s *scanner) value(up *node, key string, depth int) (*node, *syntaxError) {
	t, off, err := s.token()
	if err != nil {
		return nil, err
	}
	n := &node{off: off, up: up, key: key}
	switch t := t.(type) {
	case json.Delim:
		if depth >= maxDepth {
			return nil, &syntaxError{off, fmt.Errorf("nested more than %d deep", maxDepth)}
		}
		if t == '[' {
			return n, s.array(n, depth)
		}
		return n, s.object(n, depth)
	default:
		n.val = t
	}
	return n, nil
}

func (s *scanner) array(n *node, depth int) *syntaxError {
	list := []*node{}
	for s.dec.More() {
		v, err := s.value(n, strconv.Itoa(len(list)), depth+1)
		if err != nil {
			return err
		}
		list = append(list, v)
	}
	n.val = list
	_, _, err := s.token()
	return err
}

func (s *scanner) object(n *node, depth int) *syntaxError {
	o := &object{vals: map[string]*node{}}
	for s.dec.More() {
		t, off, err := s.token()
		if err != nil {
			return err
		}
		key, ok := t.(string)
		if !ok {
			return &syntaxError{off, errors.New("a key must be text")}
		}
		v, err := s.value(n, key, depth+1)
		if err != nil {
			return err
		}
		if o.vals[key] != nil {
			s.dup(v)
		} else {
			o.keys = append(o.keys, key)
		}
		o.vals[key] = v
	}
	n.val = o
	_, _, err := s.token()
	return err
}

// place turns an offset into a line and a column, counted in characters from 1.
func place(data []byte, off int) (line, col int) {
	off = max(0, min(off, len(data)))
	head := data[:off]
	line = 1 + bytes.Count(head, []byte("\n"))
	return line, 1 + utf8.RuneCount(head[bytes.LastIndexByte(head, '\n')+1:])
}

// clip keeps a quoted part of a file short and on one line.
func clip(s string) string {
	const most = 120
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 || r == utf8.RuneError {
			return ' '
		}
		return r
	}, s)
	if rs := []rune(s); len(rs) > most {
		return string(rs[:most]) + "…"
	}
	return s
}
