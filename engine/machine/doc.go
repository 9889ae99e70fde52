// Package machine turns definition files into checked, compiled definitions: it
// implements engine.Definitions over the data of folder workflows.
//
// Load reads the folders services, procedures, forms, subforms, registries,
// offices, parameters and calendars of a file system and refuses the whole set
// when anything in it is wrong, naming every fault by file, line and column with
// a way to mend it (Finding). What it accepts is immutable and safe to share.
//
// May import: the standard library, engine, engine/calendar, cel.dev/cel-go,
// looplab/fsm (this package alone), santhosh-tekuri/jsonschema, goccy/go-yaml
// and x/text.
//
// Invariants kept here:
//   - No input makes Load panic, hang or recurse without bound.
//   - A set that loads has, in every procedure, no unreachable state, no state
//     without a way to an end, no unknown name, and no expression that does not
//     type-check against the forms.
//   - An fsm.FSM lives for one Fire: built from the transitions legal in the
//     current state, fired once without any caller's context, and dropped.
//   - Expressions take and give plain values (see engine.Vars) and are bounded by
//     a cost limit; they see no clock but the `now` handed in.
//   - A service's hash covers everything that decides and no text for people.
package machine
