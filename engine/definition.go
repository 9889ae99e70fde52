package engine

import (
	"slices"
	"strings"
	"time"

	"lienthong/engine/calendar"
)

// Vars is what an expression sees: plain values only (nil, bool, int64, float64,
// string, time.Time, []any, map[string]any).
//
// Expressions of a service see: application, requester, filed_at, now, steps
// (steps.<id> = {status, state, outcome, office, result}; result is absent until
// there is one). Expressions of a procedure see: dossier (the `with` values, one
// record per action taken, computed values), actor {kind, id, name, office, roles},
// requester {id, name, …}, filed_at, now.
type Vars map[string]any

// Expr is a compiled expression of a definition.
type Expr interface {
	// Eval returns a plain value. It fails when the expression reads what is not
	// there or exceeds its cost limit.
	Eval(Vars) (any, error)
	// Source is the text as written, for messages and diagrams.
	Source() string
}

// Schema checks an input against a form.
type Schema interface {
	// Validate returns every problem, sorted by pointer; none means valid.
	Validate(v any) []Problem
	// JSON is the JSON Schema (2020-12) itself; it is not written to.
	JSON() []byte
}

// Dated is a schema with dates that lie no later than the day on which it is filled in.
type Dated interface {
	// Future returns the dates after that day, sorted by pointer.
	Future(v any, today calendar.Date) []Problem
}

// Labelled is a schema that knows what people call its fields.
type Labelled interface {
	// Label is the name of the field at a JSON Pointer; false when it has none.
	Label(pointer string) (Text, bool)
}

// Machine is one procedure's state machine.
type Machine interface {
	// Fire takes action from state to the target state chosen for it. The guard
	// runs before the move and vetoes it by an error, which Fire returns as it is.
	// A pair of state and action that the definition does not have is a
	// WrongState error with the legal actions, sorted.
	Fire(state, action, target string, guard func() error) (next string, err error)
	// Legal lists the actions defined in a state, sorted.
	Legal(state string) []string
}

// Definitions is what Decide asks of the compiled definitions.
type Definitions interface {
	// Service returns one published version. NotFound if there is none.
	Service(id, version string) (*Service, error)
	// ServiceAt returns the version in force for an application filed at that
	// instant. DefinitionRetired if none is.
	ServiceAt(id string, at time.Time) (*Service, error)
	// Calendar returns the newest calendar announced at that instant.
	Calendar(at time.Time) *calendar.Calendar
	// ParametersVersion names the parameter set announced at that instant.
	ParametersVersion(at time.Time) string
	// Parameter returns a dated value: the one in force on date, as announced at
	// now. NotFound if there is none.
	Parameter(name string, date, now time.Time) (any, error)
	// Office finds the office of an agency kind that serves a unit at an instant.
	Office(agency, unit string, at time.Time) (Office, bool)
	// OfficeByID finds an office by its id.
	OfficeByID(id string) (Office, bool)
	// Operation describes a registry's operation.
	Operation(registry, operation string) (Operation, bool)
}

// Office is a concrete authority: an agency kind at an administrative unit. Nobody
// writes to what it lists.
type Office struct {
	ID     string   `json:"id" yaml:"id"`
	Agency string   `json:"agency" yaml:"agency"` // civil_status, police, social_insurance, …
	Unit   string   `json:"unit" yaml:"unit"`     // commune (5 digits) or province (2 digits) where it sits
	Serves []string `json:"serves,omitempty" yaml:"serves"`
	Prefix string   `json:"prefix" yaml:"prefix"` // unit identifier at the head of its dossier codes, e.g. H26.4
	Name   Text     `json:"name" yaml:"name"`
}

// Operation is one request that a registry performs.
type Operation struct {
	Registry, ID string
	Title        Text
	Input, Reply Schema
	Refusals     map[string]Text // domain code → text
	Changes      bool            // it changes the register
	Cancellable  bool
	Expected     time.Duration // usual time to an answer; asked after when it has passed
}

// Service is what a citizen applies for: a graph of steps.
type Service struct {
	ID, Version string
	Hash        string // over everything that decides: structure, guards, forms, routing
	Code        string // national procedure code, e.g. 3.000722
	Title       Text
	Summary     Text
	Legal       []string
	From, To    time.Time // filing instants it is in force for; To exclusive, zero = open
	Form        *Form
	Each        *Each    // one case per element of a list (twins)
	Key         Expr     // duplicates; nil = no check
	KeyStep     string   // the key is held while this step is open or stands
	Reception   string   // the step whose office received the application and apologises for the service
	Limit       *Limit   // of the whole chain
	Fee         *Fee     // nil = free
	Subforms    []string // ids of generated forms shown before filing
	Steps       []*Step  // in an order where needs come first
	File        string   // where it was defined, for messages
}

// Step returns a step by id, or nil.
func (s *Service) Step(id string) *Step {
	for _, st := range s.Steps {
		if st.ID == id {
			return st
		}
	}
	return nil
}

// NeedsOf lists what a step needs, and what that cannot do without, however far
// back: a result may have been annulled since something between was built on it.
func (s *Service) NeedsOf(st *Step) []Need {
	out := slices.Clone(st.Needs)
	for i := 0; i < len(out); i++ {
		if out[i].Optional {
			continue
		}
		for _, n := range s.Step(out[i].Step).Needs {
			if !n.Optional && !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
	}
	return out
}

// Each says that one application opens one case per element of a list: the form's
// property List holds the elements, each case's application holds its own one as
// the property As.
type Each struct{ List, As string }

// Fee is money due at filing; until it is paid no step opens (portal status 6).
type Fee struct {
	Amount  Expr   // đồng, int64; 0 = nothing to pay
	Purpose Text   // on the receipt
	Within  *Limit // unpaid after this, the case expires
	Parts   []FeePart
}

// FeePart explains a part of a fee: a dated price, and how often it is asked. The
// amount is what is paid; parts that do not add up to it explain nothing.
type FeePart struct {
	Price string // a parameter, in đồng
	Times Expr   // int64
}

// FeeItem is a line of a fee as a citizen reads it.
type FeeItem struct {
	Title  Text   `json:"title"`
	Price  int64  `json:"price" doc:"đồng, for one"`
	Times  int64  `json:"times"`
	Amount int64  `json:"amount" doc:"đồng"`
	Legal  string `json:"legal,omitempty" doc:"The legal source of the price"`
}

// Step is one procedure's place in a service.
type Step struct {
	ID        string
	Title     Text
	Procedure *Procedure
	At        Expr // unit code; a null takes Else
	Needs     []Need
	If        Expr // nil = always
	Else      Else
	With      []Binding
}

// Need is a dependency on another step.
type Need struct {
	Step     string
	Optional bool // need?: ended in any way is enough
}

// Else says what a false `if` or a null `at` means.
type Else struct {
	Kind   ElseKind
	Reason Text // for ElseRefuse
}

// ElseKind is absent, not_applicable or refuse.
type ElseKind string

// What a false condition makes of a step.
const (
	ElseAbsent        ElseKind = "absent"
	ElseNotApplicable ElseKind = "not_applicable"
	ElseRefuse        ElseKind = "refuse"
)

// Binding hands a value to a step under a name.
type Binding struct {
	Name  string
	Value Expr
	Steps []string // the steps whose results the expression reads
}

// Procedure is one agency's state machine.
type Procedure struct {
	ID      string
	Agency  string
	Code    string // national code, e.g. 1.001193
	Title   Text
	Limit   *Limit
	Inputs  map[string]*Form // of the `with` values; nothing is decided by them here
	States  []*State         // the first is the initial one
	Actions []*Action
	Parties []*PartySet
	Machine Machine
	File    string
}

// State returns a state by id, or nil.
func (p *Procedure) State(id string) *State {
	for _, s := range p.States {
		if s.ID == id {
			return s
		}
	}
	return nil
}

// Action returns an action by id, or nil.
func (p *Procedure) Action(id string) *Action {
	for _, a := range p.Actions {
		if a.ID == id {
			return a
		}
	}
	return nil
}

// Party returns a party set by id, or nil.
func (p *Procedure) Party(id string) *PartySet {
	for _, s := range p.Parties {
		if s.ID == id {
			return s
		}
	}
	return nil
}

// Limit is a time limit with its warning and apology rules.
type Limit struct {
	Within    calendar.Limit
	Param     string          // name of a parameter that gives the limit ("3 days") instead of Within
	Warn      *calendar.Limit // how long before the due time the office is warned
	Apologise *Apology
}

// Apology allows a new date with an apology slip (NĐ 61/2018 art. 19(9)).
type Apology struct {
	By    []string // roles
	Form  *Form
	Times int
}

// FinalKind tells how a dossier ended.
type FinalKind string

// The ways a dossier ends.
const (
	FinalNone          FinalKind = ""
	FinalSuccess       FinalKind = "success"
	FinalRefused       FinalKind = "refused"
	FinalExpired       FinalKind = "expired"
	FinalWithdrawn     FinalKind = "withdrawn"
	FinalNotApplicable FinalKind = "not_applicable"
	FinalAnnulled      FinalKind = "annulled"
)

// State is one state of a procedure.
type State struct {
	ID      string
	Title   Text
	Portal  int // national portal status 1–10
	Clock   calendar.Mode
	Agency  string // another agency acts here; "" = the procedure's own
	At      Expr   // at another unit; nil = the step's
	Final   FinalKind
	Result  *ResultSpec
	Request *RequestSpec
	After   []After
	Limit   *Limit // a limit of this state alone
	// Takes are the records and values that are there on every way to this state and
	// that some expression reads without asking: what a dossier put here from another
	// version must have.
	Takes []string
}

// After fires an action when a state has lasted a while.
type After struct {
	Within calendar.Limit
	Param  string // a parameter that gives the duration instead
	Action string
}

// ResultSpec is what a final state issues.
type ResultSpec struct {
	Document string // e.g. birth_certificate
	Code     string // national result code, e.g. KQ.G15.000031
	Title    Text
	Paper    bool // handed over by reception; otherwise published electronically at once
	Data     []Binding
}

// RequestSpec is what a state asks of a registry on entering.
type RequestSpec struct {
	Registry, Operation string
	Input               Expr
	Replies             map[string]string // "ok", "refused" or a refusal code → action
}

// The roles that a definition may name in `by`.
const (
	ByReception  = "reception"
	ByOfficer    = "officer"
	ByLeader     = "leader"
	ByApplicant  = "applicant"
	ByTimer      = "timer"
	ByRegistry   = "registry"
	ByUpstream   = "upstream"   // the issuer of a returned result has corrected, kept or annulled it
	ByDownstream = "downstream" // a later step found a fault
	ByParty      = "party"
)

// Inputs with a meaning of their own.
const (
	FormSupplementRequest = "supplement_request" // asks for items; they join the case's one open request
	FormSupplementAnswer  = "supplement_answer"  // fires when every item that the dossier asked for is answered
)

// Action is the name of a transition that somebody may take.
type Action struct {
	ID      string
	Title   Text
	From    []string
	To      []Target // in order; empty = stay in the state
	By      []string // roles, see By…
	Party   *PartyRule
	Input   *Form // nil = no input but an optional comment
	If      Expr  // guard
	Why     Text  // what the guard wants, in words
	Set     []Binding
	Returns string // name of the `with` value whose issuer is asked to correct it
	Review  string // "keep", "amend" or "annul": decides an open review item
	Limit   *Limit // the action is refused (and marked) later than this after the state was entered
}

// Target is one possible destination.
type Target struct {
	If    Expr // nil = else
	State string
}

// PartyRule makes an action the answer of several people.
type PartyRule struct {
	Sets    []string
	Decline bool // one such answer is enough
}

// PartySet is a group of people whose agreement is asked.
type PartySet struct {
	ID     string
	Title  Text
	People Expr // personal ids (list of strings), or one string
	Any    bool // one of them is enough; otherwise all
}

// Form is a named JSON Schema with labels.
type Form struct {
	ID     string
	Title  Text
	Schema Schema
}

// Check returns every problem of a value on the day of an instant, sorted by pointer.
func (f *Form) Check(v any, now time.Time) []Problem {
	ps := f.Schema.Validate(v)
	if s, ok := f.Schema.(Dated); ok {
		ps = append(ps, s.Future(v, calendar.DateOf(now))...)
		slices.SortStableFunc(ps, func(a, b Problem) int { return strings.Compare(a.Pointer, b.Pointer) })
	}
	return ps
}

// Subform is a paper form filled in from a combined one.
type Subform struct {
	ID     string         `json:"id"`
	Title  Text           `json:"title"`
	Basis  string         `json:"basis,omitempty"`
	Fields []SubformField `json:"fields"`
}

// SubformField is one numbered field with its value as printed.
type SubformField struct {
	No    string `json:"no"`
	Label Text   `json:"label"`
	Value string `json:"value"`
}
