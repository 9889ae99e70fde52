package system

import (
	"context"
	"encoding/json"
	"fmt"

	"lienthong/agencies"
	"lienthong/agencies/seed"
	"lienthong/api"
	"lienthong/engine"
)

// officeRoles are the roles that a demo office gets one account for each.
var officeRoles = []string{engine.ByReception, engine.ByOfficer, engine.ByLeader, engine.BySupervisor}

// seedAccounts makes an account for every named citizen (the personal id), for
// each role at each office (role.office), and for the operator, the tester and
// the administrator. Accounts that exist are left alone.
func (s *System) seedAccounts(ctx context.Context) error {
	var all []engine.Account
	for _, p := range seed.Named() {
		all = append(all, engine.Account{ID: p.ID, Kind: engine.Citizen, Person: p.ID, Name: p.Name})
	}
	for _, o := range s.Definitions.Offices() {
		for _, role := range officeRoles {
			all = append(all, engine.Account{ID: role + "." + o.ID, Kind: engine.Staff, Name: api.RoleNames[role].VI, Office: o.ID, Roles: []string{role}})
		}
	}
	for _, role := range []string{engine.ByOperator, "tester", engine.ByAdministrator} {
		all = append(all, engine.Account{ID: role, Kind: engine.Staff, Name: api.RoleNames[role].VI, Roles: []string{role}})
	}
	for _, a := range all {
		if err := s.Store.PutAccount(ctx, a, 0, nil); err != nil && engine.CodeOf(err) != engine.Duplicate {
			return fmt.Errorf("account %s: %w", a.ID, err)
		}
	}
	return nil
}

// faults reads or turns the fault dial of one embedded registry.
func (s *System) faults(_ context.Context, registry string, body []byte) ([]byte, error) {
	if s.Agencies == nil {
		return nil, engine.Fail(engine.NotFound, "Các cơ sở dữ liệu chạy ở tiến trình khác", "the registries run in another process")
	}
	if body != nil {
		var f agencies.Faults
		if err := json.Unmarshal(body, &f); err != nil {
			return nil, &engine.Error{Code: engine.Invalid, Err: err, Detail: engine.Text{VI: "Nút gây lỗi không đọc được: " + err.Error(), EN: err.Error()}}
		}
		if err := s.Agencies.SetFaults(registry, f); err != nil {
			return nil, &engine.Error{Code: engine.Invalid, Err: err, Detail: engine.Text{VI: "Nút gây lỗi không hợp lệ: " + err.Error(), EN: err.Error()}}
		}
	}
	return json.Marshal(s.Agencies.Faults(registry))
}

// pay settles a collection of the embedded treasury, as if somebody had paid at a
// bank; the treasury's answer comes back by callback.
func (s *System) pay(ctx context.Context, delivery string, decline bool) error {
	code := ""
	if decline {
		code = "declined"
	}
	d, err := s.Store.Delivery(ctx, delivery)
	if err != nil {
		return err
	}
	key, err := RequestKey(*d)
	if err != nil {
		return err
	}
	if _, err := s.Agencies.Settle("treasury", key, code); err != nil {
		return &engine.Error{Code: engine.Unavailable, Op: "demo payment", Err: err}
	}
	_, err = s.Agencies.Step(ctx, s.Clock.Now()) // delivers the answer at once
	return err
}

// PeoplePay makes the embedded treasury wait until somebody pays, on the pages or
// over HTTP, instead of collecting by itself.
func (s *System) PeoplePay() error {
	if s.Agencies == nil {
		return nil
	}
	f := s.Agencies.Faults("treasury")
	f.AutoPay = ""
	return s.Agencies.SetFaults("treasury", f)
}
