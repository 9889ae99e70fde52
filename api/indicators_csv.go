package api

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"time"

	"lienthong/engine/calendar"
)

// csvHead names the columns, in the language of the answer.
var csvHead = map[string][]string{
	vi: {"Từ ngày", "Đến ngày", "Tính đến", "Nhóm", "Tên nhóm", "Mã", "Chỉ số", "Tính theo", "Đơn vị", "Tử số", "Mẫu số", "Giá trị", "Mục tiêu (%)", "Điểm tối đa", "Điểm", "Công thức", "Nguồn", "Ghi chú"},
	en: {"From", "To", "As of", "Group", "Name of the group", "Id", "Indicator", "Counts", "Unit", "Numerator", "Denominator", "Value", "Target (%)", "Full points", "Points", "Formula", "Source", "Note"},
}

// csvPartial stands on every line, as lines are taken out of their file.
var csvPartial = map[string]string{vi: "(chưa đầy đủ: không đọc được %d hồ sơ)", en: "(partial: %d cases cannot be read)"}

// indicatorsCSV writes one line per indicator and group; a mark at the beginning
// tells spreadsheets that the letters are UTF-8.
func indicatorsCSV(b *indicatorsBody, lang string) ([]byte, error) {
	var out bytes.Buffer
	out.WriteString("\ufeff")
	w := csv.NewWriter(&out)
	w.UseCRLF = true // RFC 4180
	_ = w.Write(csvHead[lang])
	line := func(group, name string, v indicatorView) {
		note := ""
		if v.Note != nil {
			note = v.Note.In(lang)
		}
		if b.Unread > 0 {
			note = strings.TrimSpace(note + " " + fmt.Sprintf(csvPartial[lang], b.Unread))
		}
		_ = w.Write([]string{b.From, b.To, b.AsOf.In(calendar.Zone).Format(time.RFC3339), group, name, v.ID, v.Name.In(lang), v.Level, v.Unit,
			whole(v.Numerator), whole(v.Denominator), v.Value, whole(v.Target), whole(v.MaxPoints), text(v.Points), v.Formula.In(lang), v.Source, note})
	}
	for _, v := range b.Indicators {
		line("", "", v)
	}
	for _, g := range b.Groups {
		for _, v := range g.Indicators {
			line(g.ID, g.Name.In(lang), v)
		}
	}
	w.Flush()
	return out.Bytes(), w.Error()
}

func whole(n *int64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatInt(*n, 10)
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
