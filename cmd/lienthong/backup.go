package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"lienthong/store/sqlite"
)

type backupCommand struct {
	spoken
	DB    string `help:"Database; a server may be running on it." required:"" type:"path"`
	To    string `help:"File to write." required:"" type:"path"`
	Force bool   `help:"Overwrite the file."`
	Full  bool   `help:"Check the copy as verify does, not only its pages."`
	Fast  bool   `help:"Do not rest between steps: for a file that nobody works on."`
}

// Validate refuses to write over what is copied.
func (c *backupCommand) Validate() error { return notItself(c.DB, c.To) }

// notItself refuses to write a file over the one that is read, under whatever name.
func notItself(from, to string) error {
	a, err := os.Stat(from)
	if err != nil {
		return nil // said when it is read
	}
	if b, err := os.Stat(to); err == nil && os.SameFile(a, b) {
		return fmt.Errorf("%s is read, and would be written over", to)
	}
	return nil
}

// Run copies the database as it stands at one moment.
func (c *backupCommand) Run(e *env) error {
	bar := e.progress()
	found := []sqlite.Finding{}
	b, err := sqlite.Backup(e.ctx, c.DB, c.To, sqlite.BackupOptions{Force: c.Force, Full: c.Full, Fast: c.Fast, Progress: bar.show, Bad: e.collect(bar, &found)})
	bar.end()
	if errors.Is(err, os.ErrExist) {
		err = fmt.Errorf("%w: %s", err, e.say("--force ghi đè", "--force overwrites it"))
	}
	if err != nil {
		return e.failed(err, found)
	}
	if e.asJSON {
		return e.json(struct {
			Good bool `json:"good"`
			sqlite.Backed
			Newest *newest `json:"newest,omitempty"`
			Took   float64 `json:"took_s"`
		}{true, b, newestOf(b.Newest), b.Took.Seconds()})
	}
	fmt.Fprintf(e.out, e.say("%s: %s byte trong %.1f giây, SHA-256 %s\n", "%s: %s bytes in %.1f s, SHA-256 %s\n"), b.Path, thousands(b.Bytes), b.Took.Seconds(), b.SHA256)
	if n := newestOf(b.Newest); n != nil {
		fmt.Fprintf(e.out, e.say("mục mới nhất: %s/%d lúc %s; những gì được trả lời sau đó không có trong bản sao\n",
			"newest entry: %s/%d of %s; what was answered after it is not in the copy\n"), n.Case, n.Seq, local(n.At))
	}
	return nil
}

type restoreCommand struct {
	spoken
	From  string `help:"Backup to put back." required:"" type:"path"`
	DB    string `help:"Database to make of it; no server may be running on it." required:"" type:"path"`
	Force bool   `help:"Where a database stands, keep it as FILE.before-… and go on."`
	Above int64  `help:"Codes go on above this number: what a restore of the same backup told on another machine." placeholder:"N"`
}

// Validate refuses what is no number of a code.
func (c *restoreCommand) Validate() error {
	if c.Above < 0 || c.Above > 1_000_000_000 {
		return errors.New("--above is no number of a code")
	}
	return nil
}

// Run checks a backup and puts it in the place of the database.
func (c *restoreCommand) Run(e *env) error {
	bar := e.progress()
	found := []sqlite.Finding{}
	r, err := sqlite.Restore(e.ctx, c.From, c.DB, sqlite.RestoreOptions{Force: c.Force, Now: time.Now(), Above: c.Above, Progress: bar.show, Bad: e.collect(bar, &found)})
	bar.end()
	if errors.Is(err, os.ErrExist) {
		err = fmt.Errorf("%w: %s", err, e.say("--force đổi tên nó thành TỆP.before-… rồi khôi phục", "--force keeps it as FILE.before-… and goes on"))
	}
	if err != nil {
		return e.failed(err, found)
	}
	if e.asJSON {
		return e.json(struct {
			Good bool `json:"good"`
			sqlite.Restored
			Newest *newest `json:"newest,omitempty"`
		}{true, r, newestOf(r.Newest)})
	}
	fmt.Fprintf(e.out, e.say("%s: %s hồ sơ, %s mục, tất cả nguyên vẹn\n", "%s: %s cases, %s entries, all sound\n"), r.Path, thousands(r.Cases), thousands(r.Entries))
	if r.Kept != "" {
		fmt.Fprintf(e.out, e.say("tệp vốn ở đó nay là %s\n", "what stood there is %s\n"), r.Kept)
	}
	if n := newestOf(r.Newest); n != nil {
		fmt.Fprintf(e.out, e.say("mục mới nhất: %s/%d lúc %s. Mọi điều được trả lời sau đó đã MẤT: mọi người phải nộp và làm lại.\n",
			"newest entry: %s/%d of %s. Everything that was answered after it is LOST: people must file and act again.\n"), n.Case, n.Seq, local(n.At))
	}
	fmt.Fprintf(e.out, e.say("%s hồ sơ đang mở, %s yêu cầu gửi đi chưa xong. Điều cơ sở dữ liệu đã làm thì khi được hỏi lại với cùng khóa nó trả lời\n"+
		"từ bản lưu của nó; điều nó chỉ giữ một lần mà lần này được hỏi khác đi thì nó từ chối, phần hồ sơ trở lại cán bộ. Mã mới tiếp tục từ sau số %s.\n",
		"%s cases are open, %s deliveries are not done. What a registry has done already it answers from its store when it is asked again\n"+
			"under the same key; what it keeps once and is asked otherwise this time it refuses, and the dossier goes back to an officer. New codes go on above number %s.\n"), thousands(r.Open), thousands(r.Owed), thousands(r.Above))
	if r.Kept == "" && c.Above == 0 {
		fmt.Fprint(e.out, e.say("Ở đây không có cơ sở dữ liệu nào nhường chỗ. Nếu chính bản sao lưu này đã từng được khôi phục ở nơi khác, các mã cấp ở đó sẽ được cấp LẠI:\n"+
			"khi ấy hãy khôi phục lại với --above và số mà lần khôi phục đó đã nêu.\n",
			"No database made way here. If this same backup was put back elsewhere before, the codes that were given there will be given AGAIN:\n"+
				"then restore once more, with --above and the number that that restore told.\n"))
	}
	return nil
}
