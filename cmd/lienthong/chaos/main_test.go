package chaos

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"lienthong/agencies"
	"lienthong/agencies/wire"
	"lienthong/cmd/lienthong/system"
	"lienthong/engine/runtime"
	"lienthong/store/sqlite"
)

// selfVariable makes this test binary the server or the registries of a test: the
// same wiring as the command's verbs, with two things that no user may have, a
// short back-off and a store that does not sync.
const selfVariable = "LIENTHONG_CHAOS_TEST_SELF"

// syncVariable makes the server of a test open its store with another
// synchronous than FULL.
const syncVariable = "LIENTHONG_CHAOS_TEST_SYNCHRONOUS"

func TestMain(m *testing.M) {
	if os.Getenv(selfVariable) == "" {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := verb(ctx, os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// self starts this test binary as one of the two, with more environment.
func self(env ...string) func(args ...string) *exec.Cmd {
	return func(args ...string) *exec.Cmd {
		cmd := exec.Command(os.Args[0], args...)
		cmd.Env = append(append(os.Environ(), selfVariable+"=1"), env...)
		return cmd
	}
}

func verb(ctx context.Context, name string, args []string) error {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	listen := f.String("listen", "", "")
	switch name {
	case "serve":
		db, registry, check := f.String("db", "", ""), f.String("agencies", "", ""), f.String("check", "", "")
		if err := f.Parse(args); err != nil {
			return err
		}
		return serveSelf(ctx, system.Config{DB: strings.TrimPrefix(*db, "sqlite:"), Listen: *listen, Registry: *registry, Check: *check, Logger: log})
	case "agencies":
		dir, pay := f.String("dir", "", ""), f.String("auto-pay", "", "")
		if err := f.Parse(args); err != nil {
			return err
		}
		return registriesSelf(ctx, *listen, agencies.Config{Dir: *dir, AutoPay: *pay, Logger: log})
	}
	return fmt.Errorf("no verb %q", name)
}

func serveSelf(ctx context.Context, c system.Config) error {
	c.Secret = os.Getenv("LIENTHONG_SECRET")
	c.Runtime = func(r *runtime.Config) {
		r.RetryFirst, r.RetryMax, r.BreakerPause = 50*time.Millisecond, time.Second, 500*time.Millisecond
		r.Poll, r.Timeout = 200*time.Millisecond, time.Second
	}
	c.Store = func(s *sqlite.Config) { s.Hooks.Synchronous = os.Getenv(syncVariable) }
	s, err := system.Open(ctx, c)
	if err != nil {
		return err
	}
	fmt.Println("listening on", s.URL)
	return errors.Join(s.Run(ctx), s.Close())
}

func registriesSelf(ctx context.Context, addr string, c agencies.Config) error {
	secret := os.Getenv("LIENTHONG_SECRET")
	c.Secrets = func(registry string) string { return wire.DeriveSecret(secret, registry) }
	c.Operator = os.Getenv("LIENTHONG_OPERATOR")
	a, err := agencies.Open(c)
	if err != nil {
		return err
	}
	defer a.Close()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	fmt.Printf("listening on http://%s\n", l.Addr())
	srv := &http.Server{Handler: a.Handler(), ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	a.Run(ctx)
	err = srv.Shutdown(context.WithoutCancel(ctx))
	if serr := <-served; !errors.Is(serr, http.ErrServerClosed) {
		err = errors.Join(err, serr)
	}
	return err
}

// run runs one fault shortly and wants nothing lost, doubled or left.
func run(t *testing.T, change func(*Config)) *Report {
	t.Helper()
	if testing.Short() {
		t.Skip("starts and kills real processes; left out with -short")
	}
	c := Config{Self: self(), Seed: 1, Dir: t.TempDir(), Drivers: 8, Say: t.Logf}
	change(&c)
	r, err := Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	r.Print(&b, english)
	t.Log("\n" + b.String())
	if !r.Good() {
		t.Error("something was lost, doubled or left; see the table")
	}
	return r
}

// wants checks that a row did what it says.
func wants(t *testing.T, r *Report, injected, acknowledged int) {
	t.Helper()
	for _, row := range r.Rows {
		if row.Skipped != "" {
			t.Logf("%s was skipped: %s", row.Kind, row.Skipped)
			continue
		}
		if row.Injected < injected || row.Acknowledged < acknowledged {
			t.Errorf("%s: %d injected, %d acknowledged; want at least %d and %d", row.Kind, row.Injected, row.Acknowledged, injected, acknowledged)
		}
	}
}
