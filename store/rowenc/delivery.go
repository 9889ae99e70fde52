package rowenc

import (
	"bytes"
	"cmp"
	"strconv"
	"strings"
	"time"

	"lienthong/engine"
)

// Key is a delivery key in its parts: the n-th event of an entry.
type Key struct {
	Case string
	Seq  int64
	N    int
}

// ParseKey takes a key case/seq/n apart; false when it is written in another way.
func ParseKey(s string) (Key, bool) {
	j := strings.LastIndexByte(s, '/')
	i := strings.LastIndexByte(s[:max(j, 0)], '/')
	if i < 0 {
		return Key{}, false
	}
	seq, e1 := strconv.ParseInt(s[i+1:j], 10, 64)
	n, e2 := strconv.Atoi(s[j+1:])
	k := Key{s[:i], seq, n}
	return k, e1 == nil && e2 == nil && n >= 0 && k.String() == s
}

// String writes the key.
func (k Key) String() string {
	return k.Case + "/" + strconv.FormatInt(k.Seq, 10) + "/" + strconv.Itoa(k.N)
}

// keyOf takes the key of an entry's own event apart.
func keyOf(key, code string, seq int64) (Key, error) {
	k, ok := ParseKey(key)
	if !ok || k.Case != code || k.Seq != seq {
		return k, Bad("store.append", "the key %q of an event of entry %d of %s is not case/seq/n", key, seq, code)
	}
	return k, nil
}

// DeliveryRow is an effect in the outbox as it is stored. What is sent is not in
// it: the entry that owes it says so (see Fill).
type DeliveryRow struct {
	Case                   string
	Seq                    int64
	N                      int
	Step                   string
	Registry, Operation    string
	At                     int64
	Status                 string
	Tries                  int
	Next, SentAt, Expected int64
	LastError              string
	Answer                 int    // what the first reply said, and who gave it; 0 = there is none
	Reply                  []byte // the reply as JSON, or nil and …
	ReplySeq               int64  // … the entry of the case that holds it
	Fence                  int64
	Note                   string
	DoneAt                 int64
	Node                   string
	Lease                  int64 // until when Node has it; 0 = nobody
	Unordered              bool  // notifications do not wait for each other
	Failed                 int   // exchanges that failed over its whole life; see Counted
	Kept                   int64 // the checksum that was stored with the row; see Sum
}

// What a reply said.
const (
	AnswerDone    = 1
	AnswerRefused = 2
	AnswerByHand  = 3 // either, recorded by a person
)

// ID is the delivery's key in its parts.
func (r *DeliveryRow) ID() Key { return Key{r.Case, r.Seq, r.N} }

// Key is the delivery's key.
func (r *DeliveryRow) Key() string { return r.ID().String() }

// NewDelivery makes the row of a new effect, leased when node and lease are set:
// the first claim is then the committing node's, with fence 1.
func NewDelivery(d engine.Delivery, node string, lease time.Time) (DeliveryRow, error) {
	k, err := keyOf(d.Key, d.Case, d.Seq)
	if err != nil {
		return DeliveryRow{}, err
	}
	r := DeliveryRow{Case: k.Case, Seq: k.Seq, N: k.N, Step: d.Step, Registry: d.Registry, Operation: d.Operation,
		At: Micros(d.At), Status: engine.DeliveryPending, Unordered: d.Registry == engine.NotificationRegistry}
	if node != "" && !lease.IsZero() {
		r.Node, r.Lease, r.Fence = node, Micros(lease), 1
	}
	return r, nil
}

// Ready is from when on the delivery may be claimed: its turn has come and
// nobody has a lease.
func (r *DeliveryRow) Ready() int64 { return max(r.Next, r.Lease) }

// Claimable tells whether the status lets it be sent or asked after.
func (r *DeliveryRow) Claimable() bool {
	return r.Status == engine.DeliveryPending || r.Status == engine.DeliveryAccepted
}

// Frozen tells whether the delivery waits for an instant later than any that is
// written for its kind of waiting.
func (r *DeliveryRow) Frozen(lease, retry, ask time.Time) bool {
	return r.Claimable() && (r.Lease > Micros(lease) ||
		r.Status == engine.DeliveryPending && r.Next > Micros(retry) || r.Status == engine.DeliveryAccepted && r.Next > Micros(ask))
}

// Holds tells whether later siblings must wait: the registry has not accepted it.
func (r *DeliveryRow) Holds() bool {
	return r.Status == engine.DeliveryPending || r.Status == engine.DeliveryIncident && r.SentAt == 0
}

// Over tells whether nothing more is owed.
func (r *DeliveryRow) Over() bool {
	return r.Status == engine.DeliveryDone || r.Status == engine.DeliverySkipped
}

// Take writes what Settle and Reset may change, and frees the lease.
func (r *DeliveryRow) Take(d engine.Delivery) error {
	switch d.Status {
	case engine.DeliveryPending, engine.DeliveryAccepted, engine.DeliveryDone, engine.DeliveryIncident, engine.DeliverySkipped:
	default:
		return Bad("store.settle", "delivery %s: status %q", d.Key, d.Status)
	}
	var reply []byte
	r.Answer = 0
	if d.Reply != nil {
		switch {
		case d.Reply.By != "":
			r.Answer = AnswerByHand
		case d.Reply.Outcome == engine.ReplyRefused:
			r.Answer = AnswerRefused
		default:
			r.Answer = AnswerDone
		}
		b, err := encode(d.Reply)
		if err != nil {
			return Bad("store.settle", "delivery %s: %w", d.Key, err)
		}
		reply = b
	}
	r.Status, r.Tries, r.Next, r.SentAt = d.Status, d.Tries, Micros(d.Next), Micros(d.SentAt)
	r.Expected, r.LastError, r.Reply, r.ReplySeq = Micros(d.Expected), d.LastError.String(), reply, 0
	r.Note, r.DoneAt, r.Node, r.Lease = d.Note, Micros(d.DoneAt), "", 0
	return nil
}

// Settle takes from another row what Take writes, and moves the fence on.
func (r *DeliveryRow) Settle(to *DeliveryRow) {
	r.Status, r.Tries, r.Next, r.SentAt = to.Status, to.Tries, to.Next, to.SentAt
	r.Expected, r.LastError, r.Answer, r.Reply, r.ReplySeq = to.Expected, to.LastError, to.Answer, to.Reply, to.ReplySeq
	r.Note, r.DoneAt, r.Node, r.Lease = to.Note, to.DoneAt, "", 0
	r.Fence++
}

// keptIn forgets the reply when one of the entries holds the same.
func (r *DeliveryRow) keptIn(es []engine.Entry) {
	if r.Reply == nil {
		return
	}
	for i := range es {
		f := es[i].Facts.Reply
		if f == nil || f.Request != r.Key() {
			continue
		}
		if b, err := encode(f); err == nil && bytes.Equal(b, r.Reply) {
			r.Reply, r.ReplySeq = nil, es[i].Seq
			return
		}
	}
}

// Delivery reads the row back, but for what its entry and the entry of its reply
// say: see Fill.
func (r *DeliveryRow) Delivery() (engine.Delivery, error) {
	d := engine.Delivery{Key: r.Key(), Case: r.Case, Step: r.Step, Seq: r.Seq, Registry: r.Registry, Operation: r.Operation,
		At: Time(r.At), Status: r.Status, Tries: r.Tries, Next: Time(r.Next), SentAt: Time(r.SentAt), Expected: Time(r.Expected),
		LastError: engine.ParseTrouble(r.LastError), Fence: r.Fence, Note: r.Note, DoneAt: Time(r.DoneAt)}
	if r.Reply != nil {
		d.Reply = new(engine.Reply)
		if err := engine.Unmarshal(r.Reply, d.Reply); err != nil {
			return d, Defect("store.outbox", r.Case, err)
		}
	}
	return d, nil
}

// Fill gives a delivery what history says: its input, from the entry that owes
// it, and its reply, when an entry holds it. An erased entry gives nothing.
func (r *DeliveryRow) Fill(d *engine.Delivery, entry func(seq int64) (*engine.Entry, error)) error {
	e, err := entry(r.Seq)
	if err != nil {
		return err
	}
	for _, x := range e.Effects() {
		if x.Key == d.Key {
			d.Input = x.Input
		}
	}
	if r.ReplySeq == 0 {
		return nil
	}
	if e, err = entry(r.ReplySeq); err != nil {
		return err
	}
	d.Reply = e.Facts.Reply
	return nil
}

// NoteRow is a notification as it is stored. Its parameters are in the entry that
// told it.
type NoteRow struct {
	To   string
	At   int64
	Case string
	Seq  int64
	N    int
	Step string
	What string
}

// Newest orders notifications by age, the newest first, then against history.
func Newest(a, b NoteRow) int {
	return cmp.Or(cmp.Compare(b.At, a.At), cmp.Compare(b.Case, a.Case), cmp.Compare(b.Seq, a.Seq), cmp.Compare(b.N, a.N))
}

// NewNote makes the row of a notification of an entry.
func NewNote(n engine.Notification, seq int64) (NoteRow, error) {
	k, err := keyOf(n.Key, n.Case, seq)
	return NoteRow{To: n.To, At: Micros(n.At), Case: k.Case, Seq: k.Seq, N: k.N, Step: n.Step, What: n.What}, err
}

// Key is the notification's key.
func (r *NoteRow) Key() string { return Key{r.Case, r.Seq, r.N}.String() }

// Notification reads the row back, with the parameters that its entry holds; an
// erased entry has none.
func (r *NoteRow) Notification(e *engine.Entry) engine.Notification {
	out := engine.Notification{Key: r.Key(), Case: r.Case, Step: r.Step, To: r.To, What: r.What, At: Time(r.At)}
	for _, n := range e.Notifications() {
		if n.Key == out.Key {
			out.Params = n.Params
		}
	}
	return out
}

// Cursor is the cursor that follows the notification; ParseNoteCursor reads it.
func (r *NoteRow) Cursor() string {
	return Cursor("n", r.At, r.Case, strconv.FormatInt(r.Seq, 10), strconv.Itoa(r.N))
}

// ParseNoteCursor returns a row that stands where the cursor's row stood.
func ParseNoteCursor(s string) (NoteRow, error) {
	at, rest, err := ParseCursor("n", s, 3)
	if err != nil {
		return NoteRow{}, err
	}
	seq, e1 := strconv.ParseInt(rest[1], 10, 64)
	n, e2 := strconv.Atoi(rest[2])
	if e1 != nil || e2 != nil {
		return NoteRow{}, badCursor(nil)
	}
	return NoteRow{At: at, Case: rest[0], Seq: seq, N: n}, nil
}

// JSON encodes a map; nil stays nil, which is NULL in a column.
func JSON(m map[string]any) ([]byte, error) {
	if m == nil {
		return nil, nil
	}
	return encode(m)
}

// Map is the inverse of JSON.
func Map(b []byte) (map[string]any, error) {
	if b == nil {
		return nil, nil
	}
	var m map[string]any
	err := engine.Unmarshal(b, &m)
	return m, err
}

// ByTurn orders deliveries by the instant since which they may be claimed, then by
// history.
func ByTurn(a, b DeliveryRow) int {
	return cmp.Or(cmp.Compare(a.Ready(), b.Ready()), cmp.Compare(a.Case, b.Case), cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.N, b.N))
}

// ByAge orders deliveries by business time, then by history.
func ByAge(a, b DeliveryRow) int {
	return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Case, b.Case), cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.N, b.N))
}
