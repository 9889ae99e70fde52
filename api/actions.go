package api

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"lienthong/engine"
	"lienthong/engine/runtime"
)

// actBody is an act: the action's own input, and a comment.
type actBody struct {
	Input   Object `json:"input,omitempty" doc:"As the action's schema says, see actions in GET /cases/{code}"`
	Comment string `json:"comment,omitempty" maxLength:"2000"`
}

type assignBody struct {
	Account string `json:"account" minLength:"1" maxLength:"100"`
	Comment string `json:"comment,omitempty" maxLength:"2000"`
}

type transferBody struct {
	Office  string `json:"office" minLength:"1" maxLength:"100"`
	Reason  string `json:"reason" minLength:"1" maxLength:"2000"`
	Comment string `json:"comment,omitempty" maxLength:"2000"`
}

type refileBody struct {
	Application Object `json:"application,omitempty" doc:"The corrected application; absent takes the one that was filed"`
	Comment     string `json:"comment,omitempty" maxLength:"2000"`
}

type commentBody struct {
	Comment string `json:"comment,omitempty" maxLength:"2000"`
}

type actAnswer struct {
	ETag string `header:"ETag"`
	Body receipt
}

// StepPath names a dossier in an address.
type StepPath struct {
	CasePath
	Step string `path:"step" maxLength:"60"`
}

func (s *Server) routeActions() {
	path := base + "/cases/{code}"
	errs := []int{409, 412, 428}
	write := func(p, id, summary string) op {
		return op{method: http.MethodPost, path: path + p, id: id, tag: "actions", summary: summary, status: 200, who: caseFolk, errors: errs}
	}
	route(s, write("/actions/{action}", "act-on-case", "An action over the whole case: withdraw, answer_supplement, apologise"), s.actOnCase)
	route(s, write("/dossiers/{step}/actions/{action}", "act-on-dossier", "An action of the dossier's state"), s.actOnDossier)
	route(s, write("/dossiers/{step}/claim", "claim-dossier", "Take a dossier to work on"), s.claim)
	route(s, write("/dossiers/{step}/release", "release-dossier", "Give a dossier back"), s.release)
	route(s, write("/dossiers/{step}/assign", "assign-dossier", "Give a dossier to a colleague"), s.assign)
	route(s, write("/dossiers/{step}/transfer", "transfer-dossier", "Send a dossier to the competent office"), s.transfer)
	route(s, write("/dossiers/{step}/refile", "refile-dossier", "File a failed part again"), s.refile)
}

func (s *Server) actOnCase(ctx context.Context, in *struct {
	CasePath
	Action string `path:"action" maxLength:"60"`
	Keyed
	Versioned
	Body *actBody
}) (*actAnswer, error) {
	a := act{code: in.Code, action: in.Action, key: in.Key, digest: digestOf(ctx)}
	a.take(in.Body)
	return s.act(ctx, a, &in.Versioned)
}

func (s *Server) actOnDossier(ctx context.Context, in *struct {
	StepPath
	Action string `path:"action" maxLength:"60"`
	Keyed
	Versioned
	Body *actBody
}) (*actAnswer, error) {
	a := act{code: in.Code, step: in.Step, action: in.Action, key: in.Key, digest: digestOf(ctx)}
	a.take(in.Body)
	return s.act(ctx, a, &in.Versioned)
}

type plainAct struct {
	StepPath
	Keyed
	Versioned
	Body *commentBody
}

func (s *Server) claim(ctx context.Context, in *plainAct) (*actAnswer, error) {
	return s.plainAct(ctx, engine.ActClaim, in)
}

func (s *Server) release(ctx context.Context, in *plainAct) (*actAnswer, error) {
	return s.plainAct(ctx, engine.ActRelease, in)
}

func (s *Server) plainAct(ctx context.Context, action string, in *plainAct) (*actAnswer, error) {
	a := act{code: in.Code, step: in.Step, action: action, key: in.Key, digest: digestOf(ctx)}
	if in.Body != nil {
		a.comment = in.Body.Comment
	}
	return s.act(ctx, a, &in.Versioned)
}

func (s *Server) assign(ctx context.Context, in *struct {
	StepPath
	Keyed
	Versioned
	Body assignBody
}) (*actAnswer, error) {
	a := act{code: in.Code, step: in.Step, action: engine.ActAssign, key: in.Key, digest: digestOf(ctx),
		input: map[string]any{"account": in.Body.Account}, comment: in.Body.Comment}
	return s.act(ctx, a, &in.Versioned)
}

func (s *Server) transfer(ctx context.Context, in *struct {
	StepPath
	Keyed
	Versioned
	Body transferBody
}) (*actAnswer, error) {
	a := act{code: in.Code, step: in.Step, action: engine.ActTransfer, key: in.Key, digest: digestOf(ctx),
		input: map[string]any{"office": in.Body.Office, "reason": in.Body.Reason}, comment: in.Body.Comment}
	return s.act(ctx, a, &in.Versioned)
}

func (s *Server) refile(ctx context.Context, in *struct {
	StepPath
	Keyed
	Versioned
	Body *refileBody
}) (*actAnswer, error) {
	a := act{code: in.Code, step: in.Step, action: engine.ActRefile, key: in.Key, digest: digestOf(ctx)}
	if in.Body != nil {
		a.comment = in.Body.Comment
		if in.Body.Application != nil {
			a.input = map[string]any{"application": map[string]any(in.Body.Application)}
		}
	}
	return s.act(ctx, a, &in.Versioned)
}

// act is one command on its way to the runtime.
type act struct {
	code, step, action string
	input              map[string]any
	comment            string
	key, digest        string
}

func (a *act) take(b *actBody) {
	if b != nil {
		a.input, a.comment = b.Input, b.Comment
	}
}

func (s *Server) act(ctx context.Context, a act, v *Versioned) (*actAnswer, error) {
	rev, err := v.rev()
	if err != nil {
		return nil, err
	}
	res, err := s.do(ctx, a, rev)
	if err != nil {
		return nil, err
	}
	out := &actAnswer{Body: receiptFor(callerOf(ctx), res.Case, a.step)}
	out.Body.Repeated = res.Repeated
	out.ETag = out.Body.ETag
	if d := res.Case.Dossier(a.step); d != nil {
		out.ETag = quoted(d.Rev)
	}
	return out, nil
}

// internalActs come from the engine itself, never from a person.
var internalActs = []string{engine.ActFile, engine.ActReply, engine.ActTick}

// do checks that the caller may know of the case and sends the command.
func (s *Server) do(ctx context.Context, a act, rev *int64) (runtime.Result, error) {
	who := callerOf(ctx)
	c, sees, err := s.openToAct(ctx, who, a.code)
	if err != nil {
		return runtime.Result{}, err
	}
	if slices.Contains(internalActs, a.action) {
		return runtime.Result{}, notFound()
	}
	if a.step != "" && c.Dossier(a.step) == nil {
		return runtime.Result{}, notFound()
	}
	if why := a.input["reason"]; why != nil && a.step == "" && a.action == engine.ActWithdraw {
		if _, text := why.(string); !text { // the core would keep none
			return runtime.Result{}, invalid("/reason", "type", "Phải là chuỗi ký tự.", "It must be text.")
		}
	}
	answer := s.picture(ctx, c).party(a.step, a.action)
	if sees == partial && !answer {
		return runtime.Result{}, notFound()
	}
	if a.action == engine.ActAssign {
		if err := s.isColleague(ctx, who, engine.Str(a.input, "account")); err != nil && !s.repeats(ctx, who, a.key) {
			return runtime.Result{}, err
		}
	}
	if err := s.mayName(ctx, c, a.input); err != nil {
		return runtime.Result{}, err
	}
	cmd := engine.Command{Action: a.action, Case: c.Code, Step: a.step, Actor: who.actor, Input: a.input, Comment: a.comment, IfMatch: rev}
	if answer {
		cmd.IfMatch = nil
	} else if rev == nil {
		return runtime.Result{}, &engine.Error{Code: engine.VersionRequired, Case: c.Code}
	}
	res, err := s.cfg.Runtime.Do(ctx, runtime.Request{Command: cmd, Key: a.key, Digest: a.digest})
	if err != nil && sees == partial {
		return res, unexplained(err)
	}
	if err != nil {
		return res, s.explain(ctx, c.Code, a.step, err)
	}
	return res, nil
}

// unexplained is a refusal without what would be open now instead: it tells those who
// were only asked how the part stands.
func unexplained(err error) error {
	e, ok := asError(err)
	if !ok || e.Legal == nil {
		return err
	}
	bare := *e
	bare.Legal = nil
	return &bare
}

// repeats tells whether something was answered under a key: what is sent under it again
// is told that answer, or is refused, and does nothing.
func (s *Server) repeats(ctx context.Context, who *caller, key string) bool {
	if key == "" {
		return false
	}
	a, err := s.cfg.Store.Answered(ctx, runtime.ActorKey(who.actor), key)
	return err == nil && a != nil
}

// isColleague checks whom a dossier is given to: the core knows no accounts.
func (s *Server) isColleague(ctx context.Context, who *caller, account string) error {
	to, err := s.cfg.Store.Account(ctx, account)
	if err != nil && engine.CodeOf(err) != engine.NotFound {
		return err
	}
	if to == nil || to.Kind != engine.Staff || to.Office != who.actor.Office || !valid(to, s.cfg.Runtime.Now()) {
		return invalid("/account", "enum", "Không phải cán bộ đang làm việc tại cơ quan này.", "Not an active member of this office.")
	}
	return nil
}

// openToAct is open, and lets a party through whose answer is in already: their
// repeated request must be told what came of the first.
func (s *Server) openToAct(ctx context.Context, who *caller, code string) (*engine.Case, sight, error) {
	c, sees, err := s.open(ctx, code)
	if engine.CodeOf(err) != engine.NotFound || !who.citizen() {
		return c, sees, err
	}
	c, loadErr := s.load(ctx, code)
	if loadErr != nil || !s.answeredOnce(ctx, c.Code, who.actor.ID) {
		return nil, blind, err
	}
	return c, partial, nil
}

// explain adds to a refusal what stands now and who made it so.
func (s *Server) explain(ctx context.Context, code, step string, err error) error {
	e, ok := asError(err)
	if !ok || e.Code != engine.StaleVersion && e.Code != engine.WrongState {
		return err
	}
	c, loadErr := s.cfg.Store.Load(ctx, code)
	if loadErr != nil {
		return err // the refusal is worth more than its explanation
	}
	now := &CurrentState{Rev: c.Rev, ETag: quoted(c.Rev)}
	if d := c.Dossier(step); d != nil {
		now.Rev, now.ETag, now.State = d.Rev, quoted(d.Rev), d.State
	}
	if last := s.lastChange(ctx, c, step); last != nil {
		when := at(last.At)
		now.Action, now.At = last.Command.Action, &when
		now.By, now.Office = byWhom(ctx, last.Command.Actor), last.Command.Actor.Office
	}
	return &refusal{err: err, now: now}
}

// byWhom names a member of staff; a citizen, a register or a timer by its kind.
func byWhom(ctx context.Context, a engine.Actor) string {
	if a.Kind != engine.Staff {
		return string(a.Kind)
	}
	if a.Name != "" {
		return nameIn(ctx, a.Name)
	}
	return a.ID
}

// window is how many entries back the last change of a dossier is looked for.
const window = 50

// lastChange is the newest entry that touched a dossier, or the case itself.
func (s *Server) lastChange(ctx context.Context, c *engine.Case, step string) *engine.Entry {
	entries, err := s.cfg.Store.History(ctx, c.Code, max(c.Seq-window+1, 1), 0)
	if err != nil {
		return nil
	}
	for i := len(entries) - 1; i >= 0; i-- {
		for _, v := range entries[i].Events {
			if _, told := v.(engine.Notified); !told && v.Of() == step {
				return &entries[i]
			}
		}
	}
	return nil
}

func asError(err error) (*engine.Error, bool) {
	var e *engine.Error
	ok := errors.As(err, &e)
	return e, ok
}

var _ huma.StatusError = (*Problem)(nil)
