package engine

import "time"

// ActorKind says what sort of actor a command comes from.
type ActorKind string

// The kinds of actor.
const (
	Citizen  ActorKind = "citizen"
	Staff    ActorKind = "staff"
	Registry ActorKind = "registry"
	Timer    ActorKind = "timer"
	System   ActorKind = "system"
)

// Actor is who acts.
type Actor struct {
	Kind   ActorKind `json:"kind"`
	ID     string    `json:"id"` // personal id of a citizen, account of a member of staff, id of a registry
	Name   string    `json:"name,omitempty"`
	Office string    `json:"office,omitempty"`
	Roles  []string  `json:"roles,omitempty"`
	For    *Person   `json:"for,omitempty"` // the citizen on whose behalf a counter clerk files
}

// Has tells whether the actor holds a role.
func (a Actor) Has(role string) bool {
	for _, r := range a.Roles {
		if r == role {
			return true
		}
	}
	return false
}

// Person is a citizen as an application names them.
type Person struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Phone string `json:"phone,omitempty"`
	Email string `json:"email,omitempty"`
}

// Case commands, and the dossier commands that every procedure has. Any other
// action is one of the procedure's own.
const (
	ActFile      = "file"              // case: file an application
	ActWithdraw  = "withdraw"          // case: withdraw all or parts; input {steps, reason}
	ActAnswer    = "answer_supplement" // case: answer items; input {items: {id: answer}}
	ActRefile    = "refile"            // dossier: a failed or unchosen part again; input {application}
	ActApologise = "apologise"         // dossier or case: one new date; input of the limit's apology form
	ActClaim     = "claim"             // dossier
	ActRelease   = "release"           // dossier
	ActAssign    = "assign"            // dossier; input {account}
	ActTransfer  = "transfer"          // dossier; input {office, reason}
	ActHandOver  = "hand_over"         // dossier; reception hands a paper result over
	ActReply     = "reply"             // a registry's answer, in Facts.Reply
	ActOperate   = "operate"           // what an operator did to a delivery; input {key, what, note}
	ActTick      = "tick"              // nothing but the timers that are due
)

// Command is a request that may be refused.
type Command struct {
	Action  string         `json:"action"`
	Case    string         `json:"case"`
	Step    string         `json:"step,omitempty"` // "" = a case command
	Actor   Actor          `json:"actor"`
	Input   map[string]any `json:"input,omitempty"`
	Comment string         `json:"comment,omitempty"`
	// IfMatch is the version that the actor saw: the dossier's for a dossier
	// command, the case's for a case command. nil = not asked for (registries,
	// timers, party answers, filing).
	IfMatch *int64 `json:"if_match,omitempty"`
	// Codes allocated for what this command may open.
	Codes Codes `json:"codes,omitzero"`
	// File, for ActFile only.
	File *Filing `json:"file,omitempty"`
}

// Filing is what filing needs beside the form as filled in (which is the Input).
type Filing struct {
	Service   string `json:"service"`
	Version   string `json:"version"` // chosen by the filing instant
	Requester Person `json:"requester"`
	Channel   int    `json:"channel"`         // 1 counter, 2 online, 3 post (KenhThucHien)
	Group     string `json:"group,omitempty"` // shared by the cases filed from one form (twins)
	Index     int    `json:"index,omitempty"` // which element of Service.Each this case is for
}

// Codes are allocated before deciding, from blocks reserved per unit and day.
type Codes struct {
	Case  string            `json:"case,omitempty"`
	Steps map[string]string `json:"steps,omitempty"` // step → dossier code
	Seed  string            `json:"seed,omitempty"`  // random text from which public result ids are derived
}

// Facts is what was learnt outside before deciding.
type Facts struct {
	Prefill *Prefill `json:"prefill,omitempty"`
	Reply   *Reply   `json:"reply,omitempty"`
}

// Prefill is a snapshot of what the registers knew when the form was opened.
type Prefill struct {
	ID     string            `json:"id"`
	At     time.Time         `json:"at"`
	Values map[string]any    `json:"values"`        // JSON Pointer → value
	Source map[string]string `json:"source"`        // JSON Pointer → registry
	Why    map[string]string `json:"why,omitempty"` // JSON Pointer → why the applicant disputes it
}

// Outcome of a registry's answer.
const (
	ReplyDone    = "done"
	ReplyRefused = "refused"
)

// Reply is a registry's answer to a request.
type Reply struct {
	Request string         `json:"request"` // key of the request: case/seq/n
	Outcome string         `json:"outcome"` // done or refused
	Code    string         `json:"code,omitempty"`
	Detail  Text           `json:"detail,omitzero"`
	Data    map[string]any `json:"data,omitempty"`
	By      string         `json:"by,omitempty"`   // account of the person who recorded an answer received on paper
	Note    string         `json:"note,omitempty"` // where that answer comes from
}

// Versions names what a decision was made under.
type Versions struct {
	Engine     string `json:"engine"`
	Definition string `json:"definition"` // hash of the service
	Parameters string `json:"parameters"`
	Calendar   string `json:"calendar"`
}

// Entry is one accepted command with the events it caused: the unit of history.
type Entry struct {
	Case     string    `json:"case"`
	Seq      int64     `json:"seq"` // from 1
	At       time.Time `json:"at"`  // business time; a timer's due time
	Command  Command   `json:"command"`
	Facts    Facts     `json:"facts,omitzero"`
	Versions Versions  `json:"versions"`
	Events   Events    `json:"events"`
}

// EngineVersion is written into every entry: by which rules of this program it was
// decided. It rises when a kept command, under the definitions that it was decided under, would
// be decided otherwise, so that deciding again can tell the program's part from the
// definitions'. The kept histories of workflows/testdata hold it to that.
const EngineVersion = "1"
