package machine

import "lienthong/engine"

// Codes lists every finding code, sorted.
func Codes() []string { return keysOf(catalogue) }

// Forms lists every form, by id.
func (s *Set) Forms() []*engine.Form { return sortedValues(s.forms) }

// Subforms lists every generated form, by id.
func (s *Set) Subforms() []*Subform { return sortedValues(s.subforms) }
