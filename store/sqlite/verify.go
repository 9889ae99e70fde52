package sqlite

import (
	"context"
	"database/sql"

	"lienthong/store/rowenc"
)

// caseCodes lists every code that has a case or a history, page by page.
const caseCodes = `SELECT code FROM cases WHERE code > ?1 UNION SELECT DISTINCT case_code FROM entries WHERE case_code > ?1 ORDER BY 1 LIMIT 500`

// Verify walks every chain within one read transaction, so that what is being
// written meanwhile is not mistaken for damage.
func (s *Store) Verify(ctx context.Context, bad func(code string, seq int64, what string)) (int, error) {
	const op = "store.verify"
	tx, err := s.readDB.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return 0, failure(op, "", err)
	}
	defer tx.Rollback() //nolint:errcheck // it only read
	n, after := 0, ""
	for {
		codes, err := pageOfCodes(ctx, tx, after)
		if err != nil {
			return n, failure(op, "", err)
		}
		if len(codes) == 0 {
			break
		}
		for _, code := range codes {
			if err := verifyCase(ctx, tx, code, bad); err != nil {
				return n, failure(op, code, err)
			}
			n++
		}
		after = codes[len(codes)-1]
	}
	return n, failure(op, "", verifyAccess(ctx, tx, bad))
}

func pageOfCodes(ctx context.Context, tx *sql.Tx, after string) ([]string, error) {
	rows, err := tx.QueryContext(ctx, caseCodes, after)
	if err != nil {
		return nil, err
	}
	var codes []string
	err = walk(rows, func(r *sql.Rows) error {
		var c string
		err := r.Scan(&c)
		codes = append(codes, c)
		return err
	})
	return codes, err
}

func verifyCase(ctx context.Context, tx *sql.Tx, code string, bad func(string, int64, string)) error {
	rows, err := tx.QueryContext(ctx, loadCase, code)
	if err != nil {
		return err
	}
	var c stored
	if err := walk(rows, c.scan); err != nil {
		return err
	}
	st := rowenc.Stored{Code: code, Present: c.present, Seq: c.seq, Head: c.head}
	if c.present {
		st.Case, st.Err = c.open("store.verify", code)
	}
	rows, err = tx.QueryContext(ctx, historyOf, code, -1<<62, -1)
	if err != nil {
		return err
	}
	err = walk(rows, func(r *sql.Rows) error {
		e, err := scanSealed(r)
		st.Entries = append(st.Entries, e)
		return err
	})
	if err != nil {
		return err
	}
	if seq, what := rowenc.CheckCase(st); what != "" {
		bad(code, seq, what)
	}
	return nil
}

func verifyAccess(ctx context.Context, tx *sql.Tx, bad func(string, int64, string)) error {
	rows, err := tx.QueryContext(ctx, `SELECT `+accessCols+` FROM access_log ORDER BY n`)
	if err != nil {
		return err
	}
	var w rowenc.AccessWalk
	named := false
	return walk(rows, func(r *sql.Rows) error {
		a, err := scanAccess(r)
		if err != nil || named {
			return err
		}
		if n, what := w.Next(a); what != "" {
			bad("", n, what)
			named = true
		}
		return nil
	})
}
