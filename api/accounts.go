package api

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

type accountView struct {
	ID       string     `json:"id"`
	Kind     string     `json:"kind" enum:"citizen,staff"`
	Person   string     `json:"person,omitempty" doc:"Personal number of a citizen"`
	Name     string     `json:"name"`
	Phone    string     `json:"phone,omitempty"`
	Email    string     `json:"email,omitempty"`
	Office   *officeRef `json:"office,omitempty"`
	Roles    []string   `json:"roles,omitempty"`
	From     Time       `json:"from,omitzero"`
	To       Time       `json:"to,omitzero" doc:"Exclusive"`
	Disabled bool       `json:"disabled,omitempty"`
	ETag     string     `json:"etag"`
}

type officeRef struct {
	ID    string `json:"id"`
	Name  Text   `json:"name"`
	Place Text   `json:"place,omitzero" doc:"The commune or province where it sits, for papers"`
}

func (s *Server) officeRef(id string) *officeRef {
	if id == "" {
		return nil
	}
	o, _ := s.cfg.Definitions.OfficeByID(id)
	if o.Name.IsZero() {
		o.Name = Text{VI: id, EN: id}
	}
	return &officeRef{ID: id, Name: o.Name, Place: s.cfg.Definitions.Unit(o.Unit)}
}

func (s *Server) accountView(ctx context.Context, a *engine.Account) accountView {
	return accountView{ID: a.ID, Kind: string(a.Kind), Person: a.Person, Name: nameIn(ctx, a.Name), Phone: a.Phone, Email: a.Email,
		Office: s.officeRef(a.Office), Roles: a.Roles, From: at(a.From), To: at(a.To), Disabled: a.Disabled, ETag: quoted(a.Rev)}
}

// AccountFields are what an administrator writes.
type AccountFields struct {
	Kind       string    `json:"kind,omitempty" enum:"citizen,staff" default:"staff"`
	Person     string    `json:"person,omitempty" pattern:"^[0-9]{12}$"`
	Name       string    `json:"name" minLength:"1" maxLength:"100"`
	Phone      string    `json:"phone,omitempty" maxLength:"20"`
	Email      string    `json:"email,omitempty" maxLength:"100"`
	Office     string    `json:"office,omitempty" maxLength:"100"`
	Roles      []string  `json:"roles,omitempty" maxItems:"10"`
	From       time.Time `json:"from,omitzero" doc:"First instant of validity"`
	To         time.Time `json:"to,omitzero" doc:"End of validity, exclusive"`
	Disabled   bool      `json:"disabled,omitempty"`
	Passphrase string    `json:"passphrase,omitempty" minLength:"12" maxLength:"500" doc:"Sets the pass phrase; absent keeps it"`
}

type newAccountBody struct {
	ID string `json:"id" pattern:"^[a-z0-9][a-z0-9._-]{1,59}$"`
	AccountFields
}

type accountAnswer struct {
	ETag     string `header:"ETag"`
	Location string `header:"Location"`
	Body     accountView
}

func (s *Server) routeAccounts() {
	admin := only(roleAdministrator)
	path := base + "/accounts"
	route(s, op{method: http.MethodGet, path: path, id: "list-accounts", tag: "accounts", summary: "Accounts, by id", status: 200, who: admin}, s.listAccounts)
	route(s, op{method: http.MethodPost, path: path, id: "create-account", tag: "accounts", summary: "Create an account", status: 201, who: admin, errors: []int{409}}, s.createAccount)
	route(s, op{method: http.MethodGet, path: path + "/{id}", id: "get-account", tag: "accounts", summary: "One account", status: 200, who: admin}, s.getAccount)
	route(s, op{method: http.MethodPut, path: path + "/{id}", id: "put-account", tag: "accounts", summary: "Replace an account", status: 200, who: admin, errors: []int{412, 428}}, s.putAccount)
}

func (s *Server) listAccounts(ctx context.Context, in *struct {
	Office string `query:"office" maxLength:"100"`
	Page
}) (*struct {
	Link string `header:"Link"`
	Body struct {
		Accounts []accountView `json:"accounts"`
		Next     string        `json:"next,omitempty"`
	}
}, error) {
	list, err := s.cfg.Store.Accounts(ctx, in.Office, in.After, in.Limit)
	if err != nil {
		return nil, err
	}
	var out struct {
		Link string `header:"Link"`
		Body struct {
			Accounts []accountView `json:"accounts"`
			Next     string        `json:"next,omitempty"`
		}
	}
	out.Body.Accounts = []accountView{}
	for i := range list {
		out.Body.Accounts = append(out.Body.Accounts, s.accountView(ctx, &list[i]))
	}
	if len(list) == in.Limit {
		out.Body.Next = list[len(list)-1].ID
		out.Link = in.link(out.Body.Next)
	}
	return &out, nil
}

func (s *Server) getAccount(ctx context.Context, in *struct {
	ID string `path:"id" maxLength:"100"`
}) (*accountAnswer, error) {
	a, err := s.cfg.Store.Account(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &accountAnswer{ETag: quoted(a.Rev), Body: s.accountView(ctx, a)}, nil
}

func (s *Server) createAccount(ctx context.Context, in *struct {
	Keyed
	Body newAccountBody
}) (*accountAnswer, error) {
	return s.saveAccount(ctx, &in.Keyed, func(a *engine.Account) error {
		a.ID = in.Body.ID
		if in.Body.Kind != string(engine.Citizen) && personID.MatchString(a.ID) { // logs and history would seem to name a citizen
			return invalid("/id", "not_allowed", "Tên tài khoản cán bộ không được gồm 12 chữ số như số định danh.", "The id of a staff account must not have twelve digits as a personal number has.")
		}
		return s.fill(a, in.Body.AccountFields)
	})
}

func (s *Server) putAccount(ctx context.Context, in *struct {
	ID string `path:"id" maxLength:"100"`
	Keyed
	Versioned
	Body AccountFields
}) (*accountAnswer, error) {
	return s.saveAccount(ctx, &in.Keyed, func(next *engine.Account) error {
		rev, err := in.need()
		if err != nil {
			return err
		}
		a, err := s.cfg.Store.Account(ctx, in.ID)
		if err != nil {
			return err
		}
		*next = engine.Account{ID: a.ID, Secret: a.Secret, Rev: rev}
		if err := s.fill(next, in.Body); err != nil {
			return err
		}
		if a.Rev != rev {
			return &refusal{err: &engine.Error{Code: engine.StaleVersion}, now: &CurrentState{ETag: quoted(a.Rev), Rev: a.Rev}}
		}
		return nil
	})
}

// saveAccount writes the account that make makes, in place of the one of its revision.
func (s *Server) saveAccount(ctx context.Context, by *Keyed, make func(*engine.Account) error) (*accountAnswer, error) {
	out := &accountAnswer{}
	err := s.cfg.Runtime.Once(ctx, by.asked(ctx), out, func(keep func() *engine.Answer) error {
		var a engine.Account
		if err := make(&a); err != nil {
			return err
		}
		before := a.Rev
		a.Rev++
		*out = accountAnswer{ETag: quoted(a.Rev), Location: base + "/accounts/" + a.ID, Body: s.accountView(ctx, &a)}
		err := s.cfg.Store.PutAccount(ctx, a, before, keep())
		if engine.CodeOf(err) == engine.Duplicate {
			return engine.Fail(engine.Duplicate, "Tên tài khoản đã có.", "The account name is taken.")
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

var personID = regexp.MustCompile(`^[0-9]{12}$`)

// fill checks what was sent against what an account must be.
func (s *Server) fill(a *engine.Account, b AccountFields) error {
	var ps []engine.Problem
	bad := func(pointer, code, v, e string) {
		ps = append(ps, engine.Problem{Pointer: pointer, Code: code, Detail: Text{VI: v, EN: e}})
	}
	a.Kind = engine.ActorKind(b.Kind)
	a.Person, a.Name, a.Phone, a.Email = b.Person, b.Name, b.Phone, b.Email
	a.Office, a.Roles, a.Disabled = b.Office, b.Roles, b.Disabled
	a.From, a.To = b.From.Truncate(time.Microsecond), b.To.Truncate(time.Microsecond) // as they are kept
	if a.Kind == engine.Citizen {
		if !personID.MatchString(b.Person) {
			bad("/person", "required", "Công dân cần có số định danh.", "A citizen needs a personal number.")
		}
		if b.Office != "" || len(b.Roles) > 0 {
			bad("/roles", "not_allowed", "Công dân không có cơ quan và vai trò.", "A citizen has no office and no roles.")
		}
	} else {
		if len(b.Roles) == 0 {
			bad("/roles", "required", "Cán bộ cần có vai trò.", "Staff need a role.")
		}
		for _, r := range b.Roles {
			if !slices.Contains(roles, r) {
				bad("/roles", "enum", "Không có vai trò "+r+".", "There is no role "+r+".")
			}
		}
		needsOffice := slices.ContainsFunc(b.Roles, func(r string) bool { return slices.Contains(deskRoles, r) })
		if _, ok := s.cfg.Definitions.OfficeByID(b.Office); !ok && (needsOffice || b.Office != "") {
			bad("/office", "enum", "Không có cơ quan này.", "There is no such office.")
		}
	}
	for pointer, t := range map[string]time.Time{"/from": a.From, "/to": a.To} {
		if y := t.In(calendar.Zone).Year(); y < 1 || y > 9999 { // it could not be told again
			bad(pointer, "range", "Năm phải từ 1 đến 9999, theo giờ Việt Nam.", "The year must be 1 to 9999, by Vietnamese time.")
		}
	}
	if !b.To.IsZero() && !b.From.IsZero() && !b.From.Before(b.To) {
		bad("/to", "range", "Ngày kết thúc phải sau ngày bắt đầu.", "The end must lie after the beginning.")
	}
	if len(ps) > 0 {
		return &engine.Error{Code: engine.Invalid, Problems: ps}
	}
	if b.Passphrase != "" {
		secret, err := HashPassphrase(b.Passphrase)
		if err != nil {
			return err
		}
		a.Secret = secret
	}
	return nil
}
