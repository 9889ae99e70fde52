package scenario

import (
	"context"
	"time"

	"lienthong/engine"
)

// Person is somebody whom a story may name.
type Person struct {
	ID     string // personal id, which is the account too
	Handle string // short name
	Name   string
}

// Example is an application that a story may begin with.
type Example struct {
	Service     string
	Requester   engine.Person
	Application map[string]any
}

// Worlds makes worlds and says what is in them.
type Worlds interface {
	// Open makes a fresh world at an instant. With unpaid set nobody pays fees unless
	// the story says so.
	Open(ctx context.Context, at time.Time, unpaid bool) (World, error)
	// People lists everybody who can be named.
	People() []Person
	// Examples lists the applications by name; the maps are the caller's.
	Examples() map[string]Example
}

// World is where one story is played. It is used by one goroutine. Refusals are
// *engine.Error.
type World interface {
	Now() time.Time
	// Pass lets time pass until an instant; whatever falls due on the way happens.
	Pass(ctx context.Context, to time.Time) error
	// Dial says how a register behaves from now on.
	Dial(registry string, d Dial) error
	// Hire makes an account of a member of staff.
	Hire(ctx context.Context, id, office string, roles []string) error
	// Keep changes a register's record, an empty one where there is none.
	Keep(registry, record, id string, change func(map[string]any) error) error
	// File files an application; behalf is the citizen whom a clerk files for, channel
	// how it came in (0: as the account does). It returns the codes of the cases that
	// it opened.
	File(ctx context.Context, account, service string, app map[string]any, behalf *engine.Person, channel int) ([]string, error)
	// Act takes an action on a part, or on the case when step is "", under the version
	// that the account sees, and lets its consequences happen.
	Act(ctx context.Context, account, code, step, action string, input map[string]any) error
	// Pay pays the case's fee, or declines to.
	Pay(ctx context.Context, code string, decline bool) error
	// Operate acts on the oldest request to a register that is not done: retry, record
	// or skip.
	Operate(ctx context.Context, registry, what string, input map[string]any) error
	// Case and History are the truth of the store.
	Case(ctx context.Context, code string) (*engine.Case, error)
	History(ctx context.Context, code string) ([]engine.Entry, error)
	// See is what an account is shown of a case.
	See(ctx context.Context, account, code string) (View, error)
	// Opened lists the members of staff who looked into a case, in the order of their
	// first look, as an account is shown it.
	Opened(ctx context.Context, account, code string) ([]string, error)
	// Public is what anybody is told who asks whether a result is genuine.
	Public(ctx context.Context, result string) (Standing, error)
	// Performed counts what a register has done; doing one request twice is an error.
	Performed(registry, operation string) (int, error)
	// Money lists the amounts that the treasury moved for a case by an operation.
	Money(ctx context.Context, code, operation string) ([]int64, error)
	// Lookup reads a register: its answer, or the code of its refusal.
	Lookup(ctx context.Context, registry, operation string, input map[string]any) (data map[string]any, refused string, err error)
	// Owed counts the requests to a register that are not done, by status.
	Owed(ctx context.Context, registry string) (map[string]int, error)
	// Sound fails when a chain is broken, a stored case is not what its history folds
	// to, or a case waits for nothing.
	Sound(ctx context.Context) error
	Close() error
}

// Dial is how a register behaves. The zero value is a healthy one.
type Dial struct {
	Operations []string // these alone; empty = all
	Refuse     string   // refuses with this code
	Later      time.Duration
	Silent     bool // does not answer and does nothing
	LoseReply  bool // does it, but the answer is lost
	Twice      bool // its late answers come twice
	Contradict bool // a second late answer says the opposite
}

// View is what a person is shown of a case.
type View struct {
	View     string // full, party, …
	Portal   int
	Open     map[string][]string // part ("" = the case) → actions that are allowed
	Listed   map[string][]string // part → all actions that are shown, refused ones too
	Parts    []string
	Timeline []string // the lines of the timeline, oldest first, in both languages
}

// Standing is whether a result stands, as anybody is told.
type Standing struct {
	Status     string // genuine, replaced, revoked
	Document   string
	Code       string
	Version    int
	ReplacedBy int // the version that stands
}
