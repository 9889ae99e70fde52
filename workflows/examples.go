package workflows

import (
	"embed"
	"fmt"
	"io/fs"
	"time"

	"lienthong/engine"
)

//go:embed examples/*.json
var examples embed.FS

// Example is a valid application of a seeded person, for the demonstration, the
// tests and whoever writes a client.
type Example struct {
	Story       string         `json:"story"`
	Service     string         `json:"service"`
	Filed       time.Time      `json:"filed"` // an instant at which it may be filed
	Requester   engine.Person  `json:"requester"`
	Application map[string]any `json:"application"`
}

// Examples are the example files.
func Examples() fs.FS {
	sub, err := fs.Sub(examples, "examples")
	if err != nil {
		panic(err) // the folder is embedded
	}
	return sub
}

// LoadExample reads an embedded example.
func LoadExample(name string) (Example, error) { return ReadExample(Examples(), name) }

// ReadExample reads <name>.json of a folder of examples.
func ReadExample(fsys fs.FS, name string) (Example, error) {
	b, err := fs.ReadFile(fsys, name+".json")
	if err != nil {
		return Example{}, fmt.Errorf("no example %q: %w", name, err)
	}
	var e Example
	if err := engine.Unmarshal(b, &e); err != nil {
		return Example{}, fmt.Errorf("example %s: %w", name, err)
	}
	return e, nil
}

// AgreeReply makes a reply that was drawn from a registry's schemas agree with what
// was asked, where the schemas do not say how. A personal number tells the sex, the
// century and the year of birth (NĐ 137/2015 art. 13).
func AgreeReply(registry, operation string, input, reply map[string]any) {
	if registry != "population" || operation != "assign_personal_id" {
		return
	}
	id, born := engine.Str(reply, "id"), engine.Str(input, "child", "birth_date")
	if len(id) != 12 || len(born) < 4 {
		return
	}
	sex := 0
	if engine.Str(input, "child", "sex") == "female" {
		sex = 1
	}
	if born >= "2000" {
		sex += 2
	}
	reply["id"] = fmt.Sprintf("%s%d%s%s", id[:3], sex, born[2:4], id[6:])
}
