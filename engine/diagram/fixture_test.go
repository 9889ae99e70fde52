package diagram_test

import (
	"strings"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

// expr is an expression that is only read.
type expr string

func (e expr) Eval(engine.Vars) (any, error) { return nil, nil }
func (e expr) Source() string                { return string(e) }

func tx(vi, en string) engine.Text { return engine.Text{VI: vi, EN: en} }

// state writes "id|Vietnamese|English".
func state(s string, change ...func(*engine.State)) *engine.State {
	p := strings.Split(s, "|")
	st := &engine.State{ID: p[0], Title: tx(p[1], p[2])}
	for _, c := range change {
		c(st)
	}
	return st
}

func final(k engine.FinalKind) func(*engine.State) {
	return func(s *engine.State) { s.Final = k }
}

func asks(registry string) func(*engine.State) {
	return func(s *engine.State) { s.Request = &engine.RequestSpec{Registry: registry} }
}

func issues(vi, en string) func(*engine.State) {
	return func(s *engine.State) {
		s.Final, s.Result = engine.FinalSuccess, &engine.ResultSpec{Title: tx(vi, en)}
	}
}

// action writes "id|Vietnamese|English|from from|to to|by by".
func action(s string) *engine.Action {
	p := strings.Split(s, "|")
	a := &engine.Action{ID: p[0], Title: tx(p[1], p[2]), From: strings.Fields(p[3]), By: strings.Fields(p[5])}
	for _, t := range strings.Fields(p[4]) {
		a.To = append(a.To, engine.Target{State: t})
	}
	return a
}

func actions(s string) []*engine.Action {
	var all []*engine.Action
	for line := range strings.SplitSeq(strings.TrimSpace(s), "\n") {
		all = append(all, action(strings.TrimSpace(line)))
	}
	return all
}

func limit(s string) *engine.Limit {
	l, err := calendar.ParseLimit(s)
	if err != nil {
		panic(err)
	}
	return &engine.Limit{Within: l}
}

// birthProcedure is a registration of birth with 13 states.
func birthProcedure() *engine.Procedure {
	return &engine.Procedure{
		ID: "birth_registration", Agency: "civil_status", Code: "1.001193", Limit: limit("same working day, cutoff 15:00"),
		Title: tx("Đăng ký khai sinh", "Birth registration"),
		States: []*engine.State{
			state("submitted|Đã nộp|Submitted"),
			state("received|Đã tiếp nhận|Received"),
			state("supplement|Bổ sung hồ sơ|Supplementing"),
			state("confirming|Xác nhận bản dự thảo|Confirming the draft"),
			state("assigning|Cấp số định danh|Assigning a personal ID", asks("population")),
			state("signing|Ký số giấy khai sinh|Signing"),
			state("recording|Ghi sổ hộ tịch|Recording", asks("civil_status_register")),
			state("registered|Đã đăng ký|Registered", issues("Giấy khai sinh", "Birth certificate")),
			state("correcting|Đang cải chính|Correcting"),
			state("amending|Sửa sổ hộ tịch|Amending the register", asks("civil_status_register")),
			state("refused|Từ chối|Refused", final(engine.FinalRefused)),
			state("expired|Quá hạn bổ sung|Expired", final(engine.FinalExpired)),
			state("withdrawn|Đã rút|Withdrawn", final(engine.FinalWithdrawn)),
		},
		Actions: actions(`
			receive|Tiếp nhận|Receive|submitted|received|reception
			reject_reception|Từ chối tiếp nhận|Reject at reception|submitted|refused|reception
			request_supplement|Yêu cầu bổ sung|Ask for a supplement|submitted received signing|supplement|reception officer
			answer_supplement|Nộp bổ sung|Answer|supplement|received submitted|applicant
			expire|Hết hạn|Expire|supplement|expired|timer
			draft|Gửi bản dự thảo|Send the draft|received|confirming|officer
			dispute|Đề nghị sửa|Dispute|confirming|received|applicant
			confirm|Xác nhận|Confirm|confirming|signing assigning|applicant
			silence|Quá 1 ngày|1 day of silence|confirming|signing assigning|timer
			assigned|Đã cấp số|Assigned|assigning|signing|registry
			mismatch|Sai lệch|Mismatch|assigning|received|registry
			sign|Ký|Sign|signing|recording|leader
			recorded|Đã ghi sổ|Recorded|recording|registered|registry
			unrecorded|Không ghi được|Not recorded|recording|received|registry
			refuse|Từ chối|Refuse|received signing|refused|leader
			withdraw|Rút hồ sơ|Withdraw|submitted received supplement confirming signing|withdrawn|applicant
			return|Bước sau trả lại|Returned by a later step|registered|correcting|downstream
			correct|Cải chính|Correct|registered|correcting|officer
			propose|Đề xuất|Propose|correcting|amending|leader
			keep|Giữ nguyên|Keep|correcting|registered|leader
			amended|Đã sửa|Amended|amending|registered|registry
			amend_refused|Không sửa được|Not amended|amending|correcting|registry`),
	}
}

// simpleProcedure is a procedure with a check against one register.
func simpleProcedure(id, agency, registry string, title, result engine.Text, within string) *engine.Procedure {
	return &engine.Procedure{
		ID: id, Agency: agency, Title: title, Limit: limit(within),
		States: []*engine.State{
			state("received|Tiếp nhận|Received"),
			state("supplement|Bổ sung hồ sơ|Supplementing"),
			state("checking|Thẩm tra|Checking"),
			state("updating|Cập nhật dữ liệu|Updating", asks(registry)),
			state("granted|Đã giải quyết|Granted", issues(result.VI, result.EN)),
			state("refused|Từ chối|Refused", final(engine.FinalRefused)),
		},
		Actions: actions(`
			check|Thụ lý|Check|received|checking|officer
			request_supplement|Yêu cầu bổ sung|Ask for a supplement|checking|supplement|officer
			answer_supplement|Nộp bổ sung|Answer|supplement|checking|applicant
			approve|Duyệt|Approve|checking|updating|leader
			refuse|Từ chối|Refuse|checking|refused|leader
			note|Ghi chú|Note|checking||officer
			updated|Đã cập nhật|Updated|updating|granted|registry
			failed|Không khớp|Mismatch|updating|checking|registry`),
	}
}

// birthService links four procedures.
func birthService() *engine.Service {
	needsBirth := []engine.Need{{Step: "birth"}}
	child := []engine.Binding{{Name: "child", Value: expr("steps.birth.result.child"), Steps: []string{"birth"}}}
	return &engine.Service{
		ID: "birth", Version: "2026-09-01", Code: "3.000722",
		Title: tx("Đăng ký khai sinh, đăng ký thường trú, cấp thẻ BHYT cho trẻ dưới 6 tuổi", "Birth, residence and health insurance of a child"),
		Steps: []*engine.Step{
			{ID: "birth", Procedure: birthProcedure()},
			{
				ID: "residence", Needs: needsBirth, If: expr("application.choices.residence"), Else: engine.Else{Kind: engine.ElseAbsent}, With: child,
				Procedure: simpleProcedure("permanent_residence", "police", "residence", tx("Đăng ký thường trú", "Permanent residence"), tx("Thông báo thường trú", "Residence notice"), "3 working days"),
			},
			{
				ID: "card", Needs: needsBirth, With: child,
				Procedure: simpleProcedure("child_health_card", "social_insurance", "insurance", tx("Cấp thẻ BHYT trẻ em", "Child health card"), tx("Thẻ BHYT", "Health card"), "2 working days"),
			},
			{
				ID: "identity", Needs: needsBirth, If: expr("application.choices.identity"), Else: engine.Else{Kind: engine.ElseAbsent}, With: child,
				Procedure: simpleProcedure("identity_card", "police", "identity", tx("Cấp thẻ căn cước", "Identity card"), tx("Thẻ căn cước", "Identity card"), "7 working days"),
			},
		},
	}
}

var agencies = map[string]engine.Text{
	"civil_status":          tx("UBND phường", "Commune People's Committee"),
	"police":                tx("Công an phường", "Commune police"),
	"social_insurance":      tx("BHXH cơ sở", "Social insurance office"),
	"population":            tx("CSDL dân cư", "Population database"),
	"civil_status_register": tx("CSDL hộ tịch", "Civil status database"),
	"residence":             tx("CSDL cư trú", "Residence database"),
	"identity":              tx("CSDL căn cước", "Identity database"),
	"insurance":             tx("CSDL bảo hiểm", "Insurance database"),
}

// at is a record of an action, n minutes after the filing.
func at(n int) map[string]any {
	return map[string]any{"at": time.Date(2026, 9, 1, 8, n, 0, 0, time.UTC).Format(time.RFC3339Nano)}
}

// birthCase has its birth registered; residence is worked on, the health card is
// done, the identity card refused.
func birthCase() *engine.Case {
	return &engine.Case{
		Status: engine.CaseOpen,
		Dossiers: []*engine.Dossier{
			{
				Step: "birth", Procedure: "birth_registration", Status: engine.StatusEnded, State: "registered", Final: engine.FinalSuccess,
				Data: map[string]any{"receive": at(1), "draft": at(2), "silence": at(3), "assigned": at(4), "sign": at(5), "recorded": at(6)},
			},
			{Step: "residence", Procedure: "permanent_residence", Status: engine.StatusOpen, State: "updating", Data: map[string]any{"check": at(7), "approve": at(9)}},
			{
				Step: "card", Procedure: "child_health_card", Status: engine.StatusEnded, State: "granted", Final: engine.FinalSuccess,
				Data: map[string]any{"check": at(7), "approve": at(8), "updated": at(9)},
			},
			{
				Step: "identity", Procedure: "identity_card", Status: engine.StatusEnded, State: "refused", Final: engine.FinalRefused,
				Data: map[string]any{"check": at(7), "refuse": at(8)},
			},
		},
	}
}

// midBirth is a case whose birth registration waits for the citizen's draft.
func midBirth() *engine.Case {
	return &engine.Case{Status: engine.CaseOpen, Dossiers: []*engine.Dossier{{
		Step: "birth", Procedure: "birth_registration", Status: engine.StatusOpen, State: "signing",
		Data: map[string]any{"request_supplement": at(1), "answer_supplement": at(2), "receive": at(3), "draft": at(4), "confirm": at(5), "assigned": at(6)},
	}}}
}
