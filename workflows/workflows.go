// Package workflows holds the data files that say what the law says: services,
// procedures, forms, registries, offices, parameters and calendars, and the
// loader that embeds them. docs/definitions.md describes their language.
//
// May import: the standard library, engine, engine/machine.
package workflows

import (
	"embed"
	"io/fs"

	"lienthong/engine/machine"
)

// files are the definitions as built into the binary.
//
//go:embed */*.yaml scenarios/parts/*.yaml
var files embed.FS

// Files are the embedded definitions.
func Files() fs.FS { return files }

// Load compiles the embedded definitions.
func Load() (*machine.Set, error) { return machine.Load(files) }

// LoadDir compiles definitions from another place, laid out in the same folders:
// os.DirFS for a directory.
func LoadDir(fsys fs.FS) (*machine.Set, error) { return machine.Load(fsys) }
