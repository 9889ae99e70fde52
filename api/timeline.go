package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"lienthong/engine"
)

// MomentView is one thing that happened, in plain words.
type MomentView struct {
	Seq    int64      `json:"seq"`
	At     Time       `json:"at"`
	Kind   string     `json:"kind"`
	Step   string     `json:"step,omitempty"`
	Title  *Text      `json:"title,omitempty" doc:"Of the part"`
	Who    actorView  `json:"who"`
	Office *officeRef `json:"office,omitempty" doc:"Where the part was"`
	Text   string     `json:"text"`
	Due    Time       `json:"due,omitzero" doc:"When the part was due, as it stood then"`
}

func (s *Server) routeTimeline() {
	route(s, op{method: http.MethodGet, path: base + "/cases/{code}/timeline", id: "case-timeline", tag: "cases", summary: "What happened, in plain words: who, what, which office, when, due when", status: 200, who: readers}, s.timeline)
}

func (s *Server) timeline(ctx context.Context, in *struct{ CasePath }) (*struct {
	Body struct {
		Moments []MomentView `json:"moments" doc:"Oldest first"`
	}
}, error) {
	c, err := s.read(ctx, in.Code, "timeline")
	if err != nil {
		return nil, err
	}
	out := &struct {
		Body struct {
			Moments []MomentView `json:"moments" doc:"Oldest first"`
		}
	}{}
	out.Body.Moments, err = s.moments(ctx, c)
	return out, err
}

// moments tells the history of a case in plain words.
func (s *Server) moments(ctx context.Context, c *engine.Case) ([]MomentView, error) {
	entries, err := s.cfg.Store.History(ctx, c.Code, 1, 0)
	if err != nil {
		return nil, err
	}
	t := teller{p: s.picture(ctx, c), lang: langOf(ctx), asked: map[string]engine.Operation{}, out: []MomentView{}}
	for i := range entries {
		t.tell(&entries[i])
	}
	return t.out, nil
}

// sentences are what the events say. {part} is the step's title, {office} its
// office; the others are the event's own.
var sentences = map[string]Text{
	"filed":             {VI: "Đã nộp hồ sơ: {service}.", EN: "Filed: {service}."},
	"filed_for":         {VI: "Bộ phận một cửa đã nhận hồ sơ nộp thay: {service}.", EN: "The counter took the application: {service}."},
	"application":       {VI: "Tờ khai đã được thay bằng bản mới.", EN: "The declaration was replaced."},
	"fee_asked":         {VI: "Cần nộp lệ phí {amount} đồng.", EN: "A fee of {amount} đồng is due."},
	"fee_paid":          {VI: "Đã nộp lệ phí. Biên lai: {receipt}.", EN: "The fee was paid. Receipt: {receipt}."},
	"fee_cancelled":     {VI: "Lệ phí không còn phải nộp.", EN: "The fee is no longer asked for."},
	"step_opened":       {VI: "{part}: hồ sơ {code} được gửi đến {office}.", EN: "{part}: dossier {code} went to {office}."},
	"step_closed":       {VI: "{part}: không thực hiện ({why}).", EN: "{part}: will not run ({why})."},
	"step_reset":        {VI: "{part}: được nộp lại.", EN: "{part}: filed again."},
	"migrated":          {VI: "Hồ sơ được chuyển sang quy trình phiên bản {version}.", EN: "The case was moved to version {version} of its procedure."},
	"reverted":          {VI: "Hồ sơ được đưa lại về quy trình phiên bản {version}.", EN: "The case was moved back to version {version} of its procedure."},
	"moved":             {VI: "{part}: {action}. Trạng thái: {state}.", EN: "{part}: {action}. State: {state}."},
	"moved_into":        {VI: "{part}: {state}.", EN: "{part}: {state}."}, // an action whose name is the state's
	"clock_calendar":    {VI: "{part}: ngày hẹn trả chuyển sang {due} theo lịch làm việc mới.", EN: "{part}: the due time moved to {due} with the new calendar."},
	"warned":            {VI: "{part}: sắp đến hạn {due}.", EN: "{part}: the due time {due} is near."},
	"apologised":        {VI: "{office} xin lỗi và hẹn lại {due}. Lý do: {reason}", EN: "{office} apologised and gave a new date, {due}. Reason: {reason}"},
	"requested":         {VI: "{part}: đã gửi yêu cầu “{operation}”.", EN: "{part}: asked for “{operation}”."},
	"replied_done":      {VI: "{part}: đã nhận trả lời “{operation}”.", EN: "{part}: “{operation}” was answered."},
	"replied_refused":   {VI: "{part}: yêu cầu “{operation}” không thực hiện được. {why}", EN: "{part}: “{operation}” could not be done. {why}"},
	"exchange_retry":    {VI: "{part}: người vận hành cho gửi lại yêu cầu.", EN: "{part}: an operator had the request sent again."},
	"exchange_record":   {VI: "{part}: người vận hành ghi nhận câu trả lời nhận được.", EN: "{part}: an operator recorded an answer that was received."},
	"exchange_skip":     {VI: "{part}: người vận hành bỏ qua một thông báo.", EN: "{part}: an operator gave a message up."},
	"recorded_by_hand":  {VI: "{part}: câu trả lời bằng giấy đã được ghi nhận.", EN: "{part}: an answer on paper was recorded."},
	"parties_asked":     {VI: "{part}: đã hỏi ý kiến {count} người.", EN: "{part}: people asked to agree: {count}."},
	"party_agreed":      {VI: "{part}: một người được hỏi đã đồng ý.", EN: "{part}: one of those asked agreed."},
	"party_declined":    {VI: "{part}: một người được hỏi không đồng ý.", EN: "{part}: one of those asked did not agree."},
	"items_asked":       {VI: "{office} yêu cầu bổ sung: {items}.", EN: "{office} asks for: {items}."},
	"item_answered":     {VI: "Đã bổ sung: {items}.", EN: "Answered: {items}."},
	"result_issued":     {VI: "{part}: đã có kết quả “{document}”.", EN: "{part}: the result “{document}” was issued."},
	"result_corrected":  {VI: "{part}: kết quả “{document}” được thay bằng bản {version}.", EN: "{part}: the result “{document}” was replaced by version {version}."},
	"result_revoked":    {VI: "{part}: kết quả bị thu hồi.", EN: "{part}: the result was revoked."},
	"delivered":         {VI: "{part}: đã trả kết quả.", EN: "{part}: the result was delivered."},
	"refusal_issued":    {VI: "{part}: đã ban hành văn bản từ chối “{document}”.", EN: "{part}: the refusal “{document}” was issued."},
	"refusal_delivered": {VI: "{part}: đã gửi văn bản từ chối.", EN: "{part}: the refusal was delivered."},
	"returned_upstream": {VI: "{part}: đề nghị bước “{to}” sửa kết quả.", EN: "{part}: asked “{to}” to correct its result."},
	"with_changed":      {VI: "{part}: nhận dữ liệu đã sửa từ bước trước.", EN: "{part}: took corrected data from an earlier part."},
	"review_opened":     {VI: "{part}: rà soát lại vì kết quả của “{to}” đã thay đổi.", EN: "{part}: looks again, since the result of “{to}” changed."},
	"review_keep":       {VI: "{part}: rà soát xong, giữ nguyên.", EN: "{part}: reviewed and kept."},
	"review_amend":      {VI: "{part}: rà soát xong, sửa kết quả.", EN: "{part}: reviewed and amended."},
	"review_annul":      {VI: "{part}: rà soát xong, hủy kết quả.", EN: "{part}: reviewed and annulled."},
	"assigned":          {VI: "{part}: do {account} xử lý.", EN: "{part}: handled by {account}."},
	"released":          {VI: "{part}: chờ phân công.", EN: "{part}: waits to be assigned."},
	"transferred":       {VI: "{part}: chuyển đến {office}. Lý do: {reason}", EN: "{part}: transferred to {office}. Reason: {reason}"},
	"case_closed":       {VI: "Hồ sơ kết thúc: {outcome}.", EN: "The case ended: {outcome}."},
	"case_reopened":     {VI: "Hồ sơ được mở lại.", EN: "The case runs again."},
	"erased":            {VI: "Dữ liệu cá nhân đã được xóa theo luật.", EN: "Personal data were lawfully erased."},
}

// terms are why a part does not run.
var terms = map[string]Text{
	engine.ClosedAbsent:        {VI: "không đề nghị", EN: "not asked for"},
	engine.ClosedNotApplicable: {VI: "không áp dụng", EN: "does not apply"},
	engine.ClosedNeed:          {VI: "bước trước không thành", EN: "what it needs did not succeed"},
	engine.ClosedWithdrawn:     {VI: "đã rút", EN: "withdrawn"},
	engine.ClosedExpired:       {VI: "hết hạn", EN: "expired"},
	engine.ClosedRefused:       {VI: "không đủ điều kiện", EN: "not eligible"},
}

// outcomes are how a case ends.
var outcomes = map[string]Text{
	string(engine.Completed):       {VI: "hoàn thành", EN: "completed"},
	string(engine.CompletedInPart): {VI: "hoàn thành một phần", EN: "completed in part"},
	string(engine.Refused):         {VI: "bị từ chối", EN: "refused"},
	string(engine.Withdrawn):       {VI: "đã rút", EN: "withdrawn"},
	string(engine.Expired):         {VI: "hết hạn", EN: "expired"},
}

// teller turns entries into moments. It folds as it goes, so that offices and due
// times are those of the moment.
type teller struct {
	p     *picture
	lang  string
	c     *engine.Case
	e     *engine.Entry
	asked map[string]engine.Operation // by the key of the request
	out   []MomentView
}

func (t *teller) tell(e *engine.Entry) {
	t.e, t.c = e, engine.Fold(t.c, *e)
	for _, v := range e.Events {
		t.event(v)
	}
}

// say adds a moment; pairs fill the sentence's places.
func (t *teller) say(kind, step string, pairs ...string) {
	m := MomentView{Seq: t.e.Seq, At: at(t.e.At), Kind: kind, Step: step, Who: t.p.s.actorView(t.p.ctx, t.e.Command.Actor)}
	places := []string{"{service}", t.p.serviceRef().Title.In(t.lang)}
	if d := t.c.Dossier(step); d != nil {
		m.Office, m.Due = t.p.s.officeRef(d.Office), at(t.p.due(d))
		if st := t.p.step(step); st != nil {
			m.Title = &st.Title
			places = append(places, "{part}", st.Title.In(t.lang))
		} else {
			places = append(places, "{part}", step)
		}
	}
	if m.Who.Kind == string(engine.Citizen) && (kind == "fee_asked" || kind == "requested") {
		m.Who = actorView{Kind: string(engine.System)} // it follows from what they did
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		places = append(places, "{"+pairs[i]+"}", pairs[i+1])
	}
	if m.Office != nil {
		places = append(places, "{office}", m.Office.Name.In(t.lang))
	}
	m.Text = strings.NewReplacer(places...).Replace(sentences[kind].In(t.lang))
	t.out = append(t.out, m)
}

func (t *teller) event(v engine.Event) {
	step := v.Of()
	switch v := v.(type) {
	case engine.Filed:
		kind := "filed"
		if v.By.Kind == engine.Staff {
			kind = "filed_for"
		}
		t.say(kind, "")
	case engine.ApplicationChanged:
		t.say("application", "")
	case engine.FeeAsked:
		t.say("fee_asked", "", "amount", engine.Grouped(v.Amount, "."))
	case engine.FeeSettled:
		if v.Status == engine.FeePaid {
			t.say("fee_paid", "", "receipt", v.Receipt)
		} else {
			t.say("fee_cancelled", "")
		}
	case engine.StepOpened:
		t.say("step_opened", step, "code", v.Code)
	case engine.StepClosed:
		why := t.term(terms, v.Why)
		if v.Reason != nil {
			why = v.Reason.In(t.lang)
		} else if st, d := t.p.step(step), t.c.Dossier(step); st != nil && d != nil {
			if by := t.p.ruledOut(t.c, st, d); by != nil {
				why = by.In(t.lang)
			}
		}
		t.say("step_closed", step, "why", why)
	case engine.Migrated:
		t.say("migrated", "", "version", v.Version)
	case engine.Reverted:
		t.say("reverted", "", "version", v.Version)
	case engine.StepReset:
		t.say("step_reset", step)
	case engine.Moved:
		t.moved(v)
	case engine.ClockChanged:
		if v.Why == "calendar" && step != "" {
			t.say("clock_calendar", step, "due", t.when(v.Clock.Due))
		}
	case engine.Warned:
		if step != "" {
			t.say("warned", step, "due", t.when(v.Due))
		}
	case engine.Apologised:
		t.say("apologised", step, "due", t.when(v.To), "reason", v.Reason, "office", t.ownOffice())
	case engine.Assigned:
		if v.Account == "" {
			t.say("released", step)
		} else {
			t.say("assigned", step, "account", t.handler(v.Account))
		}
	case engine.Transferred:
		t.say("transferred", step, "reason", v.Reason)
	case engine.CaseClosed:
		t.say("case_closed", "", "outcome", t.term(outcomes, string(v.Outcome)))
	case engine.CaseReopened:
		t.say("case_reopened", "")
	case engine.Erased:
		t.say("erased", "")
	default:
		t.dealing(v)
	}
}

// dealing tells of registries, people who are asked, and results.
func (t *teller) dealing(v engine.Event) {
	step := v.Of()
	switch v := v.(type) {
	case engine.Requested:
		if step == "" {
			return // the fee: told by FeeAsked
		}
		o, ok := t.p.s.cfg.Definitions.Operation(v.Registry, v.Operation)
		if !ok {
			name := v.Registry + "/" + v.Operation
			o.Title = Text{VI: name, EN: name}
		}
		t.asked[v.Key] = o
		t.say("requested", step, "operation", o.Title.In(t.lang))
	case engine.Replied:
		if step == "" {
			return
		}
		if v.By != "" {
			t.say("recorded_by_hand", step)
		}
		o := t.asked[v.Key]
		t.say("replied_"+v.Outcome, step, "operation", o.Title.In(t.lang), "why", o.Refusals[v.Code].In(t.lang))
	case engine.ExchangeActed:
		if t.e.Command.Action == engine.ActOperate && step != "" { // else the reply tells
			t.say("exchange_"+v.What, step)
		}
	case engine.PartiesAsked:
		people := map[string]bool{}
		for _, set := range v.Sets {
			for _, p := range set.People {
				people[p] = true
			}
		}
		t.say("parties_asked", step, "count", strconv.Itoa(len(people)))
	case engine.PartyAnswered:
		kind := "party_declined"
		if v.Agree {
			kind = "party_agreed"
		}
		if n := len(t.out); n > 0 && t.out[n-1].Seq == t.e.Seq && t.out[n-1].Kind == kind {
			return // the same person, who was asked in two capacities
		}
		t.say(kind, step)
	case engine.ItemsAsked:
		var about []string
		for _, it := range v.Items {
			about = append(about, it.About)
		}
		t.say("items_asked", step, "items", strings.Join(about, ", "))
	case engine.ItemAnswered:
		about := v.ID
		for _, it := range t.c.Items {
			if it.ID == v.ID {
				about = it.About
			}
		}
		t.say("item_answered", step, "items", about)
	case engine.ResultIssued:
		title := v.Result.Document
		if d := t.p.s.documentTitle(t.p.c.Service, t.p.c.Version, step, title); d != nil {
			title = d.In(t.lang)
		}
		switch {
		case t.refused(step):
			t.say("refusal_issued", step, "document", title)
		case v.Result.Version > 1:
			t.say("result_corrected", step, "document", title, "version", strconv.Itoa(v.Result.Version))
		default:
			t.say("result_issued", step, "document", title)
		}
	case engine.ResultRevoked:
		t.say("result_revoked", step)
	case engine.Delivered:
		if t.refused(step) {
			t.say("refusal_delivered", step)
		} else {
			t.say("delivered", step)
		}
	case engine.ReturnedUpstream:
		if v.To != "" {
			t.say("returned_upstream", step, "to", t.titleOf(v.To))
		}
	case engine.WithChanged:
		t.say("with_changed", step)
	case engine.ReviewOpened:
		t.say("review_opened", step, "to", t.titleOf(v.Review.Of))
	case engine.ReviewDecided:
		t.say("review_"+v.Decision, step)
	}
}

func (t *teller) moved(v engine.Moved) {
	if v.Action == "" {
		return // told by StepOpened
	}
	kind, action, state := "moved", v.Action, v.To
	if st := t.p.step(v.Step); st != nil {
		if a := st.Procedure.Action(v.Action); a != nil && !a.Title.IsZero() {
			action = a.Title.In(t.lang)
		}
		if x := st.Procedure.State(v.To); x != nil && !x.Title.IsZero() {
			state = x.Title.In(t.lang)
		}
	}
	if action == state {
		kind = "moved_into"
	}
	t.say(kind, v.Step, "action", action, "state", state)
}

// handler names who handles a part: to staff by the account's name, to anybody else as
// a member of staff.
func (t *teller) handler(account string) string {
	if t.p.who.citizen() {
		return Text{VI: "một cán bộ", EN: "a member of staff"}.In(t.lang)
	}
	a, err := t.p.s.cfg.Store.Account(t.p.ctx, account)
	if err != nil || a.Name == "" { // an account that is gone is still told by its id
		return account
	}
	return nameIn(t.p.ctx, a.Name)
}

func (t *teller) titleOf(step string) string {
	if st := t.p.step(step); st != nil {
		return st.Title.In(t.lang)
	}
	return step
}

// refused tells whether what a part issues is its refusal.
func (t *teller) refused(step string) bool {
	d := t.c.Dossier(step)
	return d != nil && d.Final == engine.FinalRefused
}

// ownOffice is the office of whoever acted.
func (t *teller) ownOffice() string {
	if o := t.p.s.officeRef(t.e.Command.Actor.Office); o != nil {
		return o.Name.In(t.lang)
	}
	return ""
}

func (t *teller) term(words map[string]Text, word string) string {
	if x, ok := words[word]; ok {
		return x.In(t.lang)
	}
	return word
}

// when writes an instant; "" when there is none.
func (t *teller) when(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return engine.TimeIn(t.lang, at)
}
