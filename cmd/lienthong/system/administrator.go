package system

import (
	"context"
	"fmt"
	"unicode/utf8"

	"lienthong/api"
	"lienthong/engine"
)

// FirstAdministrator makes the account "administrator" when there is none, with a
// pass phrase; every other account is made by an administrator over HTTP.
func (s *System) FirstAdministrator(ctx context.Context, passphrase string) error {
	if _, err := s.Store.Account(ctx, "administrator"); engine.CodeOf(err) != engine.NotFound {
		return err
	}
	if n := utf8.RuneCountInString(passphrase); n < api.MinPassphrase {
		return engine.Fail(engine.Invalid, fmt.Sprintf("Mật khẩu của quản trị viên đầu tiên có %d ký tự, cần ít nhất %d.", n, api.MinPassphrase),
			fmt.Sprintf("The first administrator's pass phrase has %d characters, want at least %d.", n, api.MinPassphrase))
	}
	secret, err := api.HashPassphrase(passphrase)
	if err != nil {
		return err
	}
	return s.Store.PutAccount(ctx, engine.Account{ID: "administrator", Kind: engine.Staff, Name: "Quản trị hệ thống", Roles: []string{"administrator"}, Secret: secret}, 0, nil)
}
