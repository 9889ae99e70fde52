package api

import (
	"context"
	"slices"
	"strings"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
	"lienthong/engine/runtime"
)

// portalNames are the ten statuses of the National Public Service Portal.
var portalNames = map[int]Text{
	1:  {VI: "Mới đăng ký", EN: "Newly filed"},
	2:  {VI: "Được tiếp nhận", EN: "Received"},
	3:  {VI: "Không được tiếp nhận", EN: "Refused"},
	4:  {VI: "Đang xử lý", EN: "Processing"},
	5:  {VI: "Yêu cầu bổ sung giấy tờ", EN: "Supplement requested"},
	6:  {VI: "Yêu cầu thực hiện nghĩa vụ tài chính", EN: "Payment requested"},
	7:  {VI: "Công dân yêu cầu rút hồ sơ", EN: "Withdrawn by the citizen"},
	8:  {VI: "Dừng xử lý", EN: "Stopped"},
	9:  {VI: "Đã xử lý xong", EN: "Finished"},
	10: {VI: "Đã trả kết quả", EN: "Result returned"},
}

type portalView struct {
	Code int  `json:"code" minimum:"0" maximum:"10"`
	Name Text `json:"name"`
}

func portal(code int) portalView { return portalView{code, portalNames[code]} }

type serviceRef struct {
	ID      string `json:"id"`
	Version string `json:"version"`
	Title   Text   `json:"title"`
}

type personView struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Phone string `json:"phone,omitempty"`
	Email string `json:"email,omitempty"`
}

type actorView struct {
	Kind   string     `json:"kind" enum:"citizen,staff,registry,timer,system"`
	ID     string     `json:"id,omitempty"`
	Name   string     `json:"name,omitempty"`
	Office *officeRef `json:"office,omitempty"`
}

func (s *Server) actorView(ctx context.Context, a engine.Actor) actorView {
	return actorView{Kind: string(a.Kind), ID: a.ID, Name: nameIn(ctx, a.Name), Office: s.officeRef(a.Office)}
}

type caseView struct {
	Code        string            `json:"code"`
	View        string            `json:"view" enum:"full,party" doc:"party: only what the caller must answer"`
	Service     serviceRef        `json:"service"`
	Status      string            `json:"status" enum:"open,ended"`
	Outcome     string            `json:"outcome,omitempty"`
	Portal      portalView        `json:"portal"`
	Channel     int               `json:"channel,omitempty" doc:"1 counter, 2 online, 3 post"`
	Group       string            `json:"group,omitempty" doc:"Shared by the cases of one form"`
	Filed       Time              `json:"filed"`
	Updated     Time              `json:"updated"`
	Ended       Time              `json:"ended,omitzero"`
	Due         Time              `json:"due,omitzero"`
	Expected    Time              `json:"expected,omitzero" doc:"When the last open part is due or expected"`
	Sooner      bool              `json:"sooner,omitempty" doc:"Expected sooner if a part turns out not to apply"`
	Provisional bool              `json:"provisional,omitempty" doc:"Due or expected is in a year whose days off are not announced yet"`
	Overdue     bool              `json:"overdue,omitempty"`
	Subject     string            `json:"subject" doc:"The child or the deceased"`
	Requester   personView        `json:"requester"`
	FiledBy     *actorView        `json:"filed_by,omitempty"`
	Application Object            `json:"application,omitempty"`
	Sources     map[string]string `json:"sources,omitempty" doc:"JSON Pointer into the application to register"`
	Disputed    map[string]string `json:"disputed,omitempty"`
	Registers   map[string]Text   `json:"registers,omitempty" doc:"Titles of the registers in sources"`
	Documents   []documentView    `json:"documents,omitempty" doc:"The papers that the case names"`
	Fee         *feeView          `json:"fee,omitempty"`
	Items       []itemView        `json:"items,omitempty" doc:"What agencies ask the applicant for"`
	Dossiers    []dossierView     `json:"dossiers"`
	Actions     []actionView      `json:"actions" doc:"Of the case; each dossier has its own"`
	Seq         int64             `json:"seq"`
	ETag        string            `json:"etag" doc:"For If-Match of case actions"`
}

type feeView struct {
	Amount  int64            `json:"amount" doc:"đồng"`
	Items   []engine.FeeItem `json:"items,omitempty" doc:"What it is asked for; they add up to the amount"`
	Status  string           `json:"status" enum:"waiting,paid,cancelled"`
	Receipt string           `json:"receipt,omitempty"`
	PaidAt  Time             `json:"paid_at,omitzero"`
	Waiting *waitingView     `json:"waiting,omitempty"`
}

type itemView struct {
	ID       string `json:"id"`
	Step     string `json:"step"`
	Kind     string `json:"kind" enum:"paper,field,original"`
	About    string `json:"about"`
	Reason   string `json:"reason"`
	Legal    string `json:"legal,omitempty"`
	Asked    Time   `json:"asked"`
	Due      Time   `json:"due,omitzero"`
	Answer   Object `json:"answer,omitempty"`
	Answered Time   `json:"answered,omitzero"`
	Closed   bool   `json:"closed,omitempty"`
}

type dossierView struct {
	Step        string            `json:"step"`
	Title       Text              `json:"title"`
	Procedure   procedureRef      `json:"procedure"`
	Code        string            `json:"code,omitempty"`
	Attempt     int               `json:"attempt"`
	Status      string            `json:"status" enum:"waiting,open,ended,closed"`
	Closed      string            `json:"closed,omitempty"`
	Foreseen    string            `json:"foreseen,omitempty" doc:"Why a part that waits will not run, as far as the application alone tells: in the words of closed"`
	Reason      *Text             `json:"reason,omitempty" doc:"Why a closed part does not run, where the law or an earlier result says it"`
	State       string            `json:"state,omitempty"`
	StateName   *Text             `json:"state_title,omitempty"`
	Portal      *portalView       `json:"portal,omitempty"`
	Final       string            `json:"final,omitempty"`
	Office      *officeRef        `json:"office,omitempty"`
	GoesTo      *officeRef        `json:"goes_to,omitempty" doc:"Office of a part that waits, where it is known"`
	Unit        string            `json:"unit,omitempty"`
	Assignee    string            `json:"assignee,omitempty"`
	Opened      Time              `json:"opened,omitzero"`
	Entered     Time              `json:"entered,omitzero"`
	Ended       Time              `json:"ended,omitzero"`
	Delivered   Time              `json:"delivered,omitzero"`
	Due         Time              `json:"due,omitzero" doc:"Of an open part: for a citizen when they are to have it; for staff the time for the present state when that is sooner. Overdue goes by the same"`
	Expected    Time              `json:"expected,omitzero" doc:"Without a due time: when it is due if what it needs is in time and nobody is waited for"`
	Sooner      bool              `json:"sooner,omitempty" doc:"Expected sooner if a part before it turns out not to apply"`
	May         bool              `json:"may,omitempty" doc:"Whether it runs depends on what comes before it"`
	Provisional bool              `json:"provisional,omitempty" doc:"Due or expected is in a year whose days off are not announced yet"`
	Overdue     bool              `json:"overdue,omitempty"`
	Clock       string            `json:"clock" enum:"none,runs,paused,stopped"`
	Needs       []string          `json:"needs,omitempty"`
	Waiting     []waitingView     `json:"waiting,omitempty" doc:"What stands in the way now"`
	With        Object            `json:"with,omitempty"`
	Data        Object            `json:"data,omitempty"`
	Forms       map[string]string `json:"forms,omitempty" doc:"Form of each member of with and data: with.person, data.draft; see GET /forms/{id}"`
	Acts        []actView         `json:"acts,omitempty" doc:"What was entered and what registers answered, oldest first; for the applicant those that a slip tells them of"`
	Result      *resultView       `json:"result,omitempty"`
	Reviews     []reviewView      `json:"reviews,omitempty"`
	Parties     []partyView       `json:"parties,omitempty"`
	Uses        map[string]int    `json:"uses,omitempty" doc:"Versions of results it was made from"`
	Actions     []actionView      `json:"actions"`
	Rev         int64             `json:"rev"`
	ETag        string            `json:"etag" doc:"For If-Match of the dossier's actions"`
}

type procedureRef struct {
	ID    string `json:"id"`
	Code  string `json:"code,omitempty"`
	Title Text   `json:"title"`
}

type resultView struct {
	ID       string   `json:"id" doc:"Public: GET /results/{id}"`
	Version  int      `json:"version"`
	Document string   `json:"document"`
	Title    *Text    `json:"title,omitempty"`
	Code     string   `json:"code"`
	Paper    bool     `json:"paper,omitempty"`
	Issued   Time     `json:"issued"`
	Revoked  bool     `json:"revoked,omitempty"`
	Earlier  []string `json:"earlier,omitempty" doc:"The versions that it replaced, oldest first: GET /results/{id}"`
	Data     Object   `json:"data,omitempty"`
}

type reviewView struct {
	ID       string `json:"id"`
	Of       string `json:"of"`
	From     int    `json:"from"`
	To       int    `json:"to" doc:"0: annulled"`
	Opened   Time   `json:"opened"`
	Due      Time   `json:"due,omitzero"`
	Decision string `json:"decision,omitempty"`
	Decided  Time   `json:"decided,omitzero"`
	By       string `json:"by,omitempty"`
}

type partyView struct {
	Set     string            `json:"set"`
	Title   Text              `json:"title"`
	Any     bool              `json:"any,omitempty" doc:"One is enough"`
	Agreed  bool              `json:"agreed"`
	People  int               `json:"people"`
	Answers []partyAnswerView `json:"answers,omitempty"`
}

type partyAnswerView struct {
	Agree bool `json:"agree"`
	At    Time `json:"at"`
}

// waitingView is one thing that must happen before a dossier goes on.
type waitingView struct {
	For      string    `json:"for" enum:"steps,registry,applicant,party,fee,office" doc:"Who must move"`
	Steps    []string  `json:"steps,omitempty"`
	Registry string    `json:"registry,omitempty"`
	What     *Text     `json:"what,omitempty"`
	Since    Time      `json:"since,omitzero"`
	Until    Time      `json:"until,omitzero"`
	Then     *thenView `json:"then,omitempty" doc:"What happens by itself at that time"`
	Status   string    `json:"status,omitempty" doc:"Of the delivery: pending, accepted, incident"`
	Tries    int       `json:"tries,omitempty"`
	Expected Time      `json:"expected,omitzero"`
	Error    string    `json:"last_error,omitempty"`
	Request  string    `json:"request,omitempty"`
}

type actionView struct {
	Code    string   `json:"code"`
	Step    string   `json:"step,omitempty"`
	Label   Text     `json:"label"`
	Allowed bool     `json:"allowed"`
	Why     []Text   `json:"why,omitempty" doc:"Reasons against"`
	Form    string   `json:"form,omitempty"`
	Input   Ordered  `json:"input,omitempty" doc:"JSON Schema of the input"`
	To      []string `json:"to,omitempty" doc:"Possible states"`
	Clock   string   `json:"clock,omitempty" doc:"Effect on the clock"`
	Final   string   `json:"final,omitempty"`
	ETag    string   `json:"etag,omitempty" doc:"Send as If-Match; absent where none is needed"`
	Href    string   `json:"href" doc:"POST here"`
}

// picture draws a case for one caller.
type picture struct {
	s    *Server
	ctx  context.Context
	c    *engine.Case
	svc  *engine.Service // nil when the definition is not known here
	who  *caller
	now  time.Time
	past bool // as it was: no actions, no deliveries
	menu *engine.Menu
	list []engine.ActionView // of the menu, for one dossier after the other
}

func (s *Server) picture(ctx context.Context, c *engine.Case) *picture {
	svc, err := s.cfg.Definitions.Service(c.Service, c.Version)
	if err != nil {
		svc = nil // an archived definition: the case is shown with ids for names
	}
	return &picture{s: s, ctx: ctx, c: c, svc: svc, who: callerOf(ctx), now: s.cfg.Runtime.Now()}
}

func (p *picture) step(id string) *engine.Step {
	if p.svc == nil {
		return nil
	}
	return p.svc.Step(id)
}

func (p *picture) serviceRef() serviceRef {
	r := serviceRef{ID: p.c.Service, Version: p.c.Version, Title: Text{VI: p.c.Service, EN: p.c.Service}}
	if p.svc != nil {
		r.Title = p.svc.Title
	}
	return r
}

// whole is everything, for those who may see the case.
func (p *picture) whole() (*caseView, error) {
	c := p.c
	by := p.s.actorView(p.ctx, c.FiledBy)
	v := &caseView{
		Code: c.Code, View: "full", Service: p.serviceRef(), Status: string(c.Status), Outcome: string(c.Outcome),
		Portal: portal(c.Portal()), Channel: c.Channel, Group: c.Group, Filed: at(c.Filed), Updated: at(c.Updated), Ended: at(c.Ended),
		Due: at(c.Clock.Due), Overdue: c.Clock.Overdue(p.now), Subject: c.Subject(), Requester: personView(c.Requester), FiledBy: &by,
		Application: c.App, Sources: c.Sources, Disputed: c.Disputed, Registers: p.registers(), Dossiers: make([]dossierView, len(c.Dossiers)), Actions: []actionView{}, Seq: c.Seq, ETag: quoted(c.Rev),
	}
	if f := c.Fee; f != nil {
		v.Fee = &feeView{Amount: f.Amount, Status: f.Status, Receipt: f.Receipt, PaidAt: at(f.PaidAt)}
		if p.svc != nil && p.svc.Fee != nil {
			items, err := p.s.cfg.Definitions.FeeItems(p.svc.Fee, c.Vars(c.Filed), f.Amount)
			if err != nil {
				return nil, err
			}
			v.Fee.Items = items
		}
		if f.Status == engine.FeeWaiting && f.Request != "" {
			w, err := p.delivery(f.Request, "treasury", c.Filed)
			if err != nil {
				return nil, err
			}
			w.For, w.Until = "fee", at(c.NextTimer())
			v.Fee.Waiting = &w
		}
	}
	documents, err := p.documents()
	if err != nil {
		return nil, err
	}
	v.Documents = documents
	for i := range c.Items {
		v.Items = append(v.Items, item(c, &c.Items[i]))
	}
	for i, d := range c.Dossiers {
		if err := p.dossier(&v.Dossiers[i], d); err != nil {
			return nil, err
		}
	}
	if !p.past {
		v.Actions = p.actions("", c.Rev)
	}
	return v, p.forecast(v)
}

// item shows what was asked for. Until when, while that matters, is told by what will end
// the waiting: another calendar, or version, moves that and not what the item was asked with.
func item(c *engine.Case, it *engine.Item) itemView {
	due := it.Due
	if d := c.Dossier(it.Step); !it.Closed && d != nil {
		if t := d.ByItself(); !t.At.IsZero() {
			due = t.At
		}
	}
	return itemView{ID: it.ID, Step: it.Step, Kind: it.Kind, About: it.About, Reason: it.Reason, Legal: it.Legal, Asked: at(it.Asked),
		Due: at(due), Answer: it.Answer, Answered: at(it.Answered), Closed: it.Closed}
}

// asked is what a party sees: the dossier that awaits their answer, what it is
// about, and nothing else.
func (p *picture) asked() *caseView {
	c := p.c
	v := &caseView{Code: c.Code, View: "party", Service: p.serviceRef(), Status: string(c.Status), Portal: portal(c.Portal()),
		Filed: at(c.Filed), Updated: at(c.Updated), Subject: c.Subject(), Requester: personView{Name: c.Requester.Name},
		Dossiers: []dossierView{}, Actions: []actionView{}, Seq: c.Seq, ETag: quoted(c.Rev)}
	for _, d := range c.Dossiers {
		if !partyOf(d, p.who.actor.ID) {
			continue
		}
		var dv dossierView
		p.plain(&dv, d)
		dv.With = d.With
		if st := p.step(d.Step); st != nil {
			dv.Forms = formsOf(st, &engine.Dossier{With: d.With})
		}
		dv.Waiting = []waitingView{{For: "party", Since: at(d.Entered), Until: at(d.ByItself().At), Then: p.then(d)}}
		for _, a := range p.actions(d.Step, d.Rev) {
			if a.ETag == "" { // a party's own
				dv.Actions = append(dv.Actions, a)
			}
		}
		v.Dossiers = append(v.Dossiers, dv)
	}
	return v
}

// due is when a dossier is due for who looks at it: a citizen is to have the part by then,
// an office may have to be done with a state of it before.
func (p *picture) due(d *engine.Dossier) time.Time {
	if p.who.citizen() && d.Status == engine.StatusOpen {
		return d.Clock.Due
	}
	return d.Due()
}

// plain is a dossier without what it holds.
func (p *picture) plain(v *dossierView, d *engine.Dossier) {
	*v = dossierView{
		Step: d.Step, Title: Text{VI: d.Step, EN: d.Step}, Procedure: procedureRef{ID: d.Procedure, Title: Text{VI: d.Procedure, EN: d.Procedure}},
		Code: d.Code, Attempt: d.Attempt, Status: string(d.Status), Closed: d.Closed, Reason: d.Reason, State: d.State, Final: string(d.Final),
		Office: p.s.officeRef(d.Office), Unit: d.Unit, Opened: at(d.Opened), Entered: at(d.Entered), Ended: at(d.Ended), Delivered: at(d.Delivered),
		Due: at(p.due(d)), Overdue: d.Status == engine.StatusOpen && (d.Clock.Overdue(p.now) || !p.who.citizen() && overdue(d.StateDue, p.now)),
		Clock: clockWord(d.Clock), Actions: []actionView{}, Rev: d.Rev, ETag: quoted(d.Rev),
	}
	if d.Status == engine.StatusOpen || d.Status == engine.StatusEnded {
		pv := portal(d.Portal)
		v.Portal = &pv
	}
	if st := p.step(d.Step); st != nil {
		v.Title = st.Title
		v.Procedure = procedureRef{ID: st.Procedure.ID, Code: st.Procedure.Code, Title: st.Procedure.Title}
		if state := st.Procedure.State(d.State); state != nil {
			v.StateName = &state.Title
		}
		for _, n := range st.Needs {
			v.Needs = append(v.Needs, n.Step)
		}
		if v.Reason == nil {
			v.Reason = p.ruledOut(p.c, st, d)
		}
	}
}

// ruledOut says by which results a part does not run that the applicant left open: its
// condition reads them, and they stand. nil when it runs, or when nobody asked for it.
func (p *picture) ruledOut(c *engine.Case, st *engine.Step, d *engine.Dossier) *Text {
	if d.Status != engine.StatusClosed || d.Closed != engine.ClosedAbsent {
		return nil
	}
	if _, known := runtime.Foreseen(c, st, p.now); known {
		return nil
	}
	var vi, en []string
	for _, n := range st.Needs {
		if n.Optional {
			continue
		}
		up := p.step(n.Step)
		if up == nil || !c.Dossier(n.Step).Succeeded() {
			return nil
		}
		vi, en = append(vi, "“"+up.Title.VI+"”"), append(en, "“"+up.Title.EN+"”")
	}
	if len(vi) == 0 {
		return nil
	}
	return &Text{VI: "không thuộc trường hợp này, theo kết quả " + strings.Join(vi, ", "), EN: "does not apply here, by the result of " + strings.Join(en, ", ")}
}

func (p *picture) dossier(v *dossierView, d *engine.Dossier) error {
	p.plain(v, d)
	v.Assignee, v.With, v.Data, v.Uses = d.Assignee, d.With, d.Data, d.Uses
	if st := p.step(d.Step); st != nil {
		v.Forms = formsOf(st, d)
	}
	if r := d.Result; r != nil {
		v.Result = &resultView{ID: r.ID, Version: r.Version, Document: r.Document, Code: r.Code, Paper: r.Paper, Issued: at(r.Issued), Revoked: r.Revoked, Data: r.Data}
		for n := 1; n < r.Version; n++ {
			v.Result.Earlier = append(v.Result.Earlier, engine.ResultID(p.c.Seed, d.Code, n))
		}
		v.Result.Title = p.s.documentTitle(p.c.Service, p.c.Version, d.Step, r.Document)
	}
	for _, r := range d.Reviews {
		v.Reviews = append(v.Reviews, reviewView{ID: r.ID, Of: r.Of, From: r.From, To: r.To, Opened: at(r.Opened), Due: at(r.Due), Decision: r.Decision, Decided: at(r.Decided), By: r.By})
	}
	v.Parties = p.parties(d)
	v.Acts = p.acts(d)
	if p.who.citizen() {
		v.Acts = slices.DeleteFunc(v.Acts, func(a actView) bool { return !slices.Contains(slipActs, a.Action) })
	}
	if p.past {
		return nil
	}
	waiting, err := p.waiting(d)
	if err != nil {
		return err
	}
	v.Waiting = waiting
	v.Actions = p.actions(d.Step, d.Rev)
	return nil
}

func (p *picture) parties(d *engine.Dossier) []partyView {
	var out []partyView
	for _, id := range sortedKeys(d.Parties) {
		set := d.Parties[id]
		v := partyView{Set: id, Title: Text{VI: id, EN: id}, Any: set.Any, Agreed: set.Agreed(), People: len(set.People)}
		if st := p.step(d.Step); st != nil {
			if def := st.Procedure.Party(id); def != nil && !def.Title.IsZero() {
				v.Title = def.Title
			}
		}
		for _, who := range set.People {
			if a, ok := set.Answers[who]; ok {
				v.Answers = append(v.Answers, partyAnswerView{Agree: a.Agree, At: at(a.At)})
			}
		}
		out = append(out, v)
	}
	return out
}

// waiting says what must happen before a dossier goes on.
func (p *picture) waiting(d *engine.Dossier) ([]waitingView, error) {
	switch d.Status {
	case engine.StatusWaiting:
		if p.c.Fee != nil && p.c.Fee.Status == engine.FeeWaiting {
			return []waitingView{{For: "fee", Since: at(p.c.Filed), Until: at(p.c.NextTimer())}}, nil
		}
		w := waitingView{For: "steps", Since: at(p.c.Filed)}
		if st := p.step(d.Step); st != nil {
			for _, n := range st.Needs {
				if up := p.c.Dossier(n.Step); up != nil && (up.Status == engine.StatusWaiting || up.Status == engine.StatusOpen) {
					w.Steps = append(w.Steps, n.Step)
				}
			}
		}
		return []waitingView{w}, nil
	case engine.StatusOpen:
	default:
		return nil, nil
	}
	var out []waitingView
	if r := d.Request; r != nil {
		w, err := p.delivery(r.Key, r.Registry, r.At)
		if err != nil {
			return nil, err
		}
		if o, ok := p.s.cfg.Definitions.Operation(r.Registry, r.Operation); ok {
			w.What = &o.Title
		}
		out = append(out, w)
	}
	for _, set := range d.Parties {
		if !set.Agreed() {
			out = append(out, waitingView{For: "party", Since: at(d.Entered), Until: at(d.ByItself().At), Then: p.then(d)})
			break
		}
	}
	asked := slices.ContainsFunc(p.c.Items, func(it engine.Item) bool { return it.Step == d.Step && !it.Closed && it.Answered.IsZero() })
	if d.Awaits || asked {
		out = append(out, waitingView{For: "applicant", Since: at(d.Entered), Until: at(d.ByItself().At), Then: p.then(d)})
	}
	if len(out) == 0 {
		out = append(out, waitingView{For: "office", Since: at(d.Entered), Until: at(d.Due())})
	}
	return out, nil
}

// delivery is what is known about a request that is on its way to a registry.
func (p *picture) delivery(key, registry string, since time.Time) (waitingView, error) {
	w := waitingView{For: "registry", Registry: registry, Since: at(since), Request: key}
	if p.past {
		return w, nil
	}
	d, err := p.s.cfg.Store.Delivery(p.ctx, key)
	switch engine.CodeOf(err) {
	case engine.NotFound:
		return w, nil
	case engine.CorruptHistory: // the case can be looked at, though this cannot
		w.Status, w.Error = engine.DeliveryIncident, engine.Trouble{Code: engine.TroubleDamaged}.Text().In(langOf(p.ctx))
		return w, nil
	}
	if err != nil {
		return w, err
	}
	w.Registry, w.Status, w.Tries, w.Expected = d.Registry, d.Status, d.Tries, at(d.Expected)
	if !p.who.citizen() || d.Status == engine.DeliveryIncident {
		w.Error = d.LastError.Text().In(langOf(p.ctx))
	}
	return w, nil
}

func clockWord(k calendar.Clock) string {
	switch {
	case !k.HasStarted():
		return "none"
	case k.HasStopped():
		return "stopped"
	case k.Running():
		return "runs"
	}
	return "paused"
}

func clockEffect(m calendar.Mode) string { return string(m) }
