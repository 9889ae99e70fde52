package chaos

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

var powerLoss = Fault{Name: "power", Title: "power cuts, in which only what was synced is sure to be on the disk", weight: 4, run: runPower}

// powerRate is how often the power goes when no number of rounds is given.
const powerRate = 6 * time.Second

// errNothingSeen says that the library before the disk has no effect.
var errNothingSeen = errors.New("LD_PRELOAD has no effect on the server")

func runPower(ctx context.Context, t *trial) ([]Row, error) {
	row := Row{Kind: "power loss"}
	control := Row{Kind: "control: the same, read as if the journal's syncs had done nothing"}
	n := t.Rounds
	if n == 0 {
		n = max(1, int(t.length/powerRate))
	}
	plan := make([]time.Duration, n)
	for i := range plan {
		plan[i] = between(t.rng, 50*time.Millisecond, 2*t.length/time.Duration(n))
	}
	lied := 0
	err := t.underLoad(ctx, &row, func(ctx context.Context, s *site, c *crowd) error {
		d, skip, err := newDisk(s)
		if err != nil || skip != "" {
			row.Skipped = skip
			return err
		}
		s.server.kill() // and again, with the library before its disk
		end := time.Now().Add(t.length * 3 / 2)
		for i, work := range plan {
			if i > 0 && t.Rounds == 0 && time.Now().After(end) {
				row.note("time for %d of %d", i, n)
				break
			}
			doubt := lied == 0 || i%5 == 0 // often enough to show that it loses
			lost, err := t.cut(ctx, s, c, d, work, &row, doubt)
			if errors.Is(err, errNothingSeen) {
				row.Skipped = err.Error()
				return s.startServer(ctx)
			}
			if err != nil {
				return err
			}
			lied += lost
			if doubt {
				control.Injected++
			}
			if (i+1)%10 == 0 {
				t.Say("%s: %d of %d blows", t.fault.Name, i+1, n)
			}
		}
		return s.startServer(ctx)
	})
	if row.Skipped != "" || err != nil {
		return []Row{row}, err
	}
	control.note("%d acknowledged commands lost, as it must be", lied)
	if lied == 0 {
		control.wrong("a disk that ignores syncs loses nothing here: this harness proves nothing")
	}
	return []Row{row, control}, nil
}

// cut starts the server, lets it work, cuts the power, rebuilds the disk, and
// looks whether everything acknowledged is on it. In doubt it also returns how much
// a disk that ignores the journal's syncs would have lost.
func (t *trial) cut(ctx context.Context, s *site, c *crowd, d *disk, work time.Duration, row *Row, doubt bool) (lied int, err error) {
	dir := filepath.Dir(s.db)
	honest, err := newPlatter(dir)
	if err != nil {
		return 0, err
	}
	liar, err := newPlatter(dir)
	if err != nil {
		return 0, err
	}
	liar.deaf = func(name string) bool { return strings.HasSuffix(name, "-wal") }
	if err := os.Remove(d.log); err != nil && !errors.Is(err, os.ErrNotExist) {
		return 0, err
	}
	if err := s.startServer(ctx); err != nil {
		return 0, err
	}
	if err := rest(ctx, work); err != nil {
		return 0, err
	}
	s.watch()
	s.server.kill()
	row.Injected++
	for _, p := range []*platter{honest, liar} {
		if err := p.read(d.log); err != nil {
			return 0, err
		}
	}
	if honest.writes == 0 {
		return 0, errNothingSeen
	}
	tries := c.ledger.all()
	if doubt {
		if lied, err = t.look(ctx, s, liar, tries, row.Injected); err != nil {
			return lied, err
		}
	}
	image := honest.image(t.rng)
	if _, err = t.check(ctx, s, "image", image, tries, row); err != nil {
		return lied, err
	}
	return lied, put(dir, image)
}

// read applies a whole log.
func (p *platter) read(log string) error {
	f, err := os.Open(log)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	return readLog(f, p.take)
}

// lies is how many images of a lying disk are looked at after one cut, at most: some
// happen to hold everything.
const lies = 5

// look counts what images of a lying platter have lost after a cut, until one has lost
// something. One that does not open has lost everything.
func (t *trial) look(ctx context.Context, s *site, p *platter, tries []Try, cut int) (lost int, err error) {
	r := source(t.Seed, fmt.Sprintf("control %d", cut)) // its own, so that the control does not change the run
	for i := 0; i < lies && lost == 0 && err == nil; i++ {
		lost, err = t.check(ctx, s, "lying", p.image(r), tries, nil)
	}
	return lost, err
}

// check audits an image in a folder of its own, and enters what is missing in the
// row, if there is one.
func (t *trial) check(ctx context.Context, s *site, name string, image map[string][]byte, tries []Try, row *Row) (int, error) {
	dir := filepath.Join(s.dir, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return 0, err
	}
	if err := put(dir, image); err != nil {
		return 0, err
	}
	f, err := inquest(ctx, filepath.Join(dir, filepath.Base(s.db)), "", tries, nil, false)
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	if err != nil {
		f.Losses = append(f.Losses, fmt.Sprintf("the database is not readable: %v", err))
	}
	if row != nil {
		row.Losses += len(f.Losses)
		row.Doubles += len(f.Doubles)
		for _, d := range f.Doubles {
			row.found("double", "after power loss %d: %s", row.Injected, d)
		}
		for _, w := range f.Wrong {
			row.wrong("after power loss %d: %s", row.Injected, w)
		}
		for _, l := range f.Losses {
			row.found("loss", "after power loss %d: %s", row.Injected, l)
		}
	}
	return len(f.Losses), nil
}
