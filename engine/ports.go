package engine

import (
	"context"
	"encoding/json"
	"time"

	"lienthong/engine/calendar"
)

// The ports: what the outside must offer. Each promise below has a test of its
// own in store/storetest, which every store runs.

// Change is what one accepted command writes.
type Change struct {
	Case    *Case   // after folding Entries; the store keeps it: nobody may change it any more
	Base    int64   // the sequence that was loaded; 0 = a new case
	Entries []Entry // at least one
	// Answer is the command's stored answer; nil = the caller sent no key.
	Answer *Answer
	// Settled are deliveries of this case that the entries answer, as they stand
	// from now on. They are written in the same transaction, whoever holds their
	// lease, as by Outbox.Reset.
	Settled []Delivery
	// Node and Lease mark the effects as leased to the node that commits them, so
	// that it may send them at once; Lease zero = free for anybody.
	Node  string
	Lease time.Time
	// After is set when the state at Base is not committed but in line (Queued): the
	// Case of the change that leads to it. StaleVersion unless that one is committed.
	After *Case
	// Queued, when set, is called by a store in which calls wait in line, when this
	// one has its place: a change After it may be appended from then on.
	Queued func()
	// Lane is whose work it is: the acting office, or the requester. Calls that wait
	// for the store's writer are served lane by lane in turn, so that one who sends
	// thousands waits behind its own; a lane that is full makes Append Unavailable.
	// "" is a lane like any other.
	Lane string
}

// Answer is what was answered to a command, kept under the actor's key. Whoever writes
// one is refused when its key is taken: IdempotencyMismatch by another digest,
// StaleVersion with Op OpAnswered by the same (read the answer with Cases.Answered).
// That is looked at before anything else, and of a refused call nothing is kept.
type Answer struct {
	Actor  string          `json:"actor"`
	Key    string          `json:"key"`
	Digest string          `json:"digest"` // of the request; another digest under the same key is refused
	Case   string          `json:"case"`   // "" = it is about no case
	Status int             `json:"status"`
	Body   json.RawMessage `json:"body"`
	At     time.Time       `json:"at"`
}

// OpAnswered is the Op of the StaleVersion of a request that was answered before.
const OpAnswered = "answered"

// Cases is the history and the folded state of every case.
type Cases interface {
	// Load returns the stored case, which others may have too: nobody may change it
	// (Decide and Fold do not). NotFound; Archived when its history was moved to an
	// archive file (Stub tells what is left).
	Load(ctx context.Context, code string) (*Case, error)
	// Append writes all changes of one call or none: entries, case and dossier
	// rows, effects, notifications, timers, stored answers. StaleVersion when a
	// case is no longer at Base (nothing is written), Duplicate (Other = the
	// holder) when another case holds its key, what Answer says when its key is taken;
	// answers are checked first, then Base, then the key. An entry with an Erased event erases the payloads it
	// names in the same write. NotFound when a settled delivery is neither stored nor
	// owed by the entries. UnknownOutcome when the commit failed in a
	// way that leaves open whether it happened. A refused call never touches the
	// calls that share its transaction. It returns only after the commit; a
	// cancelled ctx makes it return UnknownOutcome early, never half a write.
	Append(ctx context.Context, changes ...Change) error
	// History returns entries from a sequence on, oldest first, at most limit
	// (0 = all). An erased payload leaves an entry with its metadata only.
	History(ctx context.Context, code string, from int64, limit int) ([]Entry, error)
	// Answered returns the stored answer of an actor's key, or nil.
	Answered(ctx context.Context, actor, key string) (*Answer, error)
	// Keep writes an answer alone: what an act of many commits sets out to do, so that
	// its repetition sets out to do the same.
	Keep(ctx context.Context, a Answer) error
	// Holder returns the case that holds a duplicate key now; NotFound when none does.
	Holder(ctx context.Context, key string) (code string, err error)
	// Codes reserves n consecutive numbers of a unit and day; gaps are allowed,
	// a number is never given twice. The first is 1.
	Codes(ctx context.Context, unit string, day string, n int) (first int, err error)
	// Due lists cases whose next timer is at or before now, earliest first.
	Due(ctx context.Context, now time.Time, limit int) ([]string, error)
	// NextDue is the earliest timer of all cases; false when there is none.
	NextDue(ctx context.Context) (time.Time, bool, error)
	// Open lists codes of unfinished cases after a code, for the stuck-case detector.
	Open(ctx context.Context, after string, limit int) ([]string, error)
	// Kept lists codes of cases whose history is in the store, after a code, in order, at
	// most limit (0 = all); Archived counts those whose history was moved to archive files.
	Kept(ctx context.Context, after string, limit int) ([]string, error)
	Archived(ctx context.Context) (int64, error)
	// OpenUnder lists codes of unfinished cases of one version of a service, after a
	// code.
	OpenUnder(ctx context.Context, service, version, after string, limit int) ([]string, error)
}

// Delivery is one effect in the outbox: what the engine owes a registry.
type Delivery struct {
	Key       string         `json:"key"` // case/seq/n, the idempotency key: the n-th event of that entry
	Case      string         `json:"case"`
	Step      string         `json:"step,omitempty"`
	Seq       int64          `json:"seq"`
	Registry  string         `json:"registry"`
	Operation string         `json:"operation"`
	Input     map[string]any `json:"input"` // from its entry; nil once that was erased
	At        time.Time      `json:"at"`    // business time
	Status    string         `json:"status"`
	Tries     int            `json:"tries"`
	Next      time.Time      `json:"next"`              // when to try or to ask again, by the wall clock
	SentAt    time.Time      `json:"sent_at,omitzero"`  // accepted by the registry
	Expected  time.Time      `json:"expected,omitzero"` // business time by which an answer is expected
	LastError Trouble        `json:"last_error,omitzero"`
	Reply     *Reply         `json:"reply,omitempty"` // the first answer
	Fence     int64          `json:"fence"`           // of the claim; every acknowledgement checks it
	Note      string         `json:"note,omitempty"`  // why a person recorded or skipped it
	DoneAt    time.Time      `json:"done_at,omitzero"`
}

// Delivery statuses.
const (
	DeliveryPending  = "pending"  // to be sent, or sent again
	DeliveryAccepted = "accepted" // the registry will answer later
	DeliveryDone     = "done"     // answered (and the answer is in history)
	DeliveryIncident = "incident" // a person must act
	DeliverySkipped  = "skipped"  // a notification given up by a person
)

// Horizon says up to when rows of each kind may be deleted; a zero time keeps all.
type Horizon struct {
	Deliveries time.Time // done or given up before it, by the wall clock
	Answers    time.Time // given before it, by the business clock
	Sessions   time.Time // over before it, by the wall clock
	Prefills   time.Time // taken before it, by the business clock
	Drafts     time.Time // last changed before it, by the business clock
}

// Pruned is how many rows of each kind were deleted.
type Pruned struct {
	Deliveries, Answers, Sessions, Prefills, Drafts int
}

// Sum is how many rows were deleted.
func (p Pruned) Sum() int { return p.Deliveries + p.Answers + p.Sessions + p.Prefills + p.Drafts }

// Outbox is what is owed to registries. Times are wall-clock times.
type Outbox interface {
	// Claim leases deliveries that may be sent or asked after now to a node until
	// the lease ends: pending ones whose Next has come and whose earlier sibling
	// (same case, step and registry) was accepted; accepted ones whose Next has
	// come. Each claim raises the fence; an effect born leased has fence 1. An earlier
	// sibling holds back while it is pending, or an incident that was never sent. One
	// that is damaged is not returned: it becomes an incident, or where not even that can
	// be written it is left alone for a while; see Owed.Damaged. Deliveries to the
	// registries named last are left alone.
	Claim(ctx context.Context, node string, now, lease time.Time, limit int, except ...string) ([]Delivery, error)
	// Held tells whether an earlier sibling holds a delivery back. NotFound.
	Held(ctx context.Context, key string) (bool, error)
	// Thaw makes due at now what only a clock that has stepped back since can have
	// put so far ahead: leases that end after lease, pending deliveries whose Next is
	// after retry, accepted ones whose Next is after ask. Their leases end and the
	// fence rises. It returns how many there were.
	Thaw(ctx context.Context, now, lease, retry, ask time.Time) (int, error)
	// Settle writes a delivery's new status, tries, next, error and reply, and
	// frees the lease. StaleVersion when the fence has moved on.
	Settle(ctx context.Context, d Delivery) error
	// Delivery returns one by key. NotFound.
	Delivery(ctx context.Context, key string) (*Delivery, error)
	// Deliveries lists what is not done, by registry and status ("" = any), oldest
	// first, after a key.
	Deliveries(ctx context.Context, registry, status, after string, limit int) ([]Delivery, error)
	// Reset makes a delivery pending again, or done/skipped with a note, whatever
	// lease it has (it raises the fence).
	Reset(ctx context.Context, d Delivery) error
	// Prune deletes what is older than a horizon, the oldest first, at most limit rows
	// of each kind. Deliveries that are not done stay, whatever their age.
	Prune(ctx context.Context, h Horizon, limit int) (Pruned, error)
}

// Row is one dossier in a list.
type Row struct {
	Case      string     `json:"case"`
	Step      string     `json:"step"`
	Code      string     `json:"code"`
	Service   string     `json:"service"`
	Procedure string     `json:"procedure"`
	State     string     `json:"state"`
	Status    StepStatus `json:"status"`
	Final     FinalKind  `json:"final,omitempty"`
	Portal    int        `json:"portal"`
	Office    string     `json:"office"`
	Assignee  string     `json:"assignee,omitempty"`
	Due       time.Time  `json:"due,omitzero"`
	Opened    time.Time  `json:"opened"`
	Updated   time.Time  `json:"updated"`
	Filed     time.Time  `json:"filed"`
	Rev       int64      `json:"rev"`
	Subject   string     `json:"subject"`   // the child or the deceased
	Requester string     `json:"requester"` // name
	Review    bool       `json:"review,omitempty"`
}

// RowQuery selects dossiers for staff. Offices is never empty: visibility is part
// of the query. A zero field does not filter.
type RowQuery struct {
	Offices   []string
	Procedure string
	State     string
	Assignee  string
	Overdue   time.Time // due before
	Ended     bool      // ended ones too; otherwise open ones and those under review
	Text      string    // any code, or words of a name without diacritics
	After     string    // cursor of the page before
	Limit     int
}

// Summary is one case in a citizen's list.
type Summary struct {
	Code    string     `json:"code"`
	Service string     `json:"service"`
	Version string     `json:"version"`
	Status  CaseStatus `json:"status"`
	Outcome Outcome    `json:"outcome,omitempty"`
	Portal  int        `json:"portal"`
	Filed   time.Time  `json:"filed"`
	Due     time.Time  `json:"due,omitzero"`
	Updated time.Time  `json:"updated"`
	Subject string     `json:"subject"`
	Archive string     `json:"archive,omitempty"` // the file that its history was moved to; "" = it is here
}

// Task is something a citizen must do.
type Task struct {
	Case   string    `json:"case"`
	Step   string    `json:"step,omitempty"`
	Person string    `json:"person"`
	Kind   string    `json:"kind"` // confirm (any action of the applicant), supplement, party, pay
	State  string    `json:"state,omitempty"`
	Due    time.Time `json:"due,omitzero"`
	Since  time.Time `json:"since"`
}

// Notification is what a person was told.
type Notification struct {
	Key    string         `json:"key"`
	Case   string         `json:"case"`
	Step   string         `json:"step,omitempty"`
	To     string         `json:"to"`
	What   string         `json:"what"`
	At     time.Time      `json:"at"`
	Params map[string]any `json:"params,omitempty"` // from its entry; nil once that was erased
}

// Lists is what people look at. Every method selects by who may see, in the query.
type Lists interface {
	// Rows lists dossiers, most urgent first (due, then code); next is the cursor
	// of the following page or "".
	Rows(ctx context.Context, q RowQuery) (rows []Row, next string, err error)
	// CountRows counts at most cap.
	CountRows(ctx context.Context, q RowQuery, cap int) (int, error)
	// CasesOf lists a citizen's own cases, newest first.
	CasesOf(ctx context.Context, person, after string, limit int) (cases []Summary, next string, err error)
	// TasksOf lists what a citizen must do, most urgent first.
	TasksOf(ctx context.Context, person string) ([]Task, error)
	// Notifications lists what a person or office was told, newest first.
	Notifications(ctx context.Context, to, after string, limit int) (notes []Notification, next string, err error)
	// Result finds the case and step that issued a public result id. NotFound.
	Result(ctx context.Context, id string) (code, step string, err error)
	// CaseOf finds the case of any code: linked code or dossier code. NotFound.
	CaseOf(ctx context.Context, code string) (string, error)
	// Stub returns what is still told of an archived case. NotFound when there is no
	// such case, or its history is here.
	Stub(ctx context.Context, code string) (*Stub, error)
}

// Account is a person who can sign in.
type Account struct {
	ID       string    `json:"id"`   // account name
	Kind     ActorKind `json:"kind"` // citizen or staff
	Person   string    `json:"person,omitempty"`
	Name     string    `json:"name"`
	Phone    string    `json:"phone,omitempty"`
	Email    string    `json:"email,omitempty"`
	Office   string    `json:"office,omitempty"`
	Roles    []string  `json:"roles,omitempty"`
	Secret   string    `json:"-"` // hash of the pass phrase
	From     time.Time `json:"from,omitzero"`
	To       time.Time `json:"to,omitzero"`
	Disabled bool      `json:"disabled,omitempty"`
	Rev      int64     `json:"rev"`
}

// Session is a signed-in account.
type Session struct {
	Token   string    `json:"-"` // hash of the bearer token
	Account string    `json:"account"`
	From    time.Time `json:"from"`
	Until   time.Time `json:"until"`
}

// Draft is an application being written.
type Draft struct {
	ID      string         `json:"id"`
	Owner   string         `json:"owner"`
	Service string         `json:"service"`
	Rev     int64          `json:"rev"`
	Updated time.Time      `json:"updated"`
	Data    map[string]any `json:"data"`
}

// View is a selection of the office's dossiers that somebody keeps under a name.
type View struct {
	ID    string         `json:"id"`
	Owner string         `json:"owner"` // account
	Name  string         `json:"name"`
	Query map[string]any `json:"query"` // what is asked for, as the surface takes it
}

// Document is an uploaded paper or a result's file.
type Document struct {
	ID     string    `json:"id"` // hash of its content and owner
	Owner  string    `json:"owner"`
	Case   string    `json:"case,omitempty"`
	Step   string    `json:"step,omitempty"`
	Name   string    `json:"name"`
	Type   string    `json:"type"`
	Size   int64     `json:"size"`
	Hash   string    `json:"hash"` // SHA-256 of the content
	At     time.Time `json:"at"`
	Result bool      `json:"result,omitempty"`
}

// Access is one read of personal data by staff.
type Access struct {
	At      time.Time `json:"at"`
	Account string    `json:"account"`
	Office  string    `json:"office,omitempty"`
	Case    string    `json:"case,omitempty"` // "" = a list page
	What    string    `json:"what"`
}

// Desk keeps what surrounds the cases: accounts, sessions, drafts, prefill
// snapshots, documents, saved views and the access log.
type Desk interface {
	// PutAccount makes an account (ifRev 0) or changes one, with the answer to whoever
	// asked for it, if they sent a key. StaleVersion, Duplicate.
	PutAccount(ctx context.Context, a Account, ifRev int64, answer *Answer) error
	Account(ctx context.Context, id string) (*Account, error)
	Accounts(ctx context.Context, office, after string, limit int) ([]Account, error)
	PutSession(ctx context.Context, s Session) error
	Session(ctx context.Context, token string, now time.Time) (*Session, error) // Unauthenticated when absent or over
	EndSession(ctx context.Context, token string) error
	PutDraft(ctx context.Context, d Draft, ifRev int64) error
	Draft(ctx context.Context, owner, id string) (*Draft, error)
	Drafts(ctx context.Context, owner string) ([]Draft, error)
	DeleteDraft(ctx context.Context, owner, id string) error
	PutView(ctx context.Context, v View) error               // new, or in place of the one with its id
	Views(ctx context.Context, owner string) ([]View, error) // by name
	DeleteView(ctx context.Context, owner, id string) error
	PutPrefill(ctx context.Context, owner string, p Prefill) error
	Prefill(ctx context.Context, owner, id string) (*Prefill, error)
	// PutDocument keeps a document of at most 20 MiB; nil content changes only what is
	// said about a document that exists (its case and step once it is filed).
	PutDocument(ctx context.Context, d Document, content []byte) error
	Document(ctx context.Context, id string) (*Document, []byte, error)
	Documents(ctx context.Context, ids []string) ([]Document, error)
	// LogAccess is committed before it returns; the log is append-only and chained.
	LogAccess(ctx context.Context, a Access) error
	// AccessTo lists reads of a case, newest first; after is how many lines the caller
	// has had, as a decimal number ("" = none).
	AccessTo(ctx context.Context, code string, after string, limit int) ([]Access, error)
}

// Figures is what is counted: what waits for registries, and what became of it.
type Figures interface {
	// Owed lists deliveries that are not done, oldest first; next is the cursor of
	// the following page or "". Invalid for a cursor that it did not make.
	Owed(ctx context.Context, q OwedQuery) (ds []Owed, next string, err error)
	// Lines sums what every registry is owed, by registry; now is business time.
	Lines(ctx context.Context, now time.Time) ([]Line, error)
	// Lag tells how far deliveries, at a wall-clock instant, and sums are behind.
	Lag(ctx context.Context, wall time.Time) (Lag, error)
	// Exchanges lists the day sums of the business days from one to another, both
	// included, by registry and day. They are written in the transaction that settles
	// a delivery, and Prune leaves them.
	Exchanges(ctx context.Context, from, to calendar.Date) ([]ExchangeDay, error)
	// Project brings the sums of Contributions up to what changed in the cases since
	// the last call, in one small write beside the commands, at most limit entries (or
	// cases); with a limit it may let those who act go first, without one (0) somebody
	// waits for the sums. It returns how many it took; 0 = the sums are as the cases are.
	Project(ctx context.Context, limit int) (int, error)
	// Rebuild counts every case again, and sums again what was counted; a case that
	// was archived keeps what it had. The sums are nowhere missing meanwhile.
	Rebuild(ctx context.Context) error
	// Sums adds up the figures of the days asked for, without their days, in order.
	Sums(ctx context.Context, q SumQuery) ([]Figure, error)
}

// Store is everything one database keeps. A limit of 0 means no limit.
type Store interface {
	Cases
	Outbox
	Lists
	Desk
	Figures
	Publications
	// Verify walks every chain (history and access log) and compares Fold(history)
	// with the stored case; it names the first bad entry of every bad case.
	Verify(ctx context.Context, bad func(code string, seq int64, what string)) (cases int, err error)
	// Ready fails when the store cannot serve.
	Ready(ctx context.Context) error
	Close() error
}
