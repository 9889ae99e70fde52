package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"lienthong/store/rowenc"
)

const (
	everyPublication = `SELECT service, version, hash, body FROM publications ORDER BY n`
	everyDefault     = `SELECT body FROM defaults ORDER BY n`
)

// published looks at every version that was published and every default: whether it can be
// read, is what was written, and is what its row says.
func (w *walker) published(ctx context.Context) error {
	read := 0
	err := w.each(ctx, everyPublication, nil, func(rows *sql.Rows) error {
		var service, version, hash string
		var body []byte
		if err := rows.Scan(&service, &version, &hash, &body); err != nil {
			return err
		}
		read++
		p, err := rowenc.DecodePublication(body)
		switch {
		case err != nil:
			w.bad(Finding{Area: AreaPublication, What: fmt.Sprintf("version %s of %s cannot be read: %v", version, service, err)})
		case p.Service != service || p.Version != version || p.Hash != hash:
			w.bad(Finding{Area: AreaPublication, What: fmt.Sprintf("version %s of %s is not what was written", version, service)})
		}
		return nil
	})
	if err := w.unreadable(ctx, err, AreaPublication, "published versions", read); err != nil {
		return err
	}
	read = 0
	err = w.each(ctx, everyDefault, nil, func(rows *sql.Rows) error {
		var body []byte
		if err := rows.Scan(&body); err != nil {
			return err
		}
		read++
		if _, err := rowenc.DecodeDefault(body); err != nil {
			w.bad(Finding{Area: AreaPublication, What: fmt.Sprintf("default %d cannot be read: %v", read, err)})
		}
		return nil
	})
	return w.unreadable(ctx, err, AreaPublication, "defaults", read)
}
