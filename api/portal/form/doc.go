// Package form turns a JSON Schema (2020-12) into questions for people, and what
// people post back into JSON.
//
// A form is asked in parts: [Form.Pages] lists the properties of the top, and
// [Form.Ask] gives the questions of one of them as a tree, with the values so far.
// Questions that a condition of the schema rules out are not asked: if/then/else and
// properties that are `false` are evaluated against the values so far. [Form.Take]
// puts a posted page into the values, [Form.Answer] gives what is sent: without what
// is not asked and without empty groups.
//
// The package checks nothing but shapes. Whether an answer is right is told by the
// surface, whose problems carry JSON Pointers; a question's pointer is the name of
// its field, so they meet.
//
// # What it understands
//
// type, enum, const, format (date, date-time, email), pattern and lengths for hints,
// properties, required, items, $ref inside the document, allOf, if/then/else, oneOf
// and anyOf of required properties, contains with a const, and these annotations:
//
//   - x-label, x-help, x-message: texts {vi, en}; x-enum-labels: word → text
//   - x-source: the register that knows it; x-needed-by: the steps that need it
//   - x-suggested: a register's value here and below is only a proposal, changing it disputes nothing
//   - x-goes-with: a register's value here and below holds only while the property beside it that is named stands as the register has it
//   - x-like: what was answered at the pointer that it names is proposed here
//   - x-input: commune, province, document or long, where the type says too little
//
// # What it may import
//
// The standard library and the JSON Schema library, which evaluates conditions. It
// knows nothing of HTTP, templates or this system's forms.
package form
