package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"lienthong/store/rowenc"
)

const (
	everyDelivery = `SELECT ` + deliveryCols + `, ready, holds, held FROM outbox ORDER BY case_code, seq, n`
	everyAnswer   = `SELECT ` + answerCols + `, sum FROM answers ORDER BY actor, key`
)

// deliveries compares every delivery with its checksum, and what follows from its
// columns and from its siblings with what is stored.
func (w *walker) deliveries(ctx context.Context) error {
	var holders []rowenc.DeliveryRow // of the case so far
	read := 0
	err := w.each(ctx, everyDelivery, nil, func(rows *sql.Rows) error {
		var ready int64
		var holds, held bool
		r, err := scanDelivery(func(dest ...any) error { return rows.Scan(append(dest, &ready, &holds, &held)...) })
		if err != nil {
			return err
		}
		read++
		if len(holders) > 0 && holders[0].Case != r.Case {
			holders = holders[:0]
		}
		waits := false
		for i := range holders {
			waits = waits || !r.Unordered && holders[i].Step == r.Step && holders[i].Registry == r.Registry
		}
		what := ""
		switch {
		case !r.Sound():
			what = "it is not what was written"
		case ready != r.Ready() || holds != r.Holds():
			what = "its turn does not follow from what is known of it"
		case held != waits:
			what = fmt.Sprintf("that an earlier one holds it back is %t in the file, and %t in truth", held, waits)
		}
		if what != "" {
			w.bad(Finding{Area: AreaDelivery, Case: r.Case, Seq: r.Seq, What: "delivery " + r.Key() + ": " + what})
		}
		if r.Holds() {
			holders = append(holders, r)
		}
		return nil
	})
	return w.unreadable(ctx, err, AreaDelivery, "deliveries", read)
}

// answers compares every stored answer with its checksum.
func (w *walker) answers(ctx context.Context) error {
	read := 0
	err := w.each(ctx, everyAnswer, nil, func(rows *sql.Rows) error {
		a, sound, err := scanAnswer(rows)
		if err != nil {
			return err
		}
		read++
		if !sound {
			w.bad(Finding{Area: AreaAnswer, Case: a.Case, What: fmt.Sprintf("the answer to %s under the key %q is not what was written", a.Actor, a.Key)})
		}
		return nil
	})
	return w.unreadable(ctx, err, AreaAnswer, "answers", read)
}

// unreadable makes a finding of a table that cannot be read on.
func (w *walker) unreadable(ctx context.Context, err error, area, what string, read int) error {
	if err == nil || ctx.Err() != nil {
		return err
	}
	w.bad(Finding{Area: area, What: fmt.Sprintf("the %s cannot be read after the %dth: %v", what, read, err)})
	return nil
}
