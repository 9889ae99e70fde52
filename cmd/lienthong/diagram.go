package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"lienthong/engine"
	"lienthong/engine/diagram"
	"lienthong/engine/machine"
	"lienthong/workflows"
)

type diagramCommand struct {
	Name    string `arg:"" help:"A service (birth) or a procedure (birth_registration)."`
	Version string `help:"Version of the service; the newest without it."`
	Dir     string `help:"Draw definitions of this folder instead of those built in." type:"existingdir"`
	Format  string `help:"svg, mermaid or dot." enum:"svg,mermaid,dot" default:"svg"`
	Lang    string `help:"Language of the labels: vi or en." enum:"vi,en" default:"vi"`
	Detail  bool   `help:"A service with the main states of every step."`
	Out     string `help:"Write to this file instead of the output." short:"o" type:"path"`
}

// Run draws one graph.
func (c *diagramCommand) Run(e *env) error {
	set, err := definitions(c.Dir)
	if err != nil {
		return err
	}
	agencies, err := workflows.Agencies()
	if err != nil {
		return err
	}
	nameAgencies(agencies, set)
	registries := map[string]engine.Text{}
	for _, r := range set.Registries() {
		registries[r.ID] = r.Title
	}
	opt := diagram.Options{Lang: c.Lang, Detail: c.Detail, Agencies: agencies, Registries: registries}
	g, err := c.graph(set, opt)
	if err != nil {
		return err
	}
	var b []byte
	switch c.Format {
	case "mermaid":
		b = []byte(g.Mermaid())
	case "dot":
		b = []byte(g.DOT())
	default:
		b = g.SVG()
	}
	if c.Out != "" {
		return os.WriteFile(c.Out, b, 0o644)
	}
	_, err = e.out.Write(b)
	return err
}

// nameAgencies titles the agencies that nobody named after their only office, so that
// the pictures of an import say more than an id.
func nameAgencies(titles map[string]engine.Text, set *machine.Set) {
	offices := map[string][]engine.Office{}
	for _, o := range set.Offices() {
		offices[o.Agency] = append(offices[o.Agency], o)
	}
	for id, all := range offices {
		if _, named := titles[id]; !named && len(all) == 1 {
			titles[id] = all[0].Name
		}
	}
}

func (c *diagramCommand) graph(set *machine.Set, opt diagram.Options) (diagram.Graph, error) {
	var newest *engine.Service
	var names []string
	for _, s := range set.Services() {
		names = append(names, s.ID)
		if s.ID == c.Name && (c.Version == "" || s.Version == c.Version) && (newest == nil || s.Version > newest.Version) {
			newest = s
		}
	}
	if newest != nil {
		return diagram.Service(newest, opt), nil
	}
	for _, s := range slices.Backward(set.Services()) {
		for _, st := range s.Steps {
			names = append(names, st.Procedure.ID)
			if st.Procedure.ID == c.Name && (c.Version == "" || s.Version == c.Version) {
				return diagram.Procedure(st.Procedure, opt), nil
			}
		}
	}
	slices.Sort(names)
	return diagram.Graph{}, fmt.Errorf("no service or procedure %q (version %q); there are: %s", c.Name, c.Version, strings.Join(slices.Compact(names), ", "))
}
