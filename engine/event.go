package engine

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"lienthong/engine/calendar"
)

// Event is a fact that is kept. It carries every value that it changes.
type Event interface {
	// Kind is the stable name in stored history.
	Kind() string
	// Of is the step concerned, "" for the case itself.
	Of() string
}

// ev gives an event its step.
type ev struct {
	Step string `json:"step,omitempty"`
}

// Of returns the step concerned.
func (e ev) Of() string { return e.Step }

// The events. Each is applied by Fold exactly as written.
type (
	// Filed opens a case with the places of all its steps.
	Filed struct {
		ev
		Service   string            `json:"service"`
		Version   string            `json:"version"`
		Hash      string            `json:"hash"`
		Key       string            `json:"key,omitempty"`
		KeyStep   string            `json:"key_step,omitempty"`
		Group     string            `json:"group,omitempty"`
		Channel   int               `json:"channel"`
		Requester Person            `json:"requester"`
		By        Actor             `json:"by"`
		Seed      string            `json:"seed"`
		App       map[string]any    `json:"application"`
		Sources   map[string]string `json:"sources,omitempty"`
		Disputed  map[string]string `json:"disputed,omitempty"`
		Steps     []Place           `json:"steps"`
	}
	// ApplicationChanged replaces the declaration (refiling, adding a part).
	ApplicationChanged struct {
		ev
		App map[string]any `json:"application"`
	}
	// FeeAsked says that money is due before anything opens.
	FeeAsked struct {
		ev
		Amount int64 `json:"amount"`
	}
	// FeeSettled says that it was paid or is no longer asked.
	FeeSettled struct {
		ev
		Status  string    `json:"status"`
		Receipt string    `json:"receipt,omitempty"`
		At      time.Time `json:"at"`
		By      string    `json:"by,omitempty"` // who recorded the payment by hand
	}
	// StepOpened gives a step its dossier.
	StepOpened struct {
		ev
		Code    string         `json:"code"`
		Attempt int            `json:"attempt"`
		Office  string         `json:"office"`
		Unit    string         `json:"unit"`
		With    map[string]any `json:"with,omitempty"`
		Uses    map[string]int `json:"uses,omitempty"`
	}
	// StepClosed says that a step will not run.
	StepClosed struct {
		ev
		Why    string `json:"why"`
		Reason *Text  `json:"reason,omitempty"`
	}
	// StepReset makes a step wait again under a new code, for refiling.
	StepReset struct {
		ev
		Code string `json:"code,omitempty"`
	}
	// Recorded keeps an action's input or a reply's body as dossier.<name>.
	Recorded struct {
		ev
		Name  string         `json:"name"`
		Value map[string]any `json:"value"`
	}
	// ValueSet keeps a computed value.
	ValueSet struct {
		ev
		Name  string `json:"name"`
		Value any    `json:"value"`
	}
	// Moved says that a dossier entered a state.
	Moved struct {
		ev
		Action string    `json:"action,omitempty"` // "" on opening
		From   string    `json:"from,omitempty"`
		To     string    `json:"to"`
		Portal int       `json:"portal"`
		Office string    `json:"office"`
		Final  FinalKind `json:"final,omitempty"`
		Awaits bool      `json:"awaits,omitempty"` // the applicant must act for it to go on
	}
	// ClockChanged replaces a clock: started, paused, resumed, restarted, extended,
	// stopped, or moved by a new calendar.
	ClockChanged struct {
		ev
		Why   string         `json:"why"`
		Clock calendar.Clock `json:"clock"`
	}
	// StateDueSet is the due time of a limit on a state.
	StateDueSet struct {
		ev
		Due time.Time `json:"due,omitzero"`
	}
	// TimersSet replaces the timers of a dossier or of the case.
	TimersSet struct {
		ev
		Timers []TimerDue `json:"timers"`
	}
	// Warned says that a due time is near: the clock's, or that of a limit on the state.
	Warned struct {
		ev
		Due   time.Time `json:"due"`
		State bool      `json:"state,omitempty"`
	}
	// Apologised counts an apology slip (NĐ 61/2018 art. 19(9)).
	Apologised struct {
		ev
		Reason string    `json:"reason"`
		From   time.Time `json:"from"`
		To     time.Time `json:"to"`
		By     string    `json:"by"`
	}
	// Requested is owed to a registry.
	Requested struct {
		ev
		Key       string         `json:"key"`
		Registry  string         `json:"registry"`
		Operation string         `json:"operation"`
		Input     map[string]any `json:"input"`
	}
	// Replied says that a request was answered.
	Replied struct {
		ev
		Key     string `json:"key"`
		Outcome string `json:"outcome"`
		Code    string `json:"code,omitempty"`
		By      string `json:"by,omitempty"` // who recorded it by hand
	}
	// ExchangeActed says what a person did to a delivery, and why. It changes
	// nothing of the case, nor the version that others hold.
	ExchangeActed struct {
		ev
		Key  string `json:"key"`
		What string `json:"what"` // retry, record or skip
		By   string `json:"by"`
		Note string `json:"note,omitempty"`
	}
	// PartiesAsked names the people whose answer is awaited.
	PartiesAsked struct {
		ev
		Sets map[string]*PartyOpen `json:"sets"`
	}
	// PartyAnswered is one person's answer.
	PartyAnswered struct {
		ev
		Set    string    `json:"set"`
		Person string    `json:"person"`
		Agree  bool      `json:"agree"`
		At     time.Time `json:"at"`
	}
	// ItemsAsked adds items to the case's one open request.
	ItemsAsked struct {
		ev
		Items []Item `json:"items"`
	}
	// ItemAnswered keeps the answer to one item.
	ItemAnswered struct {
		ev
		ID     string         `json:"id"`
		Answer map[string]any `json:"answer"`
		At     time.Time      `json:"at"`
	}
	// ItemsClosed says that the dossier's items are no longer awaited.
	ItemsClosed struct{ ev }
	// ResultIssued is a new version of a result.
	ResultIssued struct {
		ev
		Result Result `json:"result"`
	}
	// ResultRevoked annuls the result that stood.
	ResultRevoked struct{ ev }
	// Delivered says that the result reached the citizen.
	Delivered struct {
		ev
		At time.Time `json:"at"`
		To string    `json:"to,omitempty"`
	}
	// WithChanged hands new values to an open dossier after a correction.
	WithChanged struct {
		ev
		With map[string]any `json:"with"`
		Uses map[string]int `json:"uses,omitempty"`
		// Renewed: step → version that values computed before still come from.
		Renewed map[string]int `json:"renewed,omitempty"`
	}
	// WithStale marks that new values wait for the reply in flight.
	WithStale struct {
		ev
		Steps []string `json:"steps"`
	}
	// ReturnedUpstream says which step was asked to correct its result.
	ReturnedUpstream struct {
		ev
		To string `json:"to"` // "" = answered
	}
	// ReviewOpened asks an ended dossier to look again.
	ReviewOpened struct {
		ev
		Review Review `json:"review"`
	}
	// ReviewDecided closes a review item.
	ReviewDecided struct {
		ev
		ID       string    `json:"id"`
		Decision string    `json:"decision"`
		By       string    `json:"by"`
		At       time.Time `json:"at"`
	}
	// Assigned gives a dossier to a member of staff, or to nobody.
	Assigned struct {
		ev
		Account string `json:"account"`
	}
	// Transferred moves a dossier to another office of the same kind.
	Transferred struct {
		ev
		Office string `json:"office"`
		Unit   string `json:"unit"`
		Reason string `json:"reason,omitempty"`
	}
	// Notified is owed to a person or an office.
	Notified struct {
		ev
		Key    string         `json:"key"`
		To     string         `json:"to"` // personal id, or "office:<id>"
		What   string         `json:"what"`
		Params map[string]any `json:"params,omitempty"`
	}
	// CaseClosed ends the case; on an ended one it changes the outcome only.
	CaseClosed struct {
		ev
		Outcome Outcome `json:"outcome"`
	}
	// CaseReopened makes it run again, for a part filed again or added.
	CaseReopened struct{ ev }
	// Erased says that the personal data of all entries up to a sequence were
	// lawfully erased.
	Erased struct {
		ev
		UpTo  int64  `json:"up_to"`
		Basis string `json:"basis"`
	}
)

// Place is a step's place in a newly filed case.
type Place struct {
	Step      string `json:"step"`
	Procedure string `json:"procedure"`
	Code      string `json:"code"`
}

// What a notification says; the texts are in the catalogue of package api.
const (
	NoteFiled      = "filed"
	NoteReceived   = "received"
	NoteFee        = "fee"
	NotePaid       = "paid"
	NoteSupplement = "supplement"
	NoteRefused    = "refused"
	NoteExpired    = "expired"
	NoteWithdrawn  = "withdrawn"
	NoteTask       = "task"  // the applicant must act
	NoteParty      = "party" // a relative or a household head must answer
	NoteResult     = "result"
	NoteCorrected  = "corrected"
	NoteRevoked    = "revoked"
	NoteDelivered  = "delivered"
	NoteApology    = "apology"
	NoteNear       = "near"   // to an office: the due time is near
	NoteReview     = "review" // to an office: a result it used was corrected
	NoteReturned   = "returned"
	NoteAnswered   = "answered" // to an office: its supplement was answered
	NoteSibling    = "sibling"  // to an office: a result it used is being corrected
	NoteEnded      = "ended"
)

// Kind methods: the stable names in stored history.
func (Filed) Kind() string              { return "filed" }
func (ApplicationChanged) Kind() string { return "application_changed" }
func (FeeAsked) Kind() string           { return "fee_asked" }
func (FeeSettled) Kind() string         { return "fee_settled" }
func (StepOpened) Kind() string         { return "step_opened" }
func (StepClosed) Kind() string         { return "step_closed" }
func (StepReset) Kind() string          { return "step_reset" }
func (Recorded) Kind() string           { return "recorded" }
func (ValueSet) Kind() string           { return "value_set" }
func (Moved) Kind() string              { return "moved" }
func (ClockChanged) Kind() string       { return "clock_changed" }
func (StateDueSet) Kind() string        { return "state_due_set" }
func (TimersSet) Kind() string          { return "timers_set" }
func (Warned) Kind() string             { return "warned" }
func (Apologised) Kind() string         { return "apologised" }
func (Requested) Kind() string          { return "requested" }
func (Replied) Kind() string            { return "replied" }
func (ExchangeActed) Kind() string      { return "exchange_acted" }
func (PartiesAsked) Kind() string       { return "parties_asked" }
func (PartyAnswered) Kind() string      { return "party_answered" }
func (ItemsAsked) Kind() string         { return "items_asked" }
func (ItemAnswered) Kind() string       { return "item_answered" }
func (ItemsClosed) Kind() string        { return "items_closed" }
func (ResultIssued) Kind() string       { return "result_issued" }
func (ResultRevoked) Kind() string      { return "result_revoked" }
func (Delivered) Kind() string          { return "delivered" }
func (WithChanged) Kind() string        { return "with_changed" }
func (WithStale) Kind() string          { return "with_stale" }
func (ReturnedUpstream) Kind() string   { return "returned_upstream" }
func (ReviewOpened) Kind() string       { return "review_opened" }
func (ReviewDecided) Kind() string      { return "review_decided" }
func (Assigned) Kind() string           { return "assigned" }
func (Transferred) Kind() string        { return "transferred" }
func (Notified) Kind() string           { return "notified" }
func (CaseClosed) Kind() string         { return "case_closed" }
func (CaseReopened) Kind() string       { return "case_reopened" }
func (Erased) Kind() string             { return "erased" }

// Events is a list of events with a JSON form: [{"kind": …, "data": …}, …].
type Events []Event

type wireEvent struct {
	Kind string          `json:"kind"`
	Data json.RawMessage `json:"data"`
}

// MarshalJSON writes each event with its kind.
func (es Events) MarshalJSON() ([]byte, error) {
	w := newJSONWriter(nil)
	err := w.events(es)
	return w.Bytes(), err
}

// UnmarshalJSON reads what MarshalJSON wrote; an unknown kind is an error.
func (es *Events) UnmarshalJSON(b []byte) error {
	in, ok := splitEvents(b)
	if !ok { // null, or written by somebody else
		if err := json.Unmarshal(b, &in); err != nil {
			return err
		}
	}
	out := make(Events, len(in))
	for i, w := range in {
		k, ok := decoders[w.Kind]
		if !ok {
			return fmt.Errorf("unknown event kind %q", w.Kind)
		}
		e, err := k.read(w.Data)
		if err != nil {
			return fmt.Errorf("event %q: %w", w.Kind, err)
		}
		out[i] = e
	}
	*es = out
	return nil
}

// decoders read the data of each kind of event.
var decoders = map[string]decoder{}

type decoder struct {
	read  func([]byte) (Event, error)
	swift func(*swiftReader) (Event, bool)
}

func known[E Event]() {
	var zero E
	plan := planOf(reflect.TypeFor[E]())
	decoders[zero.Kind()] = decoder{
		read: func(b []byte) (Event, error) {
			var e E
			err := Unmarshal(b, &e)
			return e, err
		},
		swift: func(r *swiftReader) (Event, bool) {
			var e E
			ok := (*plan)(r, reflect.ValueOf(&e).Elem())
			return e, ok
		},
	}
}

func init() {
	known[Filed]()
	known[ApplicationChanged]()
	known[FeeAsked]()
	known[FeeSettled]()
	known[StepOpened]()
	known[StepClosed]()
	known[StepReset]()
	known[Recorded]()
	known[ValueSet]()
	known[Moved]()
	known[ClockChanged]()
	known[StateDueSet]()
	known[TimersSet]()
	known[Warned]()
	known[Apologised]()
	known[Requested]()
	known[Replied]()
	known[ExchangeActed]()
	known[PartiesAsked]()
	known[PartyAnswered]()
	known[ItemsAsked]()
	known[ItemAnswered]()
	known[ItemsClosed]()
	known[ResultIssued]()
	known[ResultRevoked]()
	known[Delivered]()
	known[WithChanged]()
	known[WithStale]()
	known[ReturnedUpstream]()
	known[ReviewOpened]()
	known[ReviewDecided]()
	known[Assigned]()
	known[Transferred]()
	known[Notified]()
	known[CaseClosed]()
	known[CaseReopened]()
	known[Erased]()
}

// EventKinds lists the stable names of all events, sorted.
func EventKinds() []string { return slices.Sorted(maps.Keys(decoders)) }
