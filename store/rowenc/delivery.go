package rowenc

import (
	"cmp"
	"encoding/json"
	"strings"
	"time"

	"lienthong/engine"
)

// DeliveryRow is an effect in the outbox as it is stored.
type DeliveryRow struct {
	Key, Case, Step        string
	Seq                    int64
	N                      int // place among the entry's effects
	Registry, Operation    string
	Input                  []byte // JSON; nil = none
	At                     int64
	Status                 string
	Tries                  int
	Next, SentAt, Expected int64
	LastError              string
	Reply                  []byte
	Fence                  int64
	Note                   string
	DoneAt                 int64
	Node                   string
	Lease                  int64 // until when Node has it; 0 = nobody
	Unordered              bool  // notifications do not wait for each other
	Failed                 int   // exchanges that failed over its whole life; see Counted
}

// NewDelivery makes the row of a new effect, leased when node and lease are set:
// the first claim is then the committing node's, with fence 1.
func NewDelivery(d engine.Delivery, n int, node string, lease time.Time) (DeliveryRow, error) {
	in, err := JSON(d.Input)
	if err != nil {
		return DeliveryRow{}, err
	}
	r := DeliveryRow{Key: d.Key, Case: d.Case, Step: d.Step, Seq: d.Seq, N: n, Registry: d.Registry, Operation: d.Operation,
		Input: in, At: Micros(d.At), Status: engine.DeliveryPending, Unordered: d.Registry == engine.NotificationRegistry}
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
	if d.Reply != nil {
		b, err := json.Marshal(d.Reply)
		if err != nil {
			return Bad("store.settle", "delivery %s: %w", d.Key, err)
		}
		reply = b
	}
	r.Status, r.Tries, r.Next, r.SentAt = d.Status, d.Tries, Micros(d.Next), Micros(d.SentAt)
	r.Expected, r.LastError, r.Reply = Micros(d.Expected), d.LastError, reply
	r.Note, r.DoneAt, r.Node, r.Lease = d.Note, Micros(d.DoneAt), "", 0
	return nil
}

// Settle takes from another row what Take writes, and moves the fence on.
func (r *DeliveryRow) Settle(to *DeliveryRow) {
	r.Status, r.Tries, r.Next, r.SentAt = to.Status, to.Tries, to.Next, to.SentAt
	r.Expected, r.LastError, r.Reply = to.Expected, to.LastError, to.Reply
	r.Note, r.DoneAt, r.Node, r.Lease = to.Note, to.DoneAt, "", 0
	r.Fence++
}

// Delivery reads the row back.
func (r *DeliveryRow) Delivery() (engine.Delivery, error) {
	d := engine.Delivery{Key: r.Key, Case: r.Case, Step: r.Step, Seq: r.Seq, Registry: r.Registry, Operation: r.Operation,
		At: Time(r.At), Status: r.Status, Tries: r.Tries, Next: Time(r.Next), SentAt: Time(r.SentAt), Expected: Time(r.Expected),
		LastError: r.LastError, Fence: r.Fence, Note: r.Note, DoneAt: Time(r.DoneAt)}
	var err error
	if d.Input, err = Map(r.Input); err != nil {
		return d, Defect("store.outbox", r.Case, err)
	}
	if r.Reply != nil {
		d.Reply = new(engine.Reply)
		if err := engine.Unmarshal(r.Reply, d.Reply); err != nil {
			return d, Defect("store.outbox", r.Case, err)
		}
	}
	return d, nil
}

// NoteRow is a notification as it is stored.
type NoteRow struct {
	Key, Case, Step, To, What string
	At                        int64
	Params                    []byte
	Turn                      string // where it stands in history, so written that text sorts as history ran
}

// Newest orders notifications by age, the newest first, then against history.
func Newest(a, b NoteRow) int { return cmp.Or(cmp.Compare(b.At, a.At), cmp.Compare(b.Turn, a.Turn)) }

// turn writes a key case/seq/n with numbers of one width: of two entries at one
// instant, and of two messages of one entry, the earlier sorts first.
func turn(key string) string {
	parts := strings.Split(key, "/")
	for i := max(1, len(parts)-2); i < len(parts); i++ {
		if len(parts[i]) < 12 {
			parts[i] = strings.Repeat("0", 12-len(parts[i])) + parts[i]
		}
	}
	return strings.Join(parts, "/")
}

// NewNote makes the row of a notification.
func NewNote(n engine.Notification) (NoteRow, error) {
	p, err := JSON(n.Params)
	return NoteRow{Key: n.Key, Case: n.Case, Step: n.Step, To: n.To, What: n.What, At: Micros(n.At), Params: p, Turn: turn(n.Key)}, err
}

// Notification reads the row back.
func (r *NoteRow) Notification() (engine.Notification, error) {
	p, err := Map(r.Params)
	return engine.Notification{Key: r.Key, Case: r.Case, Step: r.Step, To: r.To, What: r.What, At: Time(r.At), Params: p},
		Defect("store.notifications", r.Case, err)
}

// JSON encodes a map; nil stays nil, which is NULL in a column.
func JSON(m map[string]any) ([]byte, error) {
	if m == nil {
		return nil, nil
	}
	return json.Marshal(m)
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

// ByTurn orders deliveries by the instant that they wait for, then by history.
func ByTurn(a, b DeliveryRow) int {
	return cmp.Or(cmp.Compare(a.Next, b.Next), cmp.Compare(a.Case, b.Case), cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.N, b.N))
}

// ByAge orders deliveries by business time, then by history.
func ByAge(a, b DeliveryRow) int {
	return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Case, b.Case), cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.N, b.N))
}
