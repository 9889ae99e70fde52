package bench

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lienthong/engine"
	"lienthong/store/rowenc"
	"lienthong/store/sqlite"
)

// stencil is a template as the statements with which the store itself wrote the
// played case, and the places at which a copy differs. Making a copy's statements
// takes a tenth of the time that deriving them from the copy would.
type stencil struct {
	*template
	ref         *sqlite.PreparedChange
	strokes     []stroke // in the order of the statements, words left out
	insert      int      // the text that inserts a word
	offices     []int    // of the words: texts, or -1 - index into fixed
	fixed       []string
	payloads    []jsonText // of the entries
	body        jsonText   // of the stored state
	versions    []rowenc.Versions
	rows        int64 // that the statements touch, those of the words left out
	subjectText int   // text of the name of whom the case is about
	nameText    int   // text of the requester's name
}

// stroke is one statement with what differs in it.
type stroke struct {
	sqlite.Statement
	kind    strokeKind
	texts   []at2 // parameter → text
	times   []int // parameters that are instants, in microseconds
	words   []int // parameters that are all words of the case
	replies map[int]jsonText
}

// at2 is a parameter and the text that stands there.
type at2 struct{ at, text int }

type strokeKind int

const (
	plainStroke strokeKind = iota
	caseStroke
	entryStroke
	bodyStroke
	effectStroke
)

// Places of parameters in the store's statements.
const (
	caseHead, caseVersion, caseName, caseSubject                               = 2, 5, 13, 14
	entryAt, entryVersion, entryPayload, entrySalt, entryCommitment, entryHash = 2, 6, 7, 8, 9, 10
	effectStatus, effectNext, effectReady                                      = 7, 9, 24
	bodyBlob                                                                   = 2
)

// newStencil lets a store write the played case into a file of its own and keeps
// what it wrote.
func newStencil(ctx context.Context, defs engine.Definitions, p played) (_ *stencil, err error) {
	dir, err := os.MkdirTemp("", "lienthong-growth-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	store, err := sqlite.Open(ctx, sqlite.Config{Path: filepath.Join(dir, "x.db")})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	t, c := compile(defs, p)
	kept, err := store.AppendKeeping(ctx, engine.Change{Case: p.Case, Entries: p.Entries, Settled: t.src.Deliveries})
	if err != nil {
		return nil, err
	}
	if kept[0] == nil || len(kept[0].Settled) > 0 {
		return nil, fmt.Errorf("%q is not written in one go", p.name)
	}
	s := &stencil{template: t, ref: kept[0], insert: -1}
	if err := s.draw(c); err != nil {
		return nil, fmt.Errorf("%q: %w", p.name, err)
	}
	t.slots, t.texts = c.n.slots, c.texts
	return s, nil
}

// draw finds what differs in the statements.
func (s *stencil) draw(c *compiler) error {
	p := s.src
	rows := rowenc.Derive(p.Case, nil)
	words := rows.Text()
	for i := range p.Entries {
		b, err := json.Marshal(&p.Entries[i])
		if err != nil {
			return err
		}
		s.payloads = append(s.payloads, c.json(b))
		v := p.Entries[i].Versions
		s.versions = append(s.versions, rowenc.Versions{Engine: v.Engine, Definition: v.Definition, Parameters: v.Parameters, Calendar: v.Calendar})
	}
	b, err := rowenc.EncodeCase(p.Case)
	if err != nil {
		return err
	}
	s.body = c.json(b)
	var offices []string
	s.rows = s.ref.Rows
	for i, st := range s.ref.Statements {
		v := st.Values
		if len(v) == 4 && v[2].Text == p.Case.Code && v[3].Text == words { // a word
			s.insert = st.Text
			s.rows--
			if !slices.Contains(offices, v[0].Text) {
				offices = append(offices, v[0].Text)
			}
			continue
		}
		x := stroke{Statement: st, replies: map[int]jsonText{}}
		switch {
		case i == 0:
			x.kind = caseStroke
		case len(v) == 11 && v[entryVersion].Kind == 'v':
			x.kind = entryStroke
		case len(v) == 3 && v[bodyBlob].Kind == 'b':
			x.kind = bodyStroke
		case len(v) == 26:
			x.kind = effectStroke
		}
		for k := range v {
			x.see(c, k, words, p.Case.Version)
		}
		s.strokes = append(s.strokes, x)
	}
	for _, o := range offices {
		id := c.text(o, "")
		if id < 0 {
			s.fixed = append(s.fixed, o)
			id = -len(s.fixed)
		}
		s.offices = append(s.offices, id)
	}
	s.nameText, s.subjectText = c.text(rows.Case.Name, ""), c.text(rows.Case.Subject, "")
	if s.nameText < 0 || s.subjectText < 0 || s.insert < 0 && len(offices) > 0 || s.strokes[0].Values[caseName].Text != rows.Case.Name {
		return errors.New("the store's statements are not what was expected")
	}
	return nil
}

// see finds out how the k-th parameter differs.
func (x *stroke) see(c *compiler, k int, words, version string) {
	v := x.Values[k]
	switch {
	case v.Kind == 's' && v.Text == words && words != "":
		x.words = append(x.words, k)
	case v.Kind == 's' && (x.kind != caseStroke || k != caseVersion || v.Text != version):
		if id := c.text(v.Text, ""); id >= 0 {
			x.texts = append(x.texts, at2{k, id})
		}
	case v.Kind == 'i' && v.Number > earliest && v.Number < latest:
		x.times = append(x.times, k)
	case v.Kind == 'b' && x.kind == effectStroke:
		x.replies[k] = c.json(v.Bytes)
	}
}

// Numbers between these are instants in microseconds: the years 2001 to 2096.
const (
	earliest = 1_000_000_000_000_000
	latest   = 4_000_000_000_000_000
)

// print makes the statements of a copy. next is when what is not done is tried
// again, in microseconds.
func (s *stencil) print(f *filling, next func() int64) (*sqlite.PreparedChange, error) {
	s.fill(f)
	words := rowenc.WordsOf(f.texts[s.subjectText], f.texts[s.nameText])
	text := (&rowenc.Rows{Words: words}).Text()
	out := &sqlite.PreparedChange{Case: f.texts[s.code], Seq: s.ref.Seq, Entries: s.ref.Entries,
		Rows: s.rows + int64(len(words)*len(s.offices)), Statements: make([]sqlite.Statement, 0, len(s.strokes)+len(words)*len(s.offices))}
	salts := make([]byte, 16*len(s.payloads))
	if _, err := rand.Read(salts); err != nil {
		return nil, err
	}
	var head []byte
	var payload []byte
	entry := 0
	for i := range s.strokes {
		x := &s.strokes[i]
		st := x.print(f, text)
		v := st.Values
		switch x.kind {
		case entryStroke:
			payload = s.payloads[entry].print(payload[:0], f)
			out.Size += len(payload)
			salt := salts[16*entry : 16*entry+16]
			sum := sha256.New()
			sum.Write(salt)
			sum.Write(payload)
			e := rowenc.Sealed{Case: v[0].Text, Seq: v[1].Number, At: v[entryAt].Number, Action: v[3].Text, Step: v[4].Text, ActorKind: v[5].Text,
				Engine: s.versions[entry].Engine, Definition: s.versions[entry].Definition, Parameters: s.versions[entry].Parameters,
				Calendar: s.versions[entry].Calendar, Commitment: sum.Sum(nil)}
			head = e.Link(head)
			v[entryPayload].Bytes, v[entrySalt].Bytes, v[entryCommitment].Bytes, v[entryHash].Bytes = rowenc.Pack(slices.Clone(payload)), salt, e.Commitment, head
			entry++
		case bodyStroke:
			v[bodyBlob].Bytes = rowenc.Pack(s.body.print(nil, f))
		case effectStroke:
			if status := v[effectStatus].Text; status == engine.DeliveryPending || status == engine.DeliveryAccepted {
				v[effectNext].Number = next()
				v[effectReady].Number = v[effectNext].Number
			}
		}
		out.Statements = append(out.Statements, st)
	}
	out.Statements[0].Values[caseHead].Bytes = head
	for _, o := range s.offices {
		office := ""
		if o >= 0 {
			office = f.texts[o]
		} else {
			office = s.fixed[-1-o]
		}
		for _, w := range words {
			out.Statements = append(out.Statements, sqlite.Statement{Text: s.insert, Values: []sqlite.Value{
				{Kind: 's', Text: office}, {Kind: 's', Text: w}, {Kind: 's', Text: out.Case}, {Kind: 's', Text: text}}})
		}
	}
	return out, nil
}

// print makes one statement, but for its large values.
func (x *stroke) print(f *filling, words string) sqlite.Statement {
	st := sqlite.Statement{Text: x.Text, Values: slices.Clone(x.Values)}
	for _, t := range x.texts {
		st.Values[t.at].Text = f.texts[t.text]
	}
	for _, k := range x.times {
		n := st.Values[k].Number
		if n%1_000_000 != 0 {
			n += f.jitter.Microseconds()
		}
		st.Values[k].Number = n + f.shift.Microseconds()
	}
	for _, k := range x.words {
		st.Values[k].Text = words
	}
	for _, k := range slices.Sorted(maps.Keys(x.replies)) {
		st.Values[k].Bytes = x.replies[k].print(nil, f)
	}
	return st
}

// jsonText is encoded JSON with texts in it.
type jsonText []jsonPiece

// jsonPiece is bytes as they are, or a text when text >= 0.
type jsonPiece struct {
	bytes []byte
	text  int
}

// print appends the JSON of a copy.
func (j jsonText) print(to []byte, f *filling) []byte {
	for _, p := range j {
		if p.text < 0 {
			to = append(to, p.bytes...)
			continue
		}
		s := f.texts[p.text]
		if strings.ContainsAny(s, "\"\\<>&\u2028\u2029\x00\n\t\r") {
			b, _ := json.Marshal(s) // a string always encodes
			to = append(to, b...)
			continue
		}
		to = append(append(append(to, '"'), s...), '"')
	}
	return to
}

// json finds the texts in encoded JSON. A value under a key that names a version
// stays as it is.
func (c *compiler) json(b []byte) jsonText {
	var out jsonText
	literal := 0
	type level struct {
		object bool
		key    string // of the value that comes
		isKey  bool   // a key comes
	}
	stack := []level{{}}
	for i := 0; i < len(b); {
		top := &stack[len(stack)-1]
		switch b[i] {
		case '{':
			stack = append(stack, level{object: true, isKey: true})
		case '[':
			stack = append(stack, level{key: top.key})
		case '}', ']':
			stack = stack[:len(stack)-1]
		case ',':
			top.isKey = top.object
		case '"':
			end := i + 1
			for b[end] != '"' {
				if b[end] == '\\' {
					end++
				}
				end++
			}
			end++
			var s string
			if json.Unmarshal(b[i:end], &s) != nil {
				i = end
				continue
			}
			key := top.key
			if top.object && top.isKey {
				top.key, top.isKey, key = s, false, ""
			}
			if id := c.text(s, key); id >= 0 {
				out = append(out, jsonPiece{b[literal:i], -1}, jsonPiece{nil, id})
				literal = end
			}
			i = end
			continue
		}
		i++
	}
	return append(out, jsonPiece{b[literal:], -1})
}
