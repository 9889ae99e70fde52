package api

import (
	"context"
	"net/http"
	"slices"

	"lienthong/engine"
	"lienthong/engine/diagram"
	"lienthong/engine/runtime"
)

// Place is where something stands in a definition file.
type Place struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

// DefinitionFinding is one thing that is wrong with a definition file.
type DefinitionFinding struct {
	Place
	Severity string     `json:"severity" enum:"error,warning,note"`
	Code     string     `json:"code"`
	Message  Text       `json:"message"`
	Hint     Text       `json:"hint,omitzero"`
	Service  string     `json:"service,omitempty" doc:"Of the search that found it"`
	Version  string     `json:"version,omitempty"`
	Story    []StoryAct `json:"story,omitempty" doc:"The shortest way there"`
	Played   string     `json:"played,omitempty" doc:"Whether the core played the story: replayed or possible"`
}

// StoryAct is one act of the shortest story that leads to a finding.
type StoryAct struct {
	Step    string `json:"step,omitempty"`
	Action  string `json:"action"`
	By      string `json:"by"`
	Reply   string `json:"reply,omitempty"`
	Party   string `json:"party,omitempty"`
	Refused bool   `json:"refused,omitempty" doc:"By its condition"`
	From    string `json:"from,omitempty"`
	To      string `json:"to,omitempty"`
}

// Difference is one thing that decides otherwise under another version.
type Difference struct {
	Path   string `json:"path" doc:"What it is about, such as procedures.birth_registration.actions.sign.by"`
	Kind   string `json:"kind" enum:"added,removed,changed"`
	Text   Text   `json:"text"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
	Old    *Place `json:"old,omitempty" doc:"In the file of the old version"`
	New    *Place `json:"new,omitempty" doc:"In the file of the new version"`
}

// PublishedVersion names a version that files make.
type PublishedVersion struct {
	Service string `json:"service"`
	Version string `json:"version"`
	Hash    string `json:"hash" doc:"Over everything that decides"`
}

// PublishReport is what files hold, and what became of them.
type PublishReport struct {
	Good      bool                `json:"good" doc:"No finding is an error"`
	Findings  []DefinitionFinding `json:"findings"`
	New       []PublishedVersion  `json:"new" doc:"Versions that are not published yet"`
	Published bool                `json:"published" doc:"They are now"`
}

type versionView struct {
	PublishedVersion
	Title   Text          `json:"title"`
	From    Time          `json:"from,omitzero" doc:"In force for applications filed from"`
	To      Time          `json:"to,omitzero" doc:"Exclusive"`
	InForce bool          `json:"in_force" doc:"It may be made the default: its days have begun and not ended"`
	Current bool          `json:"current" doc:"Applications are filed under it now"`
	By      string        `json:"by" doc:"Who published it; system = it is built in"`
	At      Time          `json:"at"`
	Files   []string      `json:"files,omitempty" doc:"That came with it"`
	Default []defaultView `json:"made_default" doc:"When it was made the default, oldest first"`
}

type defaultView struct {
	By   string `json:"by"`
	At   Time   `json:"at"`
	Note string `json:"note,omitempty"`
}

type versionList struct {
	Body struct {
		Versions []versionView `json:"versions" doc:"In the order of publication"`
	}
}

// DefinitionFiles are definition files by path.
type DefinitionFiles struct {
	Files map[string]string `json:"files" doc:"Path (services/…, procedures/…, forms/…, subforms/…) → YAML"`
}

func (s *Server) routeDefinitions() {
	admin, readers := only(roleAdministrator), only(roleAdministrator, roleTester)
	path := base + "/definitions"
	const tag = "definitions"
	route(s, op{method: http.MethodGet, path: path, id: "list-definitions", tag: tag, summary: "Published versions of services", status: 200, who: readers}, s.listVersions)
	route(s, op{method: http.MethodGet, path: path + "/{id}", id: "get-definition", tag: tag, summary: "Published versions of one service", status: 200, who: readers}, s.getVersions)
	route(s, op{method: http.MethodPost, path: path + "/check-files", id: "check-definition-files", tag: tag, summary: "Compile and search definition files, beside what is published; nothing is kept", status: 200, who: readers, body: maxDefinitions, errors: []int{409, 422}}, s.checkFiles)
	route(s, op{method: http.MethodPost, path: path + "/draw", id: "draw-definition-files", tag: tag, summary: "A version that definition files hold, or the machine of one of its steps, drawn; nothing is kept", status: 200, who: readers, body: maxDefinitions, errors: []int{404, 409, 422}}, s.drawFiles, asPicture)
	route(s, op{method: http.MethodPost, path: path + "/publish", id: "publish-definitions", tag: tag, summary: "Search and publish the new versions that files hold, unless there are errors; nobody files under them yet", status: 200, who: admin, body: maxDefinitions, errors: []int{409, 422}}, s.publish)
	route(s, op{method: http.MethodPost, path: path + "/default", id: "default-definition", tag: tag, summary: "Have applications filed under a published version, within the days it is in force", status: 200, who: admin, errors: []int{404, 422}}, s.makeDefault)
	route(s, op{method: http.MethodPost, path: path + "/diff", id: "diff-definitions", tag: tag, summary: "What decides otherwise under another version, in words", status: 200, who: readers, errors: []int{404, 422}}, s.diffDefinitions)
	route(s, op{method: http.MethodPost, path: path + "/migrations", id: "migrate-cases", tag: tag, summary: "Move running cases to another version; a dry run says of each what would change", status: 200, who: admin, errors: []int{404, 422}}, s.migrateCases)
	route(s, op{method: http.MethodPost, path: base + "/cases/{code}/revert", id: "revert-case", tag: tag, summary: "Take a case's migration back, while nothing else has happened", status: 200, who: admin, errors: []int{409}}, s.revertCase)
}

// maxDefinitions bounds the files of one call.
const maxDefinitions = 5 << 20

func (s *Server) publisher() (Publisher, error) {
	if s.cfg.Publisher == nil {
		return nil, engine.Fail(engine.Unavailable, "Máy chủ này không công bố định nghĩa.", "This server publishes no definitions.")
	}
	return s.cfg.Publisher, nil
}

func (s *Server) listVersions(ctx context.Context, _ *struct{}) (*versionList, error) {
	return s.versions(ctx, "")
}

func (s *Server) getVersions(ctx context.Context, in *struct {
	ID string `path:"id" maxLength:"100"`
}) (*versionList, error) {
	out, err := s.versions(ctx, in.ID)
	if err == nil && len(out.Body.Versions) == 0 {
		return nil, engine.Fail(engine.NotFound, "Không có dịch vụ "+in.ID+".", "There is no service "+in.ID+".")
	}
	return out, err
}

func (s *Server) versions(ctx context.Context, service string) (*versionList, error) {
	p, err := s.publisher()
	if err != nil {
		return nil, err
	}
	published, defaults, err := p.History(ctx)
	if err != nil {
		return nil, err
	}
	now := s.cfg.Runtime.Now()
	out := &versionList{}
	out.Body.Versions = []versionView{}
	for _, o := range published {
		if service != "" && o.Service != service {
			continue
		}
		v := versionView{PublishedVersion: PublishedVersion{o.Service, o.Version, o.Hash}, By: o.By, At: at(o.At), Default: []defaultView{}}
		for name := range o.Files {
			v.Files = append(v.Files, name)
		}
		slices.Sort(v.Files)
		if svc, err := s.cfg.Definitions.Service(o.Service, o.Version); err == nil {
			view := s.serviceOf(svc, now)
			v.Title, v.From, v.To, v.Current = view.Title, view.From, view.To, view.InForce
			v.InForce = !now.Before(svc.From) && (svc.To.IsZero() || now.Before(svc.To))
		}
		for _, d := range defaults {
			if d.Service == o.Service && d.Version == o.Version {
				v.Default = append(v.Default, defaultView{d.By, at(d.At), d.Note})
			}
		}
		out.Body.Versions = append(out.Body.Versions, v)
	}
	return out, nil
}

func (s *Server) checkFiles(ctx context.Context, in *struct {
	Body DefinitionFiles
}) (*struct{ Body PublishReport }, error) {
	p, err := s.publisher()
	if err != nil {
		return nil, err
	}
	return s.checked(ctx, p, in.Body.Files)
}

func (s *Server) checked(ctx context.Context, p Publisher, files map[string]string) (*struct{ Body PublishReport }, error) {
	r, err := p.Check(ctx, files)
	if err != nil {
		return nil, err
	}
	return &struct{ Body PublishReport }{r}, nil
}

func (s *Server) drawFiles(ctx context.Context, in *struct {
	Body struct {
		DefinitionFiles
		Service string `json:"service" minLength:"1" maxLength:"100"`
		Version string `json:"version" minLength:"1" maxLength:"100"`
		Step    string `json:"step,omitempty" maxLength:"60" doc:"The machine of this step; without it the linked graph"`
		State   string `json:"state,omitempty" maxLength:"60" doc:"Lit as the current one"`
	}
}) (*pictureAnswer, error) {
	p, err := s.publisher()
	if err != nil {
		return nil, err
	}
	svc, err := p.Draft(ctx, in.Body.Files, in.Body.Service, in.Body.Version)
	if err != nil {
		return nil, err
	}
	if in.Body.Step == "" {
		return svgAnswer(diagram.Service(svc, s.drawing(ctx))), nil
	}
	st := svc.Step(in.Body.Step)
	if st == nil {
		return nil, notFound()
	}
	return s.machinePicture(ctx, st, in.Body.State), nil
}

func (s *Server) publish(ctx context.Context, in *struct {
	Keyed
	Body struct {
		DefinitionFiles
		DryRun bool `json:"dry_run,omitempty" doc:"Only say what would be published"`
	}
}) (*struct{ Body PublishReport }, error) {
	p, err := s.publisher()
	if err != nil {
		return nil, err
	}
	if in.Body.DryRun {
		return s.checked(ctx, p, in.Body.Files)
	}
	var r PublishReport
	err = s.cfg.Runtime.Once(ctx, in.asked(ctx), &r, func(keep func() *engine.Answer) (err error) {
		r, err = p.Publish(ctx, callerOf(ctx).account.ID, in.Body.Files, func(published *PublishReport) *engine.Answer {
			r = *published
			return keep()
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	return &struct{ Body PublishReport }{r}, nil
}

func (s *Server) makeDefault(ctx context.Context, in *struct {
	Keyed
	Body struct {
		Service string `json:"service" minLength:"1" maxLength:"100"`
		Version string `json:"version" minLength:"1" maxLength:"100"`
		Note    string `json:"note,omitempty" maxLength:"500"`
		DryRun  bool   `json:"dry_run,omitempty" doc:"Only say what it would be"`
	}
}) (*versionList, error) {
	p, err := s.publisher()
	if err != nil {
		return nil, err
	}
	b := in.Body
	if _, err := s.cfg.Definitions.Service(b.Service, b.Version); err != nil {
		return nil, err
	}
	if !b.DryRun {
		// Only that it is done is kept: the list is told as it stands.
		err := s.cfg.Runtime.Once(ctx, in.asked(ctx), &struct{}{}, func(keep func() *engine.Answer) error {
			return p.MakeDefault(ctx, callerOf(ctx).account.ID, b.Service, b.Version, b.Note, keep())
		})
		if err != nil {
			return nil, err
		}
	}
	return s.versions(ctx, b.Service)
}

func (s *Server) diffDefinitions(_ context.Context, in *struct {
	Body struct {
		Service string `json:"service" minLength:"1" maxLength:"100"`
		From    string `json:"from" minLength:"1" maxLength:"100"`
		To      string `json:"to" minLength:"1" maxLength:"100"`
	}
}) (*struct {
	Body struct {
		Differences []Difference `json:"differences"`
	}
}, error) {
	p, err := s.publisher()
	if err != nil {
		return nil, err
	}
	ds, err := p.Diff(in.Body.Service, in.Body.From, in.Body.To)
	if err != nil {
		return nil, err
	}
	out := &struct {
		Body struct {
			Differences []Difference `json:"differences"`
		}
	}{}
	out.Body.Differences = append([]Difference{}, ds...)
	return out, nil
}

type migrationBody struct {
	Service string                       `json:"service" minLength:"1" maxLength:"100"`
	From    string                       `json:"from" minLength:"1" maxLength:"100" doc:"Version"`
	To      string                       `json:"to" minLength:"1" maxLength:"100" doc:"Version"`
	States  map[string]map[string]string `json:"states,omitempty" doc:"step → state → state; what is not named keeps its name"`
	Reason  string                       `json:"reason,omitempty" maxLength:"500"`
	Cases   []string                     `json:"cases,omitempty" maxItems:"1000" doc:"These alone; without them every running case of the version"`
	After   string                       `json:"after,omitempty" maxLength:"100" doc:"Only cases after this one: next of the call before"`
	Limit   int                          `json:"limit,omitempty" minimum:"1" maximum:"1000"`
	DryRun  bool                         `json:"dry_run,omitempty"`
}

type migrationAnswer struct {
	DryRun  bool                `json:"dry_run"`
	Moved   int                 `json:"moved"`
	Refused int                 `json:"refused"`
	Cases   []caseMigrationView `json:"cases"`
	Next    string              `json:"next,omitempty"`
}

type caseMigrationView struct {
	Case    string           `json:"case"`
	Moved   bool             `json:"moved"`
	Refused *Text            `json:"refused,omitempty" doc:"Why it stays"`
	Due     *timesView       `json:"due,omitempty" doc:"Of the whole chain, when it changes"`
	Steps   []stepChangeView `json:"steps,omitempty" doc:"Parts that change"`
}

type timesView struct {
	Before Time `json:"before,omitzero"`
	After  Time `json:"after,omitzero"`
}

type stepChangeView struct {
	Step    string      `json:"step"`
	New     bool        `json:"new,omitempty" doc:"Only the new version has it"`
	Status  string      `json:"status"`
	From    string      `json:"from,omitempty" doc:"State"`
	To      string      `json:"to,omitempty" doc:"State"`
	Due     *timesView  `json:"due,omitempty"`
	Timers  []nextTimer `json:"timers,omitempty" doc:"As they stand afterwards"`
	Gained  []string    `json:"gained,omitempty" doc:"Actions"`
	Lost    []string    `json:"lost,omitempty" doc:"Actions"`
	Handed  bool        `json:"handed,omitempty" doc:"It is handed other values"`
	Parties bool        `json:"parties,omitempty" doc:"Other people are asked"`
}

type nextTimer struct {
	Action string `json:"action,omitempty"`
	Kind   string `json:"kind"`
	At     Time   `json:"at"`
}

func (s *Server) migrateCases(ctx context.Context, in *struct {
	Keyed
	Body migrationBody
}) (*struct{ Body migrationAnswer }, error) {
	b := in.Body
	ms, err := s.cfg.Runtime.Migrate(ctx, runtime.Migration{Actor: callerOf(ctx).actor, Key: in.Key, Digest: digestOf(ctx), Service: b.Service, From: b.From, To: b.To,
		States: b.States, Reason: b.Reason, Cases: b.Cases, After: b.After, Limit: b.Limit, DryRun: b.DryRun})
	if err != nil {
		return nil, err
	}
	out := migrationAnswer{DryRun: ms.DryRun, Moved: ms.Moved, Refused: ms.Refused, Next: ms.Next, Cases: []caseMigrationView{}}
	for _, m := range ms.Cases {
		out.Cases = append(out.Cases, caseMigrationOf(m, ms.DryRun))
	}
	return &struct{ Body migrationAnswer }{out}, nil
}

func caseMigrationOf(m runtime.CaseMigration, dry bool) caseMigrationView {
	v := caseMigrationView{Case: m.Case, Moved: m.Refused == nil && !dry, Due: timesOf(m.Due)}
	if m.Refused != nil {
		v.Refused = &m.Refused.Detail
	}
	for _, c := range m.Steps {
		x := stepChangeView{Step: c.Step, New: c.New, Status: string(c.Status), From: c.From, To: c.To, Due: timesOf(c.Due),
			Gained: c.Gained, Lost: c.Lost, Handed: c.Handed, Parties: c.Parties}
		for _, t := range c.Timers {
			x.Timers = append(x.Timers, nextTimer{t.Action, t.Kind, at(t.At)})
		}
		v.Steps = append(v.Steps, x)
	}
	return v
}

func timesOf(t runtime.Times) *timesView {
	if t == (runtime.Times{}) {
		return nil
	}
	return &timesView{at(t.Before), at(t.After)}
}

func (s *Server) revertCase(ctx context.Context, in *struct {
	Keyed
	CasePath
	Body struct {
		Reason string `json:"reason,omitempty" maxLength:"500"`
	}
}) (*struct {
	Body struct {
		Case    string `json:"case"`
		Version string `json:"version"`
	}
}, error) {
	input := map[string]any{}
	if in.Body.Reason != "" {
		input["reason"] = in.Body.Reason
	}
	res, err := s.cfg.Runtime.Do(ctx, runtime.Request{Key: in.Key, Digest: digestOf(ctx),
		Command: engine.Command{Action: engine.ActRevert, Case: in.Code, Actor: callerOf(ctx).actor, Input: input}})
	if err != nil {
		return nil, err
	}
	out := &struct {
		Body struct {
			Case    string `json:"case"`
			Version string `json:"version"`
		}
	}{}
	out.Body.Case, out.Body.Version = res.Case.Code, res.Case.Version
	return out, nil
}
