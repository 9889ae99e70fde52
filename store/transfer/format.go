package transfer

import (
	"encoding/json"
	"time"

	"lienthong/store/rowenc"
)

// Format is the name of the format in a file's first line.
const Format = "lienthong-history/1"

// Bounds of what is read.
const (
	MaxCase = 64 << 20                 // bytes of one case's lines
	maxLine = rowenc.MaxValue + 64<<10 // bytes of one line
)

// Header is the first line.
type Header struct {
	Format string `json:"format"`
	// Pseudonymised: every payload is a stand-in for the one that its commitment in the
	// chain is of.
	Pseudonymised bool      `json:"pseudonymised"`
	Source        string    `json:"source,omitempty"` // name of the database, for people
	Made          time.Time `json:"made"`
	// KeyCheck tells whoever has a key whether it is the one that was used; it gives
	// nothing of the key away.
	KeyCheck string `json:"key_check,omitempty"`
}

// Total is the last line.
type Total struct {
	Cases   int64  `json:"cases"`
	Entries int64  `json:"entries"`
	LeftOut int64  `json:"left_out,omitempty"` // cases with an erased payload
	Digest  string `json:"digest"`             // SHA-256 of all lines before, in hex
}

// begin announces a case.
type begin struct {
	Code    string `json:"code"`
	Entries int64  `json:"entries"`
	Head    []byte `json:"head"` // hash of the last entry
}

// end closes it.
type end struct {
	Code   string `json:"code"`
	Digest string `json:"digest"`
}

// entry is one entry as it is sealed.
type entry struct {
	Seq        int64           `json:"seq"`
	At         int64           `json:"at"` // microseconds UTC
	Action     string          `json:"action"`
	Step       string          `json:"step,omitempty"`
	ActorKind  string          `json:"actor_kind"`
	Engine     string          `json:"engine"`
	Definition string          `json:"definition"`
	Parameters string          `json:"parameters"`
	Calendar   string          `json:"calendar"`
	Commitment []byte          `json:"commitment"` // to the payload that the chain is of
	Hash       []byte          `json:"hash"`       // of the chain
	Salt       []byte          `json:"salt"`
	StandIn    []byte          `json:"stand_in,omitempty"` // commitment to the payload that is here
	Payload    json.RawMessage `json:"payload"`
}

func entryOf(s *rowenc.Sealed) entry {
	return entry{Seq: s.Seq, At: s.At, Action: s.Action, Step: s.Step, ActorKind: s.ActorKind, Engine: s.Engine, Definition: s.Definition,
		Parameters: s.Parameters, Calendar: s.Calendar, Commitment: s.Commitment, Hash: s.Hash, Salt: s.Salt, StandIn: s.StandIn, Payload: s.Payload}
}

func (e *entry) sealed(code string) rowenc.Sealed {
	return rowenc.Sealed{Case: code, Seq: e.Seq, At: e.At, Action: e.Action, Step: e.Step, ActorKind: e.ActorKind, Engine: e.Engine,
		Definition: e.Definition, Parameters: e.Parameters, Calendar: e.Calendar, Commitment: e.Commitment, Hash: e.Hash, Salt: e.Salt,
		StandIn: e.StandIn, Payload: e.Payload}
}

// line is any line; one of the fields is set.
type line struct {
	Header *Header `json:"header,omitempty"`
	Case   *begin  `json:"case,omitempty"`
	Entry  *entry  `json:"entry,omitempty"`
	End    *end    `json:"end,omitempty"`
	Total  *Total  `json:"total,omitempty"`
}
