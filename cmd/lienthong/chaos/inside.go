package chaos

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"time"

	"lienthong/cmd/lienthong/system"
	"lienthong/engine/runtime"
)

// inside is a server and its registries in this process: for faults that no signal
// and no dial can cause.
type inside struct {
	*system.System
	log    *os.File
	cancel context.CancelFunc
	ended  chan error
	config runtime.Config // that its runtime was made with
}

// openInside starts a system in this process on the site's files. change may alter
// its configuration and its runtime's.
func (s *site) openInside(ctx context.Context, change func(*system.Config, *runtime.Config)) error {
	f, err := os.OpenFile(s.log("server"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	set, err := definitions()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	in := &inside{log: f, ended: make(chan error, 1)}
	c := system.Config{DB: s.db, Registers: s.registers, Listen: s.address, AutoPay: "0s", Secret: "chaos", Operator: operatorToken, Definitions: set,
		Logger: slog.New(slog.NewTextHandler(f, &slog.HandlerOptions{Level: slog.LevelWarn}))}
	change(&c, nil)
	c.Runtime = func(r *runtime.Config) {
		// Short waits: the wall clock of these faults is not to be believed.
		r.RetryFirst, r.RetryMax, r.BreakerPause, r.Poll = 50*time.Millisecond, time.Second, 500*time.Millisecond, 200*time.Millisecond
		r.Timeout, r.Lease = time.Second, 2*time.Second
		change(nil, r)
		in.config = *r
	}
	if in.System, err = system.Open(ctx, c); err != nil {
		return errors.Join(err, f.Close())
	}
	var running context.Context
	running, in.cancel = context.WithCancel(context.WithoutCancel(ctx))
	go func() { in.ended <- in.Run(running) }()
	s.inside = in
	s.registryAddr = strings.TrimPrefix(in.RegistryURL, "http://")
	return nil
}

// close stops it and closes its files.
func (in *inside) close() error {
	in.cancel()
	return errors.Join(<-in.ended, in.System.Close(), in.log.Close())
}
