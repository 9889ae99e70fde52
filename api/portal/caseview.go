package portal

import "encoding/json"

// caseView is a case as the surface shows it to the visitor.
type caseView struct {
	Code        string            `json:"code"`
	View        string            `json:"view"` // "full", or "party": only what must be answered
	Service     ref               `json:"service"`
	Status      string            `json:"status"`
	Outcome     string            `json:"outcome"`
	Portal      portalStatus      `json:"portal"`
	Channel     int               `json:"channel"`
	Group       string            `json:"group"`
	Filed       Time              `json:"filed"`
	Updated     Time              `json:"updated"`
	Ended       Time              `json:"ended"`
	Due         Time              `json:"due"`
	Expected    Time              `json:"expected"`
	Sooner      bool              `json:"sooner"`      // if a part does not apply
	Provisional bool              `json:"provisional"` // due or expected on days off that are not announced
	Overdue     bool              `json:"overdue"`
	Subject     string            `json:"subject"`
	Requester   requester         `json:"requester"`
	FiledBy     *actor            `json:"filed_by"`
	Application map[string]any    `json:"application"`
	Sources     map[string]string `json:"sources"`
	Disputed    map[string]string `json:"disputed"`
	Registers   map[string]Text   `json:"registers"`
	Documents   []paper           `json:"documents"`
	Fee         *caseFee          `json:"fee"`
	Items       []item            `json:"items"`
	Dossiers    []dossier         `json:"dossiers"`
	Actions     []action          `json:"actions"`
	Seq         int64             `json:"seq"`
	ETag        string            `json:"etag"`
}

type ref struct {
	ID      string `json:"id"`
	Version string `json:"version"`
	Title   Text   `json:"title"`
}

type portalStatus struct {
	Code int  `json:"code"`
	Name Text `json:"name"`
}

type requester struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Phone string `json:"phone"`
	Email string `json:"email"`
}

type actor struct {
	Kind   string  `json:"kind"`
	ID     string  `json:"id"`
	Name   string  `json:"name"`
	Office *office `json:"office"`
}

type caseFee struct {
	Amount  int64     `json:"amount"`
	Items   []feeItem `json:"items"`
	Status  string    `json:"status"`
	Receipt string    `json:"receipt"`
	PaidAt  Time      `json:"paid_at"`
	Waiting *waiting  `json:"waiting"`
}

// feeItem is a line of what a fee is asked for.
type feeItem struct {
	Title  Text   `json:"title"`
	Price  int64  `json:"price"`
	Times  int64  `json:"times"`
	Amount int64  `json:"amount"`
	Legal  string `json:"legal"`
}

// item is one thing that an agency asks the applicant for.
type item struct {
	ID       string         `json:"id"`
	Step     string         `json:"step"`
	Kind     string         `json:"kind"`
	About    string         `json:"about"`
	Reason   string         `json:"reason"`
	Legal    string         `json:"legal"`
	Asked    Time           `json:"asked"`
	Due      Time           `json:"due"`
	Answer   map[string]any `json:"answer"`
	Answered Time           `json:"answered"`
	Closed   bool           `json:"closed"`
}

// Open tells whether the item still waits for an answer.
func (i item) Open() bool { return !i.Closed && i.Answered.IsZero() }

// dossier is one agency's part of a case.
type dossier struct {
	Step      string `json:"step"`
	Title     Text   `json:"title"`
	Procedure struct {
		Code  string `json:"code"`
		Title Text   `json:"title"`
	} `json:"procedure"`
	Code        string            `json:"code"`
	Attempt     int               `json:"attempt"`
	Status      string            `json:"status"` // waiting, open, ended, closed
	Closed      string            `json:"closed"`
	Foreseen    string            `json:"foreseen"` // why it will not run, while it waits
	Reason      *Text             `json:"reason"`
	State       string            `json:"state"`
	StateName   *Text             `json:"state_title"`
	Portal      *portalStatus     `json:"portal"`
	Final       string            `json:"final"`
	Office      *office           `json:"office"`
	GoesTo      *office           `json:"goes_to"` // while it waits
	Assignee    string            `json:"assignee"`
	Opened      Time              `json:"opened"`
	Entered     Time              `json:"entered"`
	Ended       Time              `json:"ended"`
	Delivered   Time              `json:"delivered"`
	Due         Time              `json:"due"`
	Expected    Time              `json:"expected"`
	Sooner      bool              `json:"sooner"`
	May         bool              `json:"may"` // run, as what comes before it tells
	Provisional bool              `json:"provisional"`
	Overdue     bool              `json:"overdue"`
	Clock       string            `json:"clock"`
	Needs       []string          `json:"needs"`
	Waiting     []waiting         `json:"waiting"`
	With        map[string]any    `json:"with"`
	Data        map[string]any    `json:"data"`
	Forms       map[string]string `json:"forms"`
	Acts        []deed            `json:"acts"`
	Result      *result           `json:"result"`
	Reviews     []review          `json:"reviews"`
	Parties     []party           `json:"parties"`
	Actions     []action          `json:"actions"`
	ETag        string            `json:"etag"`
}

// Unasked tells whether the part does not run because the applicant did not ask for it:
// filing it is asking for it.
func (x *dossier) Unasked() bool { return x.Closed == "absent" && x.Reason == nil }

// ruledOut tells whether the results of other parts leave nothing for this one to do:
// filing it would change nothing.
func (x *dossier) ruledOut() bool { return x.Closed == "absent" && x.Reason != nil }

type result struct {
	ID       string         `json:"id"`
	Version  int            `json:"version"`
	Document string         `json:"document"`
	Title    *Text          `json:"title"`
	Code     string         `json:"code"`
	Paper    bool           `json:"paper"`
	Issued   Time           `json:"issued"`
	Revoked  bool           `json:"revoked"`
	Earlier  []string       `json:"earlier"` // ids of the versions that it replaced
	Data     map[string]any `json:"data"`
}

// deed is something that was done in a part: entered by somebody, or answered by a
// register.
type deed struct {
	Action   string `json:"action"`
	Title    Text   `json:"title"`
	At       Time   `json:"at"`
	By       *actor `json:"by"`
	Register *struct {
		Title     Text  `json:"title"`
		Operation *Text `json:"operation"`
		Refused   bool  `json:"refused"`
		Why       *Text `json:"why"`
	} `json:"register"`
	Form string         `json:"form"`
	Data map[string]any `json:"data"`
}

type review struct {
	Of       string `json:"of"`
	Due      Time   `json:"due"`
	Decision string `json:"decision"`
}

type party struct {
	Title   Text `json:"title"`
	Any     bool `json:"any"`
	Agreed  bool `json:"agreed"`
	People  int  `json:"people"`
	Answers []struct {
		Agree bool `json:"agree"`
		At    Time `json:"at"`
	} `json:"answers"`
}

// waiting is one thing that must happen before a part goes on.
type waiting struct {
	For      string   `json:"for"` // steps, registry, applicant, party, fee, office
	Steps    []string `json:"steps"`
	Registry string   `json:"registry"`
	What     *Text    `json:"what"`
	Since    Time     `json:"since"`
	Until    Time     `json:"until"`
	Then     *then    `json:"then"`
	Status   string   `json:"status"`
	Tries    int      `json:"tries"`
	Expected Time     `json:"expected"`
}

// then is what happens by itself when nobody answers in time.
type then struct {
	Title Text   `json:"title"`
	State *Text  `json:"state"`
	Final string `json:"final"`
}

// action is something that may be done, or may not and why.
type action struct {
	Code    string          `json:"code"`
	Step    string          `json:"step"`
	Label   Text            `json:"label"`
	Allowed bool            `json:"allowed"`
	Why     []Text          `json:"why"`
	Form    string          `json:"form"`
	Input   json.RawMessage `json:"input"`
	Clock   string          `json:"clock"`
	Final   string          `json:"final"`
	ETag    string          `json:"etag"`
	Href    string          `json:"href"`
}

func (v *visit) readCase(code string) (*caseView, error) {
	var c caseView
	err := v.get("/cases/"+seg(code), &c)
	for i := range c.Dossiers { // a part that nobody asked for waits for nothing that people care about
		if x := &c.Dossiers[i]; x.Foreseen != "" {
			x.Status, x.Closed, x.Waiting = "closed", x.Foreseen, nil
		}
	}
	return &c, err
}

// dossier finds a part by its step; nil when there is none.
func (c *caseView) dossier(step string) *dossier {
	for i := range c.Dossiers {
		if c.Dossiers[i].Step == step {
			return &c.Dossiers[i]
		}
	}
	return nil
}
