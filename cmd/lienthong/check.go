package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/goccy/go-yaml"

	"lienthong/cmd/lienthong/system"
	"lienthong/engine/verify"
	"lienthong/workflows"
)

type checkCommand struct {
	Dir       string `arg:"" optional:"" type:"existingdir" help:"Folder of definitions (services/, procedures/, …); the built-in ones without it."`
	Service   string `help:"Check this service only."`
	Lang      string `help:"Language of the report: vi or en." enum:"vi,en" default:"vi"`
	MaxStates int    `help:"Most abstract states for one step and what it needs." default:"250000"`
	NoReplay  bool   `help:"Do not play the stories again through the core."`
}

// staffFile may stand in a folder of definitions: office id → roles held there.
const staffFile = "staff.yaml"

// Run checks definitions; what is wrong with them is exit 1.
func (c *checkCommand) Run(e *env) error {
	files := workflows.Files()
	o := verify.Options{Service: c.Service, MaxStates: c.MaxStates, NoReplay: c.NoReplay}
	if c.Dir != "" {
		var err error
		if files, err = folder(c.Dir); err != nil {
			return err
		}
		staff, err := readStaff(filepath.Join(c.Dir, staffFile))
		if err != nil {
			return err
		}
		o.Staff = staff
	} else {
		set, err := workflows.Load()
		if err != nil {
			return err
		}
		o.Staff = system.OfficeStaff(set.Offices())
	}
	r, err := verify.CheckFS(e.ctx, files, o)
	if err != nil {
		return err
	}
	if e.asJSON {
		err = e.json(r)
	} else {
		err = r.Write(e.out, c.Lang)
	}
	if err == nil && r.Errors > 0 {
		return errNotGood
	}
	return err
}

// readStaff reads who holds which role; nil when the file is not there: roles are
// then not checked.
func readStaff(file string) (map[string][]string, error) {
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out := map[string][]string{}
	if err := yaml.UnmarshalWithOptions(b, &out, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return out, nil
}
