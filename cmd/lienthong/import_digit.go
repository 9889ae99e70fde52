package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"lienthong/engine"
	"lienthong/workflows/digit"
)

type importDigitCommand struct {
	File   string            `arg:"" help:"Business services of eGov DIGIT, as JSON." type:"existingfile"`
	Out    string            `help:"Write the definitions into this folder; without it they are only described." type:"path"`
	Agency string            `help:"Kind of agency of ours that handles it, such as civil_status; a stand-in without it."`
	Role   map[string]string `help:"Take a role as one of ours: --role TL_CEMP=reception." placeholder:"ROLE=OURS"`
	From   string            `help:"Day from which the version is in force." default:"2026-01-01"`
	Lang   string            `help:"Language: vi or en." enum:"vi,en" default:"vi"`
	Force  bool              `help:"Replace files that are there with another content."`
}

// Run converts one file. Exit 1 when something of the original is missing in the
// result.
func (c *importDigitCommand) Run(e *env) error {
	data, err := readAtMost(c.File, digit.MaxSize+1)
	if err != nil {
		return err
	}
	r := digit.Convert(c.File, data, digit.Options{Agency: c.Agency, Roles: c.Role, From: c.From})
	if c.Out != "" {
		if err := c.write(r); err != nil {
			return err
		}
	}
	if e.asJSON {
		err = e.json(r)
	} else {
		c.print(e, r)
	}
	if err == nil && (r.Errors > 0 || len(r.Procedures) == 0) {
		return errNotGood
	}
	return err
}

func readAtMost(name string, n int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, n))
	return data, errors.Join(err, f.Close())
}

func (c *importDigitCommand) print(e *env, r digit.Result) {
	for _, f := range r.Findings {
		fmt.Fprintln(e.out, f.In(c.Lang))
	}
	for _, p := range r.Procedures {
		fmt.Fprintf(e.out, engine.Text{VI: "%s → %s: %d trạng thái, %d chuyển\n", EN: "%s → %s: %d states, %d transitions\n"}.In(c.Lang), p.Name, p.ID, p.States, len(p.Transitions))
	}
	if c.Out != "" {
		for _, name := range r.Names {
			fmt.Fprintln(e.out, filepath.Join(c.Out, name))
		}
	}
}

// write puts the files where they belong. A file that is there already with another
// content may be somebody's work: it stays unless forced.
func (c *importDigitCommand) write(r digit.Result) error {
	if !c.Force {
		for _, name := range r.Names {
			have, err := os.ReadFile(filepath.Join(c.Out, name))
			if err == nil && !bytes.Equal(have, r.Files[name]) {
				return fmt.Errorf("%s is there with another content; --force replaces it", filepath.Join(c.Out, name))
			}
		}
	}
	for _, name := range r.Names {
		path := filepath.Join(c.Out, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, r.Files[name], 0o644); err != nil {
			return err
		}
	}
	return nil
}
