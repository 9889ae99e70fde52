package sqlite

import (
	"database/sql"

	"github.com/mattn/go-sqlite3"

	"lienthong/store/rowenc"
)

// summing is the driver of the connections that migrations run on: its SQL knows the
// checksums of rows.
const summing = "sqlite3 with sums"

func init() {
	sql.Register(summing, &sqlite3.SQLiteDriver{ConnectHook: func(c *sqlite3.SQLiteConn) error {
		if err := c.RegisterFunc("delivery_sum", deliverySum, true); err != nil {
			return err
		}
		return c.RegisterFunc("answer_sum", answerSum, true)
	}})
}

// deliverySum takes the columns of a delivery in the order of summedCols.
func deliverySum(cols ...any) (int64, error) {
	var r rowenc.DeliveryRow
	err := row(cols).Scan(summedOf(&r)...)
	return r.Sum(), err
}

// answerSum takes the columns of an answer in the order of answerCols.
func answerSum(cols ...any) (int64, error) {
	a, _, err := scanAnswer(row(append(cols, int64(0))))
	return rowenc.SumOfAnswer(&a), err
}

// row makes of the values of a function what is scanned like a row.
func row(cols []any) values {
	out := make(values, len(cols))
	for i, v := range cols {
		out[i] = v
	}
	return out
}
