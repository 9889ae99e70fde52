package engine

import (
	"errors"
	"fmt"
)

// Code says what kind of failure an Error is. The set is closed; package api maps
// every one to an HTTP status in one table.
type Code string

// The failure kinds.
const (
	Invalid             Code = "invalid"              // the input is malformed or breaks a rule of its form
	Unauthenticated     Code = "unauthenticated"      // nobody, or an expired session
	NotFound            Code = "not_found"            // absent, or not for this caller to know
	Forbidden           Code = "forbidden"            // known caller, not their act
	WrongState          Code = "wrong_state"          // the action is not open in this state
	Precondition        Code = "precondition"         // a guard of the definition said no
	Duplicate           Code = "duplicate"            // another case holds the same key
	VersionRequired     Code = "version_required"     // no If-Match
	StaleVersion        Code = "stale_version"        // somebody was faster
	IdempotencyMismatch Code = "idempotency_mismatch" // same key, other request
	DeadlinePassed      Code = "deadline_passed"      // the time for this act is over
	DefinitionRetired   Code = "definition_retired"   // no version of the service is in force
	Unavailable         Code = "unavailable"          // try again later
	UnknownOutcome      Code = "unknown_outcome"      // the commit's outcome is not known; repeat with the same key
	CorruptHistory      Code = "corrupt_history"      // a stored entry does not match its chain or cannot be read
	Archived            Code = "archived"             // the case's history was moved to an archive file
	Internal            Code = "internal"             // a defect
)

// Text is a sentence for people in both languages of the product.
type Text struct {
	VI string `json:"vi" yaml:"vi"`
	EN string `json:"en" yaml:"en"`
}

// In returns the text in the language asked for ("vi" or "en"), falling back to
// the other one when it is missing.
func (t Text) In(lang string) string {
	if lang == "en" && t.EN != "" || t.VI == "" {
		return t.EN
	}
	return t.VI
}

// IsZero tells whether neither language has a text.
func (t Text) IsZero() bool { return t.VI == "" && t.EN == "" }

// Problem is one thing wrong with one field of an input.
type Problem struct {
	Pointer string `json:"pointer"` // JSON Pointer (RFC 6901) into the input
	Code    string `json:"code"`    // stable: required, type, format, enum, unknown_field, …
	Detail  Text   `json:"detail"`
}

// Error is the one error type that crosses package borders.
type Error struct {
	Code     Code
	Op       string    // the operation that failed, for logs
	Case     string    // code of the case concerned, if any
	Detail   Text      // for the person
	Problems []Problem // wrong fields, for Invalid
	Legal    []string  // actions open now, for WrongState
	Other    string    // code of the case that holds the key, for Duplicate; shown only to those entitled
	Err      error     // the cause, for logs only
}

// Error gives the English message with code, operation and cause.
func (e *Error) Error() string {
	s := string(e.Code)
	if e.Op != "" {
		s = e.Op + ": " + s
	}
	if e.Detail.EN != "" {
		s += ": " + e.Detail.EN
	}
	if e.Case != "" {
		s += " (" + e.Case + ")"
	}
	for _, p := range e.Problems {
		s += fmt.Sprintf("; %s: %s", p.Pointer, p.Detail.EN)
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf returns the code of the first Error in err's chain, Internal for any
// other error, and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return Internal
}

// Fail builds an Error with a text in both languages.
func Fail(code Code, vi, en string) *Error {
	return &Error{Code: code, Detail: Text{VI: vi, EN: en}}
}
