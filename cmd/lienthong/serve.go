package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lienthong/agencies"
	"lienthong/agencies/wire"
	"lienthong/cmd/lienthong/system"
)

type serveCommand struct {
	DB             string `help:"Where cases are kept: sqlite:FILE, or the file alone." default:"sqlite:lienthong.db" env:"LIENTHONG_DB"`
	Check          string `help:"How much of an existing file is looked at first: auto (pages of a small one, or after a crash), full (as verify), off." enum:"auto,full,off" default:"auto" env:"LIENTHONG_CHECK"`
	Listen         string `help:"Address of the surface." default:"127.0.0.1:8080" env:"LIENTHONG_LISTEN"`
	Secure         bool   `help:"People come over TLS that a proxy in front ends: cookies are sent over TLS only." env:"LIENTHONG_SECURE"`
	Agencies       string `help:"embedded, or the base URL of registries that run elsewhere." default:"embedded" env:"LIENTHONG_AGENCIES"`
	Secret         string `help:"Master of the secrets shared with the registries." env:"LIENTHONG_SECRET" required:""`
	Operator       string `help:"Bearer token of the embedded registries' dials and counters; a random one without it." env:"LIENTHONG_OPERATOR"`
	KeepAnswers    period `help:"How long answers to commands are kept, so that a repetition gets the same one." default:"30d"`
	KeepDeliveries period `help:"How long deliveries are kept after the registry answered." default:"90d"`
	KeepSessions   period `help:"How long sessions are kept after they ended." default:"1d"`
	KeepPrefills   period `help:"How long it is kept what registers knew when a form was opened." default:"7d"`
	KeepDrafts     period `help:"How long drafts are kept after their last change." default:"180d"`
	Checkpoints    period `help:"Time between two notes of where every history ends." default:"1d"`
	Administrator  string `help:"Pass phrase of the first administrator, set only when there is none." env:"LIENTHONG_ADMINISTRATOR"`
}

// errNoSecret says that anybody could sign as a registry.
var errNoSecret = errors.New("--secret is empty")

// Validate refuses an empty secret.
func (c *serveCommand) Validate() error {
	if c.Secret == "" {
		return errNoSecret
	}
	return nil
}

// Run serves until it is told to stop.
func (c *serveCommand) Run(e *env) error {
	file := strings.TrimPrefix(c.DB, "sqlite:")
	if kind, _, ok := strings.Cut(file, ":"); file == "" || ok && !strings.ContainsAny(kind, `/\.`) && len(kind) > 1 {
		return usageError{fmt.Errorf("--db %q: want sqlite:FILE or FILE", c.DB)}
	}
	cfg := system.Config{DB: file, Check: c.Check, Listen: c.Listen, Secure: c.Secure, Secret: c.Secret, Operator: c.Operator, Logger: e.log,
		Keep: system.Keep{Answers: c.KeepAnswers.d, Deliveries: c.KeepDeliveries.d, Sessions: c.KeepSessions.d, Prefills: c.KeepPrefills.d,
			Drafts: c.KeepDrafts.d, Checkpoints: c.Checkpoints.d}}
	if c.Agencies == "embedded" {
		cfg.Registers = strings.TrimSuffix(file, filepath.Ext(file)) + "-registers"
	} else if u, err := url.Parse(c.Agencies); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return usageError{fmt.Errorf("--agencies %q: want embedded or a URL, such as http://127.0.0.1:8091", c.Agencies)}
	} else {
		cfg.Registry = strings.TrimSuffix(c.Agencies, "/")
	}
	s, err := system.Open(e.ctx, cfg)
	if err != nil {
		return err
	}
	if c.Administrator != "" {
		if err := s.FirstAdministrator(e.ctx, c.Administrator); err != nil {
			_ = s.Close()
			return err
		}
	}
	fmt.Fprintf(e.out, "Liên Thông: %s (registries: %s)\n", s.URL, s.RegistryURL)
	err = s.Run(e.ctx)
	if cerr := s.Close(); err == nil {
		err = cerr
	}
	return err
}

type agenciesCommand struct {
	Dir      string `help:"Folder of the registers' SQLite files." default:"lienthong-data/registers" type:"path"`
	Listen   string `help:"Address." default:"127.0.0.1:8091"`
	Secret   string `help:"Master of the shared secrets." env:"LIENTHONG_SECRET" required:""`
	Operator string `help:"Bearer token of the fault dials and counters; without it they are open." env:"LIENTHONG_OPERATOR"`
	AutoPay  string `help:"How the treasury collects fees: empty waits for somebody to pay, 0s at once." name:"auto-pay"`
	Faults   string `help:"Fault dials to start with: a JSON file {registry: dial}." type:"existingfile"`
}

// Validate refuses an empty secret.
func (c *agenciesCommand) Validate() error {
	if c.Secret == "" {
		return errNoSecret
	}
	return nil
}

// Run serves the registries until it is told to stop.
func (c *agenciesCommand) Run(e *env) error {
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return err
	}
	a, err := agencies.Open(agencies.Config{Dir: c.Dir, Operator: c.Operator, AutoPay: c.AutoPay, Logger: e.log,
		Secrets: func(registry string) string { return wire.DeriveSecret(c.Secret, registry) }})
	if err != nil {
		return err
	}
	defer a.Close()
	if err := setFaults(a, c.Faults); err != nil {
		return err
	}
	srv := &http.Server{Addr: c.Listen, Handler: a.Handler(), ReadHeaderTimeout: 10 * time.Second}
	return listenUntil(e, srv, "registries", func() { a.Run(e.ctx) })
}
