package main

import (
	"errors"
	"fmt"
	"strings"

	"lienthong/engine"
	"lienthong/engine/machine"
)

type diffCommand struct {
	A    string `arg:"" help:"A version of a service: birth@2024-07-01; without @ the newest."`
	B    string `arg:"" optional:"" help:"Another one; the same as A without it, for two folders."`
	Dir  string `help:"Folder of A, and of B without --to." type:"existingdir"`
	To   string `help:"Folder of B." type:"existingdir"`
	Lang string `help:"Language: vi or en." enum:"vi,en" default:"vi"`
}

// Validate refuses to compare a version with itself.
func (c *diffCommand) Validate() error {
	if c.To == "" && (c.B == "" || c.B == c.A) {
		return errors.New("want two versions, or two folders by --dir and --to")
	}
	return nil
}

// Run says what decides otherwise under B.
func (c *diffCommand) Run(e *env) error {
	if c.B == "" {
		c.B = c.A
	}
	if c.To == "" {
		c.To = c.Dir
	}
	setA, err := definitions(c.Dir)
	if err != nil {
		return err
	}
	setB := setA
	if c.To != c.Dir {
		if setB, err = definitions(c.To); err != nil {
			return err
		}
	}
	a, err := versionOf(setA, c.A)
	if err != nil {
		return err
	}
	b, err := versionOf(setB, c.B)
	if err != nil {
		return err
	}
	ds := machine.Diff(setA, a, setB, b)
	if e.asJSON {
		return e.json(map[string]any{"a": c.A, "b": c.B, "hash_a": a.Hash, "hash_b": b.Hash, "differences": append([]machine.Difference{}, ds...)})
	}
	for _, d := range ds {
		at := d.New
		if at == nil {
			at = d.Old
		}
		fmt.Fprintf(e.out, "%s: %s\n", at, d.Text.In(c.Lang))
	}
	fmt.Fprintln(e.out, engine.Text{
		VI: fmt.Sprintf("%s@%s (%s) → %s@%s (%s): %d khác biệt.", a.ID, a.Version, a.Hash, b.ID, b.Version, b.Hash, len(ds)),
		EN: fmt.Sprintf("%s@%s (%s) → %s@%s (%s): %d differences.", a.ID, a.Version, a.Hash, b.ID, b.Version, b.Hash, len(ds)),
	}.In(c.Lang))
	return nil
}

// versionOf finds service@version in a set.
func versionOf(set *machine.Set, name string) (*engine.Service, error) {
	id, version, given := strings.Cut(name, "@")
	var newest *engine.Service
	var known []string
	for _, s := range set.Services() {
		known = append(known, s.ID+"@"+s.Version)
		if s.ID == id && (!given || s.Version == version) && (newest == nil || s.Version > newest.Version) {
			newest = s
		}
	}
	if newest == nil {
		return nil, fmt.Errorf("no service %q; there are: %s", name, strings.Join(known, ", "))
	}
	return newest, nil
}
