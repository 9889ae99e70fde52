package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// site is one place of work: a folder with a database and registers, the server,
// the registries, and the people's way to them.
type site struct {
	c   Config
	dir string

	db, registers         string // files
	address, registryAddr string // host:port, the same for the whole life of the site
	serverEnv             []string
	extra                 []string // more arguments of the server

	server, registries *process
	inside             *inside // both, in this process
	surface            *client
	day                time.Time // of the business clock; zero = today
	trouble            []string  // what a process did that nobody asked for
}

// operatorToken opens the registries' dials and counters.
const operatorToken = "chaos-operator"

// newSite prepares the folder, the accounts and the ports; nothing runs yet.
func newSite(ctx context.Context, t *trial, name string) (*site, error) {
	dir := filepath.Join(t.dir, name)
	s := &site{c: t.Config, dir: dir, db: filepath.Join(dir, "data", "cases.db"), registers: filepath.Join(dir, "registers")}
	for _, d := range []string{filepath.Dir(s.db), s.registers} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return nil, err
		}
	}
	if _, err := os.Stat(s.db); err == nil {
		return nil, fmt.Errorf("%s exists: give an empty folder", s.db)
	}
	if err := populate(ctx, s.db); err != nil {
		return nil, fmt.Errorf("making the people: %w", err)
	}
	var err error
	if s.address, err = freeAddress(); err == nil {
		s.registryAddr, err = freeAddress()
	}
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{MaxIdleConns: 4096, MaxIdleConnsPerHost: 4096, DisableCompression: true}
	s.surface = &client{base: "http://" + s.address, http: &http.Client{Transport: transport}}
	return s, nil
}

// freeAddress finds a loopback port below those that the system gives out by
// itself, so that nobody takes it while a killed server is away.
func freeAddress() (string, error) {
	for range 100 {
		addr := fmt.Sprintf("127.0.0.1:%d", 18000+rand.IntN(14000))
		l, err := net.Listen("tcp", addr)
		if err == nil {
			return addr, l.Close()
		}
	}
	return "", errors.New("no free port below 32000")
}

func (s *site) log(name string) string { return filepath.Join(s.dir, name+".log") }

// startServer starts the server on its files.
func (s *site) startServer(ctx context.Context) (err error) {
	args := append([]string{"serve", "--db", "sqlite:" + s.db, "--listen", s.address, "--agencies", "http://" + s.registryAddr}, s.extra...)
	cmd := s.c.Self(args...)
	cmd.Env = append(environment(cmd.Env), s.serverEnv...)
	s.server, err = start(ctx, "server", cmd, s.log("server"))
	return err
}

// startRegistries starts the registries on theirs.
func (s *site) startRegistries(ctx context.Context) (err error) {
	cmd := s.c.Self("agencies", "--dir", s.registers, "--listen", s.registryAddr, "--auto-pay", "0s")
	cmd.Env = environment(cmd.Env)
	s.registries, err = start(ctx, "registries", cmd, s.log("registries"))
	return err
}

// open starts both.
func (s *site) open(ctx context.Context) error {
	if err := s.startRegistries(ctx); err != nil {
		return err
	}
	return s.startServer(ctx)
}

// environment is what a process of ours needs beside the usual.
func environment(env []string) []string {
	if env == nil {
		env = os.Environ()
	}
	return append(env, "LIENTHONG_SECRET=chaos", "LIENTHONG_OPERATOR="+operatorToken, "LIENTHONG_LOG=warn")
}

// watch notes processes that ended by themselves.
func (s *site) watch() {
	for _, p := range []*process{s.server, s.registries} {
		if p.gone() {
			s.trouble = append(s.trouble, fmt.Sprintf("the %s ended by itself: %v", p.name, p.err))
			p.killed = true // told
		}
	}
}

// close stops both in order and reads their logs for signs of a defect.
func (s *site) close() {
	s.watch()
	for _, p := range []*process{s.server, s.registries} {
		if p == nil || p.killed {
			continue
		}
		if err := p.stop(); err != nil {
			s.trouble = append(s.trouble, err.Error())
		}
	}
	s.surface.http.CloseIdleConnections()
	if s.inside != nil { // its log may tell of panics that the fault caused
		if err := s.inside.close(); err != nil {
			s.trouble = append(s.trouble, "closing: "+err.Error())
		}
		return
	}
	for _, name := range []string{"server", "registries"} {
		s.trouble = append(s.trouble, alarming(s.log(name))...)
	}
}

// abandon kills what still runs: the way out after an error of the harness.
func (s *site) abandon() {
	for _, p := range []*process{s.server, s.registries} {
		if p != nil {
			p.kill()
		}
	}
	if s.inside != nil {
		_ = s.inside.close() // the error that led here says more
	}
	s.surface.http.CloseIdleConnections()
}

// settled waits until nothing is owed to any registry, or the time is over; left
// is how much is.
func (s *site) settled(ctx context.Context, limit time.Duration) (left int, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		var page struct{ Deliveries []struct{ Key string } }
		err := s.surface.get(ctx, "operator", "/exchange?limit=200", &page)
		if err == nil && len(page.Deliveries) == 0 {
			return 0, nil
		}
		left = len(page.Deliveries)
		if rest(ctx, 200*time.Millisecond) != nil {
			return left, err
		}
	}
}
