package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

var brokenDisk = Fault{Name: "disk", Title: "a disk that is full, fails, is read-only, or loses and changes what it had", weight: 3, run: runDisk}

// ailments are what a disk can have; each is tried in turn.
var ailments = []struct {
	name string
	run  func(*patient, context.Context) error
}{
	{"no space left for a while", (*patient).noSpace},
	{"one write fails", (*patient).oneWrite},
	{"every write fails for a while", (*patient).allWrites},
	{"every read fails for a while", (*patient).allReads},
	{"a sync fails", (*patient).oneSync},
	{"read-only for a while", (*patient).readOnly},
	{"read-only when the server starts", (*patient).readOnlyStart},
	{"the file is moved away", (*patient).moved},
	{"the write-ahead log is removed", (*patient).logRemoved},
	{"a page, or bytes of one, are changed", (*patient).flipped},
}

// patient is a server whose disk ails.
type patient struct {
	t   *trial
	s   *site
	c   *crowd
	d   *disk
	rng *rand.Rand
	row *Row

	pause                       time.Duration // how long an ailment lasts
	refused, thorough, harmless int           // of changed pages
	bad                         []string
}

// recovery bounds how long the server may take to serve again, or to say that it
// will not.
const recovery = time.Minute

func runDisk(ctx context.Context, t *trial) ([]Row, error) {
	rows := make([]Row, len(ailments))
	for i, a := range ailments {
		rows[i].Kind = a.name
	}
	whole := Row{Kind: "all of these"}
	rounds := t.Rounds
	if rounds == 0 {
		rounds = max(1, int(t.length/(time.Duration(len(ailments))*4*time.Second)))
	}
	err := t.underLoad(ctx, &whole, func(ctx context.Context, s *site, c *crowd) error {
		d, skip, err := newDisk(s)
		if err != nil || skip != "" {
			whole.Skipped = skip
			return err
		}
		s.server.kill() // and again, with the library before its disk
		if err := s.startServer(ctx); err != nil {
			return err
		}
		p := &patient{t: t, s: s, c: c, d: d, rng: t.rng, row: &whole, pause: min(max(t.length/40, 300*time.Millisecond), 1500*time.Millisecond)}
		for range rounds {
			for _, i := range p.rng.Perm(len(ailments)) {
				if err := rest(ctx, between(p.rng, 200*time.Millisecond, 800*time.Millisecond)); err != nil {
					return err
				}
				if err := ailments[i].run(p, ctx); err != nil {
					return fmt.Errorf("%s: %w", ailments[i].name, err)
				}
				if err := p.serves(ctx); err != nil {
					return fmt.Errorf("after %q: %w", ailments[i].name, err)
				}
				rows[i].Injected++
			}
		}
		whole.note("of %d changes the server refused %d to start on as it usually looks, %d more with --check full; %d were of nobody's bytes",
			p.refused+p.thorough+p.harmless, p.refused, p.thorough, p.harmless)
		for _, b := range p.bad {
			whole.wrong("%s", b)
		}
		return nil
	})
	if whole.Skipped != "" {
		return []Row{whole}, err
	}
	return append(rows, whole), err
}

func (p *patient) wrong(format string, args ...any) {
	p.bad = append(p.bad, fmt.Sprintf(format, args...))
}

// serves waits until commands are acknowledged again.
func (p *patient) serves(ctx context.Context) error {
	before := p.c.ledger.acknowledged()
	return p.until(ctx, "acknowledges again", func() bool { return p.c.ledger.acknowledged() > before })
}

// until waits for something that must come to be.
func (p *patient) until(ctx context.Context, what string, holds func() bool) error {
	limit := time.Now().Add(recovery)
	for !holds() {
		if p.s.watch(); len(p.s.trouble) > 0 {
			return breach{p.s.trouble[len(p.s.trouble)-1]}
		}
		if time.Now().After(limit) {
			return breach{fmt.Sprintf("the server has not done this within %s: it %s", recovery, what)}
		}
		if err := rest(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// struck waits until calls have failed since a count.
func (p *patient) struck(ctx context.Context, before uint32) error {
	return p.until(ctx, "writes", func() bool {
		n, err := p.d.get(failed)
		return err == nil && n > before
	})
}

// for a while sets a field, waits until calls fail, and takes it away.
func (p *patient) forAWhile(ctx context.Context, field int64) error {
	before, err := p.d.get(failed)
	if err != nil {
		return err
	}
	if err := p.d.set(field, 1); err != nil {
		return err
	}
	if err := p.struck(ctx, before); err != nil {
		return errors.Join(err, p.d.heal())
	}
	return errors.Join(rest(ctx, p.pause), p.d.heal())
}

func (p *patient) noSpace(ctx context.Context) error  { return p.forAWhile(ctx, full) }
func (p *patient) readOnly(ctx context.Context) error { return p.forAWhile(ctx, readonly) }

// allReads fails reads: nobody may be told of damage, and no delivery may wait for a
// person because of it. (An answer of 500, and a delivery that stays, are counted.)
func (p *patient) allReads(ctx context.Context) error { return p.forAWhile(ctx, brokenReads) }

// nth makes the Nth call from now fail.
func (p *patient) nth(ctx context.Context, field int64, n uint32) error {
	before, err := p.d.get(failed)
	if err != nil {
		return err
	}
	if err := p.d.set(field, n); err != nil {
		return err
	}
	return p.struck(ctx, before)
}

func (p *patient) oneWrite(ctx context.Context) error {
	return p.nth(ctx, writeAt, 1+p.rng.Uint32N(300))
}

func (p *patient) allWrites(ctx context.Context) error {
	if err := p.d.set(sticky, 1); err != nil {
		return err
	}
	if err := p.nth(ctx, writeAt, 1+p.rng.Uint32N(100)); err != nil {
		return err
	}
	return errors.Join(rest(ctx, p.pause), p.d.heal())
}

// oneSync fails one sync: after it the server must not acknowledge anything until
// it is started again, and must say why.
func (p *patient) oneSync(ctx context.Context) error {
	// The journal's sync fails at the next commit; a checkpoint's may fail without
	// anybody being told, since it will be done again.
	if err := p.nth(ctx, syncAt, 1+p.rng.Uint32N(20)); err != nil {
		return err
	}
	why, err := p.reason(ctx, 5*time.Second)
	if err != nil {
		return err
	}
	if why == "" { // it was a checkpoint's
		p.row.note("a failed sync of a checkpoint stopped nothing")
		return nil
	}
	if !strings.Contains(why, "sync") {
		p.wrong("after a failed sync /readyz says %q", why)
	}
	if err := p.silent(ctx, "a failed sync"); err != nil {
		return err
	}
	p.s.server.kill()
	return p.s.startServer(ctx)
}

// silent checks that nothing more is acknowledged.
func (p *patient) silent(ctx context.Context, after string) error {
	// A 2xx that was on its way may still be counted; what comes later may not.
	if err := rest(ctx, p.pause); err != nil {
		return err
	}
	before := p.c.ledger.acknowledged()
	if err := rest(ctx, p.pause); err != nil {
		return err
	}
	if n := p.c.ledger.acknowledged() - before; n > 0 {
		p.wrong("%d commands were acknowledged after %s", n, after)
	}
	p.s.watch()
	return nil
}

// reason asks /readyz until the server says that it is not ready; "" when it stays
// ready.
func (p *patient) reason(ctx context.Context, limit time.Duration) (string, error) {
	end := time.Now().Add(limit)
	for time.Now().Before(end) {
		why, err := p.s.surface.ready(ctx)
		if err == nil && why != "" {
			return why, nil
		}
		p.s.watch()
		if err := rest(ctx, 50*time.Millisecond); err != nil {
			return "", err
		}
	}
	return "", nil
}

// readOnlyStart starts the server on a disk that cannot be written: it must not
// start, and say why.
func (p *patient) readOnlyStart(ctx context.Context) error {
	p.s.server.kill()
	if err := p.d.set(readonly, 1); err != nil {
		return err
	}
	err := p.mustNotStart(ctx, "a read-only disk", "read-only", "readonly")
	return errors.Join(err, p.d.heal(), p.s.startServer(ctx))
}

// mustNotStart starts the server and wants it to refuse, with one of some words.
func (p *patient) mustNotStart(ctx context.Context, on string, words ...string) error {
	was, err := os.Stat(p.s.log("server"))
	if err != nil {
		return err
	}
	if err := p.s.startServer(ctx); err == nil {
		p.wrong("the server started on %s", on)
		p.s.server.kill()
		return nil
	} else if ctx.Err() != nil {
		return err
	}
	b, err := os.ReadFile(p.s.log("server"))
	if err != nil {
		return err
	}
	said := string(b[was.Size():])
	for _, w := range words {
		if strings.Contains(said, w) {
			return nil
		}
	}
	p.wrong("on %s the server says %q", on, said)
	return nil
}

// moved moves the database away under the server, and back.
func (p *patient) moved(ctx context.Context) error {
	return p.away(ctx, "the file was moved away", p.s.db)
}

// logRemoved does the same with the write-ahead log.
func (p *patient) logRemoved(ctx context.Context) error {
	return p.away(ctx, "the write-ahead log was moved away", p.s.db+"-wal")
}

func (p *patient) away(ctx context.Context, what, name string) error {
	if err := os.Rename(name, name+".away"); err != nil {
		return err
	}
	why, err := p.reason(ctx, recovery)
	if err != nil {
		return err
	}
	if !strings.Contains(why, filepath.Base(name)) {
		p.wrong("when %s /readyz says %q", what, why)
	}
	if err := p.silent(ctx, what); err != nil {
		return err
	}
	p.s.server.kill()
	if err := os.Rename(name+".away", name); err != nil {
		return err
	}
	return p.s.startServer(ctx)
}

// flips is how many times something is changed, one after the other.
const flips = 4

// flipped changes some bytes, or a whole page, of the file of a server that was
// stopped. The server must name the damage and not start; if it looks at the pages
// only and sees nothing, then with --check full; what it does not see then must be
// nobody's.
func (p *patient) flipped(ctx context.Context) error {
	for i := range flips {
		if err := p.flipOnce(ctx, i%2 == 0); err != nil {
			return err
		}
	}
	return nil
}

func (p *patient) flipOnce(ctx context.Context, page bool) error {
	p.s.server.killed = true
	if err := p.s.server.stop(); err != nil {
		return err
	}
	undo, where, err := p.flip(page)
	if err != nil {
		return err
	}
	refused, err := p.refuses(ctx, where)
	if err == nil && refused {
		p.refused++
	} else if err == nil {
		err = p.looksCloser(ctx, where)
	}
	return errors.Join(err, undo(), p.s.startServer(ctx))
}

// refuses starts the server on a changed file. It tells whether the server refused;
// then it must have named the damage.
//
// The server stands where nobody finds it, and finds no registry: what it would
// acknowledge or have performed would be undone with the damage.
func (p *patient) refuses(ctx context.Context, where string) (bool, error) {
	was, err := os.Stat(p.s.log("server"))
	if err != nil {
		return false, err
	}
	address, registries := p.s.address, p.s.registryAddr
	p.s.address, err = freeAddress()
	if err == nil {
		p.s.registryAddr, err = freeAddress()
	}
	if err == nil {
		err = p.s.startServer(ctx)
	}
	p.s.address, p.s.registryAddr = address, registries
	if err == nil {
		p.s.server.kill()
		return false, nil
	}
	if no := (breach{}); !errors.As(err, &no) {
		return false, err
	}
	b, err := os.ReadFile(p.s.log("server"))
	if err != nil {
		return false, err
	}
	if said := string(b[was.Size():]); !strings.Contains(said, "damaged") && !strings.Contains(said, "not a database") && !strings.Contains(said, "malformed") {
		p.wrong("%s: the server says %q", where, said)
	}
	return true, nil
}

// looksCloser starts the server with --check full on a file that it took for sound.
// What it does not refuse then must hold everything.
func (p *patient) looksCloser(ctx context.Context, where string) error {
	usual := p.s.extra
	p.s.extra = append(slices.Clone(usual), "--check", "full")
	refused, err := p.refuses(ctx, where)
	p.s.extra = usual
	if err != nil || refused {
		p.thorough++
		return err
	}
	f, err := inquest(ctx, p.s.db, "", p.c.ledger.all(), nil, false)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil || !f.Good() {
		p.wrong("%s: the server started on it with --check full: %v %q", where, err, f.Losses)
	}
	p.harmless++
	return nil
}

// pageSize of the database, in bytes.
const pageSize = 4096

// flip inverts a page, or up to sixteen bytes at a random place of the file, and
// returns how to take that back.
func (p *patient) flip(page bool) (undo func() error, where string, err error) {
	st, err := os.Stat(p.s.db)
	if err != nil {
		return nil, "", err
	}
	at := p.rng.Int64N(st.Size() - 16)
	was := make([]byte, 1+p.rng.IntN(16))
	if page {
		at, was = at/pageSize*pageSize, make([]byte, pageSize)
	}
	f, err := os.OpenFile(p.s.db, os.O_RDWR, 0)
	if err != nil {
		return nil, "", err
	}
	defer f.Close()
	if _, err := f.ReadAt(was, at); err != nil {
		return nil, "", err
	}
	is := make([]byte, len(was))
	for i, b := range was {
		is[i] = ^b
	}
	if _, err := f.WriteAt(is, at); err != nil {
		return nil, "", err
	}
	whole, err := os.ReadFile(p.s.db)
	if err != nil {
		return nil, "", err
	}
	copy(whole[at:], was)
	wal, err := os.ReadFile(p.s.db + "-wal") // a server that was stopped leaves none, or an empty one
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, "", err
	}
	return func() error {
		for _, end := range []string{"-wal", "-shm"} {
			if err := os.Remove(p.s.db + end); err != nil && !errors.Is(err, syscall.ENOENT) {
				return err
			}
		}
		if len(wal) > 0 {
			if err := os.WriteFile(p.s.db+"-wal", wal, 0o600); err != nil {
				return err
			}
		}
		return os.WriteFile(p.s.db, whole, 0o600)
	}, fmt.Sprintf("with %d bytes changed at %d", len(was), at), nil
}
