package runtime

import (
	"cmp"
	"context"
	"time"

	"lienthong/engine"
)

// Exchange speaks to the registries. It returns whatever happened as an [Answer];
// silence and broken connections are Transient. Both methods may be called again
// with the same delivery, and concurrently.
type Exchange interface {
	// Send asks the registry to perform the operation under the delivery's key.
	Send(ctx context.Context, d engine.Delivery) Answer
	// Ask asks what became of a request that was sent.
	Ask(ctx context.Context, d engine.Delivery) Answer
}

// What an exchange came to.
const (
	Done      = "done"      // performed
	Refused   = "refused"   // decided against, with a declared code
	Later     = "later"     // taken; the answer follows, or is asked for
	Transient = "transient" // nothing is known: try again with the same key
	Incident  = "incident"  // wrong in a way that trying again cannot mend
	Unknown   = "unknown"   // Ask only: the registry never saw the key; send it again
)

// Answer is all that can be learnt from one exchange.
type Answer struct {
	Outcome    string
	Code       string // of a refusal or an incident
	Detail     engine.Text
	Data       map[string]any
	Status     int           // HTTP status; 0 = no answer
	RetryAfter time.Duration // the registry's wish after Transient; 0 = none
	Expected   time.Time     // business time of a later answer; zero = not said
}

// reply is the answer as the reply to a request.
func (a Answer) reply(key string) engine.Reply {
	return engine.Reply{Request: key, Outcome: a.Outcome, Code: a.Code, Detail: a.Detail, Data: a.Data}
}

// why says what went wrong, for the delivery's LastError.
func (a Answer) why(trouble string) engine.Trouble {
	return engine.Trouble{Code: trouble, Said: said(cmp.Or(a.Code, a.Outcome), a.Code, a.Detail)}
}

// said is a code with its words, where there are any; without both what stands for them.
func said(nothing, code string, words engine.Text) engine.Text {
	if words.IsZero() {
		return engine.Text{EN: nothing}
	}
	if code == "" {
		return words
	}
	return engine.Text{VI: code + ": " + words.In("vi"), EN: code + ": " + words.In("en")}
}
