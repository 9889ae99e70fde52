package system

import (
	"context"

	"lienthong/api"
	"lienthong/engine"
)

// FirstAdministrator makes the account "administrator" when there is none, with a
// pass phrase; every other account is made by an administrator over HTTP.
func (s *System) FirstAdministrator(ctx context.Context, passphrase string) error {
	if _, err := s.Store.Account(ctx, "administrator"); engine.CodeOf(err) != engine.NotFound {
		return err
	}
	secret, err := api.HashPassphrase(passphrase)
	if err != nil {
		return err
	}
	return s.Store.PutAccount(ctx, engine.Account{ID: "administrator", Kind: engine.Staff, Name: "Quản trị hệ thống", Roles: []string{"administrator"}, Secret: secret}, 0, nil)
}
