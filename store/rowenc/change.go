package rowenc

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"lienthong/engine"
)

// Change is an engine.Change as rows, ready to be written.
type Change struct {
	Base     int64
	Entries  []Sealed // not linked yet
	Case     CaseRow
	Dossiers []DossierRow // every place of the case, in order
	Tasks    []engine.Task
	Effects  []DeliveryRow
	Notes    []NoteRow
	Settled  []DeliveryRow // of earlier entries; what this change's own entries owe is in Effects already
	Key      string        // the duplicate key that the case holds now; "" = none
	Codes    []string      // the case's code and those of its dossiers
	Results  []ResultRow
	Answer   *engine.Answer
	EraseTo  int64 // payloads up to here are erased; 0 = none
	Size     int   // bytes of the large values
}

// CaseRow is a case without its dossiers.
type CaseRow struct {
	Code, Service, Version     string
	Seq                        int64
	Status, Outcome            string
	Portal                     int
	Filed, Due, Updated, Timer int64
	Stamp                      string // Updated, exactly
	Requester, Name, Subject   string // personal id and name of the requester; the child or the deceased
	Body                       []byte // the case's own fields as JSON, without seq, updated and dossiers
	Digest                     []byte // of Body
	TasksDigest                []byte // of Tasks
}

// Shelves: where a dossier stands in staff lists.
const (
	ShelfNone  = 0 // a place that was never opened: not listed
	ShelfLive  = 1 // open or under review
	ShelfEnded = 2
)

// DossierRow is one dossier.
type DossierRow struct {
	Place  int
	Shelf  int
	Row    engine.Row // what the list shows; empty when not listed
	Step   string
	Tokens []string // search tokens, sorted; none when not listed
	Body   []byte
	Digest []byte // of Body
}

// ResultRow says which step issued a public result id.
type ResultRow struct{ ID, Step string }

// Encode checks the shape of a change and makes its rows.
func Encode(c engine.Change) (*Change, error) {
	const op = "store.append"
	if err := shape(c); err != nil {
		return nil, err
	}
	out := &Change{Base: c.Base, Answer: cloneAnswer(c.Answer)}
	for _, e := range c.Entries {
		s, err := Seal(e)
		if err != nil {
			return nil, Bad(op, "%w", err)
		}
		out.Entries = append(out.Entries, s)
		out.Size += len(s.Payload)
		if err := out.addEffects(e, c.Node, c.Lease); err != nil {
			return nil, Bad(op, "entry %d of %s: %w", e.Seq, e.Case, err)
		}
	}
	if err := out.addSettled(c.Settled); err != nil {
		return nil, err
	}
	if err := out.addCase(c.Case); err != nil {
		return nil, Bad(op, "case %s: %w", c.Case.Code, err)
	}
	return out, nil
}

// shape refuses a change that no store could write.
func shape(c engine.Change) error {
	const op = "store.append"
	switch {
	case c.Case == nil || c.Case.Code == "" || len(c.Entries) == 0:
		return Bad(op, "a change needs a case with a code and at least one entry")
	case c.Base < 0 || c.Case.Seq != c.Base+int64(len(c.Entries)):
		return Bad(op, "case %s is at %d, not at %d + %d entries", c.Case.Code, c.Case.Seq, c.Base, len(c.Entries))
	case c.Answer != nil && (c.Answer.Key == "" || c.Answer.Actor == ""):
		return Bad(op, "a stored answer needs an actor and a key")
	}
	for _, d := range c.Settled {
		if d.Case != c.Case.Code {
			return Bad(op, "delivery %s is of case %q", d.Key, d.Case)
		}
	}
	for i, e := range c.Entries {
		if e.Case != c.Case.Code || e.Seq != c.Base+int64(i)+1 {
			return Bad(op, "entry %s/%d stands where %s/%d belongs", e.Case, e.Seq, c.Case.Code, c.Base+int64(i)+1)
		}
	}
	return nil
}

func cloneAnswer(a *engine.Answer) *engine.Answer {
	if a == nil {
		return nil
	}
	b := *a
	b.Body, b.At = bytes.Clone(a.Body), Trim(a.At)
	return &b
}

// addEffects collects what an entry owes, and what it erases.
func (c *Change) addEffects(e engine.Entry, node string, lease time.Time) error {
	for i, d := range e.Effects() {
		r, err := NewDelivery(d, i, node, lease)
		if err != nil {
			return err
		}
		c.Effects = append(c.Effects, r)
	}
	for _, n := range e.Notifications() {
		r, err := NewNote(n)
		if err != nil {
			return err
		}
		c.Notes = append(c.Notes, r)
	}
	for _, v := range e.Events {
		if x, ok := v.(engine.Erased); ok {
			c.EraseTo = max(c.EraseTo, min(x.UpTo, e.Seq-1))
		}
	}
	return nil
}

// addSettled writes what became of deliveries: into the new effects that they
// are, or as rows to be updated.
func (c *Change) addSettled(ds []engine.Delivery) error {
	for _, d := range ds {
		i := slices.IndexFunc(c.Effects, func(r DeliveryRow) bool { return r.Key == d.Key })
		if i >= 0 {
			if err := c.Effects[i].Take(d); err != nil {
				return err
			}
			continue
		}
		r := DeliveryRow{Key: d.Key, Case: d.Case}
		if err := r.Take(d); err != nil {
			return err
		}
		c.Settled = append(c.Settled, r)
	}
	return nil
}

// addCase makes the rows of the case as it stands after the change.
func (c *Change) addCase(k *engine.Case) error {
	stamp, err := Stamp(k.Updated)
	if err != nil {
		return err
	}
	body, err := ownBody(k)
	if err != nil {
		return err
	}
	s := k.Summary()
	c.Case = CaseRow{
		Code: k.Code, Service: k.Service, Version: k.Version, Seq: k.Seq, Status: string(k.Status), Outcome: string(k.Outcome),
		Portal: s.Portal, Filed: Micros(s.Filed), Due: Micros(s.Due), Updated: Micros(s.Updated), Timer: Micros(k.NextTimer()),
		Stamp: stamp, Requester: k.Requester.ID, Name: k.Requester.Name, Subject: s.Subject, Body: body, Digest: digest(body),
	}
	if k.KeyHeld() {
		c.Key = k.Key
	}
	c.Codes = codes(k)
	c.Tasks = k.Tasks()
	for i := range c.Tasks {
		c.Tasks[i].Due, c.Tasks[i].Since = Trim(c.Tasks[i].Due), Trim(c.Tasks[i].Since)
	}
	tasks, err := json.Marshal(c.Tasks)
	if err != nil {
		return err
	}
	c.Case.TasksDigest = digest(tasks)
	c.Size += len(body)
	return c.addDossiers(k)
}

func (c *Change) addDossiers(k *engine.Case) error {
	rows := map[string]engine.Row{}
	for _, r := range k.Rows() {
		r.Due, r.Opened, r.Updated, r.Filed = Trim(r.Due), Trim(r.Opened), Trim(r.Updated), Trim(r.Filed)
		rows[r.Step] = r
	}
	tokens := c.tokens()
	for i, d := range k.Dossiers {
		body, err := json.Marshal(d)
		if err != nil {
			return err
		}
		x := DossierRow{Place: i, Step: d.Step, Body: body, Digest: digest(body)}
		if r, ok := rows[d.Step]; ok {
			x.Row, x.Tokens, x.Shelf = r, tokens, ShelfEnded
			if r.Status == engine.StatusOpen || r.Review {
				x.Shelf = ShelfLive
			}
		}
		if d.Result != nil && d.Result.ID != "" {
			c.Results = append(c.Results, ResultRow{ID: d.Result.ID, Step: d.Step})
		}
		c.Dossiers = append(c.Dossiers, x)
		c.Size += len(body)
	}
	return nil
}

// tokens are what every dossier of the case is found by.
func (c *Change) tokens() []string {
	ts := append(Words(c.Case.Subject), Words(c.Case.Name)...)
	for _, code := range c.Codes {
		ts = append(ts, CodeToken(code))
	}
	slices.Sort(ts)
	return slices.Compact(ts)
}

// JoinTokens writes tokens as one text; SplitTokens reads it.
func JoinTokens(ts []string) string { return strings.Join(ts, "\n") }

// SplitTokens is the inverse of JoinTokens.
func SplitTokens(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}

func codes(k *engine.Case) []string {
	out := []string{k.Code}
	for _, d := range k.Dossiers {
		if d.Code != "" && !slices.Contains(out, d.Code) {
			out = append(out, d.Code)
		}
	}
	return out
}

// ownBody encodes what is the case's own and does not change with every entry.
func ownBody(k *engine.Case) ([]byte, error) {
	own := *k
	own.Seq, own.Updated, own.Dossiers = 0, time.Time{}, nil
	return json.Marshal(own)
}

// Assemble is the inverse of Encode for the case itself: its own body, what
// changes with every entry, and the dossiers' bodies in order.
func Assemble(body []byte, seq int64, stamp string, dossiers [][]byte) (*engine.Case, error) {
	k := new(engine.Case)
	if err := engine.Unmarshal(body, k); err != nil {
		return nil, Defect("store.load", "", err)
	}
	at, err := ParseStamp(stamp)
	if err != nil {
		return nil, err
	}
	k.Seq, k.Updated = seq, at
	for _, b := range dossiers {
		d := new(engine.Dossier)
		if err := engine.Unmarshal(b, d); err != nil {
			return nil, err
		}
		k.Dossiers = append(k.Dossiers, d)
	}
	return k, nil
}

func digest(b []byte) []byte {
	sum := sha256.Sum256(b)
	return sum[:]
}
