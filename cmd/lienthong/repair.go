package main

import (
	"fmt"
	"strings"
	"time"

	"lienthong/store/sqlite"
)

// repair makes damaged indexes anew; exit 0 when the file is sound now, as it was or
// repaired.
func (c *verifyCommand) repair(e *env) error {
	bar := e.progress()
	found := []sqlite.Finding{}
	r, err := sqlite.Repair(e.ctx, c.DB, sqlite.RepairOptions{Now: time.Now(), Copy: c.Pseudonymised, Progress: bar.show, Bad: e.collect(bar, &found)})
	bar.end()
	if err != nil {
		return e.failed(err, found)
	}
	if e.asJSON {
		return e.json(struct {
			Good bool `json:"good"`
			sqlite.Repaired
			Found []sqlite.Finding `json:"found"`
		}{true, r, found})
	}
	if r.Kept == "" {
		fmt.Fprintf(e.out, e.say("%s: các trang và chỉ mục nguyên vẹn; không có gì phải dựng lại\n", "%s: its pages and indexes are sound; there was nothing to make anew\n"), r.Path)
		return nil
	}
	fmt.Fprintf(e.out, e.say("%s: đã dựng lại từ các bảng: %s\n%s hồ sơ, %s mục, tất cả nguyên vẹn; tệp vốn ở đó nay là %s\n",
		"%s: made anew from their tables: %s\n%s cases, %s entries, all sound; what stood there is %s\n"), r.Path, strings.Join(r.Indexes, ", "), thousands(r.Cases), thousands(r.Entries), r.Kept)
	return nil
}

// hint says what may be done about findings.
func (v verified) hint(e *env) string {
	for _, f := range v.Found {
		switch {
		case f.What == sqlite.StandIn:
			return e.say("Tệp này có vẻ là bản sao giả danh do import tạo: hãy kiểm tra bằng verify --pseudonymised.",
				"This looks like a pseudonymised copy that import made: verify it with --pseudonymised.")
		case f.Area == sqlite.AreaFile && strings.Contains(f.What, "index "):
			return e.say("Nếu chỉ chỉ mục bị hỏng: dừng máy chủ rồi chạy verify --repair-indexes để dựng lại từ các bảng; nếu bảng cũng hỏng thì nó không động vào tệp.",
				"Where only indexes are damaged: stop the server, and verify --repair-indexes makes them anew from their tables; where tables are, it leaves the file alone.")
		}
	}
	return ""
}
