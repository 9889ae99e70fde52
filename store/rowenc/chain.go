package rowenc

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"slices"

	"lienthong/engine"
)

// saltSize is how many random bytes keep an erased payload from being guessed.
const saltSize = 16

// Sealed is an entry as it is stored: metadata, an erasable payload with its
// salt, the commitment to both, and the link of the chain.
type Sealed struct {
	Case       string
	Seq        int64
	At         int64 // microseconds
	Action     string
	Step       string
	ActorKind  string
	Engine     string
	Definition string
	Parameters string
	Calendar   string
	Payload    []byte // nil = erased
	Salt       []byte
	Commitment []byte
	Hash       []byte
	// StandIn, if there is one, says that the payload is not the one that Commitment is
	// of but stands in its place (see Replace), and is the commitment to this one.
	StandIn []byte

	broken error // why the payload could not be unpacked
}

// Versions are what an entry was decided with.
type Versions struct{ Engine, Definition, Parameters, Calendar string }

// Versions are what the entry was decided with.
func (s *Sealed) Versions() Versions {
	return Versions{s.Engine, s.Definition, s.Parameters, s.Calendar}
}

// SetPacked takes the payload as Pack made it; nil = erased.
func (s *Sealed) SetPacked(v []byte) {
	if len(v) > 0 && v[0] == standIn {
		if len(v) < 1+sha256.Size {
			s.Payload, s.broken = v, errors.New("stand-in: it is cut off")
			return
		}
		s.StandIn, v = v[1:1+sha256.Size:1+sha256.Size], v[1+sha256.Size:]
	}
	s.Payload, s.broken = Unpack(v)
	if s.broken != nil {
		s.Payload = v // there is one
	}
}

// Seal encodes an entry and commits to it. The link is added by Link, when the
// entry before is known.
func Seal(e *engine.Entry) (Sealed, error) {
	payload, err := encode(e)
	if err != nil {
		return Sealed{}, fmt.Errorf("entry %d of %s: %w", e.Seq, e.Case, err)
	}
	if len(payload) > MaxValue {
		return Sealed{}, fmt.Errorf("entry %d of %s: %d bytes are more than %d", e.Seq, e.Case, len(payload), MaxValue)
	}
	salt := make([]byte, saltSize)
	if _, err := rand.Read(salt); err != nil {
		return Sealed{}, err
	}
	return Sealed{
		Case: e.Case, Seq: e.Seq, At: Micros(e.At), Action: e.Command.Action, Step: e.Command.Step,
		ActorKind: string(e.Command.Actor.Kind), Engine: e.Versions.Engine, Definition: e.Versions.Definition,
		Parameters: e.Versions.Parameters, Calendar: e.Versions.Calendar,
		Payload: payload, Salt: salt, Commitment: commit(salt, payload),
	}, nil
}

// standIn begins a stored payload that stands in the place of another: its own
// commitment follows, then the payload as Pack made it.
const standIn = 0x02

// Packed is the payload as it is stored; SetPacked is the inverse.
func (s *Sealed) Packed() []byte {
	if s.StandIn == nil {
		return Pack(s.Payload)
	}
	return slices.Concat([]byte{standIn}, s.StandIn, Pack(s.Payload))
}

// Replace puts another payload in the place of the entry's own. The metadata, the
// commitment to the own payload and the hash stay, so that the chain still holds;
// what is there now has a salt and a commitment of its own. The new entry must have
// the old one's metadata.
func (s *Sealed) Replace(e *engine.Entry) error {
	n, err := Seal(e)
	if err != nil {
		return err
	}
	if n.Case != s.Case || n.Seq != s.Seq || s.differs(*e) != "" {
		return fmt.Errorf("entry %d of %s: its stand-in has other metadata", s.Seq, s.Case)
	}
	s.Payload, s.Salt, s.StandIn = n.Payload, n.Salt, n.Commitment
	return nil
}

// Fault says what is wrong with the payload, "" when nothing is.
func (s *Sealed) Fault() string { return s.fault() }

// Differs says what of an entry's metadata is not as the entry itself says, "" when
// nothing is.
func (s *Sealed) Differs(e engine.Entry) string { return s.differs(e) }

func commit(salt, payload []byte) []byte {
	h := sha256.New()
	h.Write(salt)
	h.Write(payload)
	return h.Sum(nil)
}

// Link is the entry's hash after the hash of the entry before (nil for the first).
func (s *Sealed) Link(prev []byte) []byte {
	h := sha256.New()
	field(h, prev)
	field(h, []byte("lienthong/entry/1"))
	for _, v := range []string{s.Case, s.Action, s.Step, s.ActorKind, s.Engine, s.Definition, s.Parameters, s.Calendar} {
		field(h, []byte(v))
	}
	number(h, s.Seq)
	number(h, s.At)
	field(h, s.Commitment)
	return h.Sum(nil)
}

// field writes bytes with their length before them, so that no two lists of
// fields look the same.
func field(h hash.Hash, b []byte) {
	number(h, int64(len(b)))
	h.Write(b)
}

func number(h hash.Hash, n int64) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(n))
	h.Write(b[:])
}

// Erased tells whether the payload is gone.
func (s *Sealed) Erased() bool { return s.Payload == nil }

// Erase removes what can be removed.
func (s *Sealed) Erase() { s.Payload, s.Salt = nil, nil }

// Open reads the entry back. An erased one has its metadata only.
func (s *Sealed) Open() (engine.Entry, error) {
	if s.Erased() {
		return engine.Entry{Case: s.Case, Seq: s.Seq, At: Time(s.At),
			Command:  engine.Command{Action: s.Action, Case: s.Case, Step: s.Step, Actor: engine.Actor{Kind: engine.ActorKind(s.ActorKind)}},
			Versions: engine.Versions{Engine: s.Engine, Definition: s.Definition, Parameters: s.Parameters, Calendar: s.Calendar},
		}, nil
	}
	if what := s.fault(); what != "" {
		return engine.Entry{}, Corrupt("store.history", s.Case, s.Seq, what)
	}
	var e engine.Entry
	if err := engine.Unmarshal(s.Payload, &e); err != nil {
		return engine.Entry{}, Corrupt("store.history", s.Case, s.Seq, "payload cannot be read: "+err.Error())
	}
	if e.Case != s.Case || e.Seq != s.Seq {
		return engine.Entry{}, Corrupt("store.history", s.Case, s.Seq, "payload belongs to another entry")
	}
	return e, nil
}

// OpenEvents reads of the entry what Fold needs, as Open does.
func (s *Sealed) OpenEvents() (engine.Entry, error) {
	if s.Erased() || s.fault() != "" {
		return s.Open()
	}
	e, ok := engine.EventsOnly(s.Payload)
	if !ok || e.Case != s.Case || e.Seq != s.Seq {
		return s.Open()
	}
	return e, nil
}

// fault says what is wrong with the payload, "" when nothing is.
func (s *Sealed) fault() string {
	switch {
	case s.broken != nil:
		return "payload cannot be read: " + s.broken.Error()
	case s.Payload == nil && s.Salt != nil:
		return "payload missing but salt kept"
	case s.Payload == nil:
		return ""
	case subtle.ConstantTimeCompare(commit(s.Salt, s.Payload), s.committed()) != 1:
		return "payload does not match its commitment"
	}
	return ""
}

// committed is what the payload that is there must match.
func (s *Sealed) committed() []byte {
	if s.StandIn != nil {
		return s.StandIn
	}
	return s.Commitment
}

// AccessRow is one line of the access log as it is stored.
type AccessRow struct {
	N       int64 // from 1, without gaps
	At      int64
	Account string
	Office  string
	Case    string
	What    string
	Hash    []byte
}

// NewAccess encodes a line; the number and the link are added by the store.
func NewAccess(a engine.Access) AccessRow {
	return AccessRow{At: Micros(a.At), Account: a.Account, Office: a.Office, Case: a.Case, What: a.What}
}

// Link is the line's hash after the hash of the line before.
func (a *AccessRow) Link(prev []byte) []byte {
	h := sha256.New()
	field(h, prev)
	field(h, []byte("lienthong/access/1"))
	number(h, a.N)
	number(h, a.At)
	for _, v := range []string{a.Account, a.Office, a.Case, a.What} {
		field(h, []byte(v))
	}
	return h.Sum(nil)
}

// Access reads the line back.
func (a *AccessRow) Access() engine.Access {
	return engine.Access{At: Time(a.At), Account: a.Account, Office: a.Office, Case: a.Case, What: a.What}
}
