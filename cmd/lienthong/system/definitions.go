package system

import (
	"context"
	"maps"
	"slices"

	"lienthong/api"
	"lienthong/engine"
	"lienthong/engine/machine"
	"lienthong/engine/verify"
	"lienthong/workflows"
)

// publishing presents the publisher to the surface.
type publishing struct{ *workflows.Publisher }

// Publish implements api.Publisher.
func (p publishing) Publish(ctx context.Context, by string, files map[string]string, answer func(*api.PublishReport) *engine.Answer) (api.PublishReport, error) {
	r, err := p.Check(ctx, files)
	if err != nil || !r.Good || len(r.New) == 0 {
		return r, err
	}
	r.Published = true
	if _, err = p.Publisher.Publish(ctx, by, files, answer(&r)); err != nil {
		r.Published = false
	}
	return r, err
}

// Check implements api.Publisher: it compiles, and searches the new versions.
func (p publishing) Check(ctx context.Context, files map[string]string) (api.PublishReport, error) {
	d, err := p.Publisher.Check(ctx, files)
	r := reportOf(d)
	if err != nil || d.Set == nil {
		return r, err
	}
	versions := map[string][]string{}
	for _, s := range d.New {
		versions[s.ID] = append(versions[s.ID], s.Version)
	}
	for _, id := range slices.Sorted(maps.Keys(versions)) {
		found, err := verify.Check(ctx, d.Set, verify.Options{Service: id, Versions: versions[id], Staff: OfficeStaff(d.Set.Offices())})
		if err != nil {
			return r, err
		}
		for _, f := range found.Findings {
			if f.Service == "" {
				continue // told by the compiler
			}
			x := findingOf(f.Finding)
			x.Service, x.Version, x.Played = f.Service, f.Version, f.Played
			for _, a := range f.Story {
				x.Story = append(x.Story, api.StoryAct{Step: a.Step, Action: a.Action, By: a.By, Reply: a.Reply, Party: a.Party, Refused: a.Refused, From: a.From, To: a.To})
			}
			r.Findings = append(r.Findings, x)
			r.Good = r.Good && f.Severity != machine.SeverityError
		}
	}
	return r, nil
}

// Draft implements api.Publisher.
func (p publishing) Draft(ctx context.Context, files map[string]string, service, version string) (*engine.Service, error) {
	d, err := p.Publisher.Check(ctx, files)
	if err != nil {
		return nil, err
	}
	if d.Set == nil {
		return nil, engine.Fail(engine.NotFound, "Các tệp chưa biên dịch được.", "The files do not compile.")
	}
	return d.Set.Service(service, version)
}

// Diff implements api.Publisher.
func (p publishing) Diff(service, from, to string) ([]api.Difference, error) {
	set := p.Live.Set()
	a, err := set.Service(service, from)
	if err != nil {
		return nil, err
	}
	b, err := set.Service(service, to)
	if err != nil {
		return nil, err
	}
	var out []api.Difference
	for _, d := range machine.Diff(set, a, set, b) {
		out = append(out, api.Difference{Path: d.Path, Kind: d.Kind, Text: d.Text, Before: d.Before, After: d.After, Old: placeOf(d.Old), New: placeOf(d.New)})
	}
	return out, nil
}

func placeOf(p *machine.Place) *api.Place {
	if p == nil {
		return nil
	}
	return &api.Place{File: p.File, Line: p.Line, Column: p.Column}
}

func reportOf(d workflows.Draft) api.PublishReport {
	r := api.PublishReport{Good: d.Set != nil, Findings: []api.DefinitionFinding{}, New: []api.PublishedVersion{}}
	for _, f := range d.Findings {
		r.Findings = append(r.Findings, findingOf(f))
	}
	for _, s := range d.New {
		r.New = append(r.New, api.PublishedVersion{Service: s.ID, Version: s.Version, Hash: s.Hash})
	}
	return r
}

func findingOf(f machine.Finding) api.DefinitionFinding {
	return api.DefinitionFinding{Place: api.Place{File: f.File, Line: f.Line, Column: f.Column}, Severity: string(f.Severity), Code: f.Code, Message: f.Message, Hint: f.Hint}
}

var _ api.Publisher = publishing{}

// versions publishes what is built in, and takes definitions into use.
func (s *System) versions(ctx context.Context, c Config) (err error) {
	if c.Definitions != nil { // somebody else's set: nothing is published over it
		s.Definitions, s.live = c.Definitions, machine.NewLive(c.Definitions, nil)
		return nil
	}
	if s.publisher, err = workflows.OpenPublisher(ctx, workflows.Files(), s.Store, s.Clock.Now); err != nil {
		return err
	}
	s.live = s.publisher.Live
	s.Definitions = s.live.Set()
	return nil
}
