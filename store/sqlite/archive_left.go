package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// A case of which something cannot be read, or that does not check, stays in the database
// and is named; the others are archived.

// closing is one attempt to write an archive, and the cases that it has to do without.
type closing struct {
	ArchiveOptions
	chosen []string // this time
	left   map[string]bool
}

// leave names a case that is not archived.
func (o *closing) leave(f Finding) {
	o.left[f.Case] = true
	if o.Bad != nil {
		o.Bad(f)
	}
}

// writeArchive copies the closed cases to a file, seals and checks it. It returns
// how many there are; with none, no file is made.
func (s *Store) writeArchive(ctx context.Context, to string, opts ArchiveOptions) (n int64, left int, err error) {
	temp, err := tempBeside(to)
	if err != nil {
		return 0, 0, err
	}
	defer sweep(temp)
	o := &closing{ArchiveOptions: opts, left: map[string]bool{}}
	for {
		known := len(o.left)
		o.chosen = nil
		n, err = s.tryArchive(ctx, temp, o)
		switch {
		case err == nil && n > 0:
			return n, len(o.left), settleFile(temp, to)
		case err == nil:
			return 0, len(o.left), nil
		case ctx.Err() != nil || len(o.left) == known:
			return 0, len(o.left), err
		}
		sweep(temp) // again, without those
	}
}

// tryArchive writes and checks an archive. Where it fails because of a case, that one is
// among those left afterwards.
func (s *Store) tryArchive(ctx context.Context, temp string, o *closing) (int64, error) {
	if err := makeEmpty(ctx, temp); err != nil {
		return 0, err
	}
	n, err := s.fillArchive(ctx, temp, o)
	if err != nil || n == 0 {
		return 0, err
	}
	f, err := OpenFile(ctx, temp)
	if err != nil {
		return 0, err
	}
	bad := 0
	_, err = f.Check(ctx, CheckOptions{Progress: o.Progress, Bad: func(x Finding) {
		bad++
		if x.Case != "" {
			o.leave(x)
		} else if o.Bad != nil {
			o.Bad(x)
		}
	}})
	if err = errors.Join(err, f.Close()); err != nil {
		return 0, err
	}
	if bad > 0 {
		return 0, fmt.Errorf("sqlite: %w: what was copied does not check, and is not kept; nothing was moved", ErrDamaged)
	}
	return n, nil
}

// fillArchive copies the closed cases into an empty database.
func (s *Store) fillArchive(ctx context.Context, temp string, o *closing) (int64, error) {
	db, err := sql.Open("sqlite3", plainDSN(temp))
	if err != nil {
		return 0, fmt.Errorf("sqlite: %w", err)
	}
	db.SetMaxOpenConns(1)
	n, err := s.copyClosed(ctx, db, o)
	if err != nil && ctx.Err() == nil && harm(err) {
		err = errors.Join(err, s.probe(ctx, o))
	}
	return n, errors.Join(err, db.Close())
}

// probe finds the chosen cases of which something cannot be read.
func (s *Store) probe(ctx context.Context, o *closing) error {
	for _, code := range o.chosen {
		if err := s.legible(code); ctx.Err() != nil {
			return ctx.Err()
		} else if err != nil {
			o.leave(unreadCase(code, err))
		}
	}
	return nil
}

// legible reads all that is found by a case, and throws it away.
func (s *Store) legible(code string) error {
	return s.reading(context.Background(), func(c *conn) error {
		for _, table := range []string{"entries", "snapshots", "dossiers", "outbox", "tasks"} {
			if err := c.each(`SELECT * FROM `+table+` WHERE case_code = ?1`, []any{code}, func(scanner) error { return nil }); err != nil {
				return err
			}
		}
		return nil
	})
}

func unreadCase(code string, err error) Finding {
	return Finding{Area: AreaCase, Case: code, What: fmt.Sprintf("its rows cannot be read: %v", err)}
}

// moveEach replaces some cases by their stubs; those that cannot be are named and stay.
func (s *Store) moveEach(ctx context.Context, archive int64, batch []*leaving, out *Archived, o ArchiveOptions) error {
	err := s.moveBatch(ctx, archive, batch)
	switch {
	case err == nil:
		out.Moved += int64(len(batch))
		return nil
	case ctx.Err() != nil || !harm(err):
		return err
	case len(batch) > 1:
		for _, l := range batch {
			if err := s.moveEach(ctx, archive, []*leaving{l}, out, o); err != nil {
				return err
			}
		}
		return nil
	}
	out.Left++
	if o.Bad != nil {
		o.Bad(Finding{Area: AreaCase, Case: batch[0].Case, What: fmt.Sprintf("it cannot be moved out: %v", err)})
	}
	return nil
}
