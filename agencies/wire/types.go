package wire

import "time"

// Outcome is what became of a request, as far as the caller can know.
type Outcome string

const (
	// Done: the registry performed the operation.
	Done Outcome = "done"
	// Refused: the registry decided against it, with a declared code.
	Refused Outcome = "refused"
	// Later: the registry took the request and will call back.
	Later Outcome = "later"
	// Transient: nothing is known; try again with the same key.
	Transient Outcome = "transient"
	// Incident: the exchange is wrong in a way that trying again cannot mend.
	Incident Outcome = "incident"
	// Unknown: the registry has never seen the key (Ask and Cancel only).
	Unknown Outcome = "unknown"
)

// CodeKeyReused is the code of an Incident: the registry has another request under
// the key.
const CodeKeyReused = "key_reused"

// Request asks one registry to perform one operation.
type Request struct {
	Registry  string         `json:"-"`
	Operation string         `json:"-"`
	Key       string         `json:"key"`
	Case      string         `json:"case,omitempty"`
	Step      string         `json:"step,omitempty"`
	At        time.Time      `json:"at"`                 // business time of asking
	Callback  string         `json:"callback,omitempty"` // where a later answer goes
	Input     map[string]any `json:"input"`
	// Traceparent is passed on as the W3C header of that name.
	Traceparent string `json:"-"`
}

// FieldError points at one wrong field of a malformed request.
type FieldError struct {
	Pointer string `json:"pointer"` // JSON Pointer into the request body
	Detail  string `json:"detail"`
}

// Answer is all a caller can learn from one exchange.
type Answer struct {
	Outcome    Outcome           `json:"outcome"`
	Code       string            `json:"code,omitempty"`   // of a refusal or an incident
	Detail     map[string]string `json:"detail,omitempty"` // by language: vi, en
	Data       map[string]any    `json:"data,omitempty"`
	Errors     []FieldError      `json:"errors,omitempty"`
	Expected   time.Time         `json:"expected,omitzero"` // of a later answer
	Status     int               `json:"-"`                 // HTTP status; 0 without an answer
	RetryAfter time.Duration     `json:"-"`                 // 0 when the registry did not say
}

// Callback is a late answer, posted by the registry.
type Callback struct {
	Key       string            `json:"key"`
	Registry  string            `json:"registry"`
	Operation string            `json:"operation"`
	Case      string            `json:"case,omitempty"`
	Step      string            `json:"step,omitempty"`
	Outcome   Outcome           `json:"outcome"` // Done or Refused
	Code      string            `json:"code,omitempty"`
	Detail    map[string]string `json:"detail,omitempty"`
	Data      map[string]any    `json:"data,omitempty"`
}
