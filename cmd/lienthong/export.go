package main

import (
	"compress/gzip"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lienthong/engine"
	"lienthong/engine/replay/hide"
	"lienthong/store/rowenc"
	"lienthong/store/sqlite"
	"lienthong/store/transfer"
)

type exportCommand struct {
	spoken
	DB    string `help:"Database, backup or archive; a server may be running on it." required:"" type:"path"`
	To    string `help:"File to write; compressed when it ends in .gz." required:"" type:"path"`
	Case  string `help:"Only this case, by any of its codes."`
	Key   string `help:"Key of the pseudonyms, in hex, or a file that holds it; without it one is made and told." placeholder:"HEX|FILE"`
	Plain bool   `help:"Leave personal data as it is; only for those who may have it."`
	Defs  string `help:"Definitions whose own words stay; those of the binary without it." placeholder:"DIR"`
	Force bool   `help:"Overwrite the file."`

	Format string `help:"history: for import; xes (IEEE 1849) and ocel (OCEL 2.0, JSON): event logs for process-mining tools, without persons." enum:"history,xes,ocel" default:"history"`
}

// Validate refuses what makes no sense together.
func (c *exportCommand) Validate() error {
	if c.Plain && c.Key != "" {
		return errors.New("--plain takes no --key")
	}
	if c.Format != "history" && (c.Plain || c.Key != "") {
		return errors.New("--plain and --key go with --format history")
	}
	return notItself(c.DB, c.To)
}

// Run writes histories to a file.
func (c *exportCommand) Run(e *env) (err error) {
	f, err := sqlite.OpenFile(e.ctx, c.DB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if c.Format != "history" {
		return c.mine(e, f)
	}
	x := exporter{header: transfer.Header{Pseudonymised: !c.Plain, Made: time.Now().UTC(), Source: filepath.Base(c.DB)}}
	told := ""
	if !c.Plain {
		secret, fresh, err := c.key(e)
		if err != nil {
			return err
		}
		defs, err := definitions(c.Defs)
		if err != nil {
			return err
		}
		if x.hider, err = hide.New(secret, defs); err != nil {
			return err
		}
		x.header.KeyCheck = x.hider.Check()
		if fresh {
			told = hex.EncodeToString(secret)
		}
	}
	total, err := c.write(e, f, &x)
	if err != nil {
		return err
	}
	return c.tell(e, total, told)
}

func (c *exportCommand) tell(e *env, t transfer.Total, key string) error {
	if e.asJSON {
		return e.json(struct {
			Good bool   `json:"good"`
			File string `json:"file"`
			transfer.Total
			Key string `json:"key,omitempty"`
		}{true, c.To, t, key})
	}
	fmt.Fprintf(e.out, e.say("%s: %s hồ sơ với %s mục, bỏ qua %s hồ sơ đã xóa dữ liệu, SHA-256 của nội dung %s\n",
		"%s: %s cases with %s entries, %s with erased payloads left out, SHA-256 of the content %s\n"), c.To, thousands(t.Cases), thousands(t.Entries), thousands(t.LeftOut), t.Digest)
	if key != "" {
		fmt.Fprintln(e.out, e.say("khóa:", "key:"), key)
		fmt.Fprintln(e.out, e.say("Ai có khóa thì biết được một tên giả có phải của một người nào đó không: hãy giữ khóa tách khỏi tệp, hoặc bỏ nó đi.",
			"Who has the key can tell whether a pseudonym is somebody's: keep it apart from the file, or forget it."))
	}
	return nil
}

// key is the one given, or a fresh one.
func (c *exportCommand) key(e *env) (secret []byte, fresh bool, err error) {
	if c.Key == "" {
		secret = make([]byte, 32)
		_, err = rand.Read(secret)
		return secret, true, err
	}
	text := c.Key
	if f, err := os.Open(c.Key); err == nil {
		b, err := io.ReadAll(io.LimitReader(f, 4096))
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, false, err
		}
		text = strings.TrimSpace(string(b))
	}
	secret, err = hex.DecodeString(text)
	if err != nil || len(secret) < hide.MinKey {
		return nil, false, usageError{fmt.Errorf(e.say("--key: cần ít nhất %d byte ở dạng hex, hoặc một tệp chứa chúng", "--key: want at least %d bytes in hex, or a file that holds them"), hide.MinKey)}
	}
	return secret, false, nil
}

// write writes histories.
func (c *exportCommand) write(e *env, f *sqlite.File, x *exporter) (t transfer.Total, err error) {
	err = c.file(e, func(w io.Writer) error {
		if x.w, err = transfer.NewWriter(w, x.header); err != nil {
			return err
		}
		bar := e.progress()
		defer bar.end()
		err := c.cases(e, f, func(code string) error {
			bar.show(e.say("hồ sơ ", "cases ")+thousands(x.seen), 0, 0)
			return x.add(e, f, code)
		})
		if err == nil {
			t, err = x.w.Close()
		}
		return err
	})
	return t, err
}

// file makes the file; it has another name until it is whole.
func (c *exportCommand) file(e *env, write func(io.Writer) error) (err error) {
	if _, err := os.Stat(c.To); err == nil && !c.Force {
		return fmt.Errorf(e.say("%s đã có; --force ghi đè", "%s is there already; --force overwrites it"), c.To)
	}
	tmp, err := os.CreateTemp(filepath.Dir(c.To), ".export-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_, _ = tmp.Close(), os.Remove(tmp.Name())
		}
	}()
	var w io.Writer = tmp
	end := func() error { return nil }
	if strings.HasSuffix(c.To, ".gz") {
		z := gzip.NewWriter(tmp)
		w, end = z, z.Close
	}
	if err := write(w); err != nil {
		return err
	}
	if err := errors.Join(end(), tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), c.To)
}

// cases lists what is asked for.
func (c *exportCommand) cases(e *env, f *sqlite.File, see func(code string) error) error {
	if c.Case != "" {
		code, err := caseOf(e.ctx, f, c.Case)
		if err != nil {
			return err
		}
		return see(code)
	}
	for after := ""; ; {
		codes, err := f.Cases(e.ctx, after, 500)
		if err != nil || len(codes) == 0 {
			return err
		}
		for _, code := range codes {
			if err := see(code); err != nil {
				return err
			}
		}
		after = codes[len(codes)-1]
	}
}

// exporter writes case after case.
type exporter struct {
	header transfer.Header
	hider  *hide.Hider // nil = plain
	w      *transfer.Writer
	seen   int64
}

func (x *exporter) add(e *env, f *sqlite.File, code string) error {
	x.seen++
	sealed, err := f.Sealed(e.ctx, code)
	if err != nil {
		return err
	}
	entries := make([]engine.Entry, len(sealed))
	for i := range sealed {
		if sealed[i].Erased() {
			x.w.LeaveOut()
			return nil
		}
		if entries[i], err = sealed[i].Open(); err != nil {
			return err
		}
	}
	if x.hider != nil {
		if err := replaceAll(x.hider, sealed, entries); err != nil {
			return fmt.Errorf("%s: %w", code, err)
		}
	}
	return x.w.Add(code, sealed)
}

func replaceAll(h *hide.Hider, sealed []rowenc.Sealed, entries []engine.Entry) error {
	hidden, err := h.Case(entries)
	if err != nil {
		return err
	}
	for i := range sealed {
		if err := sealed[i].Replace(&hidden[i]); err != nil {
			return err
		}
	}
	return nil
}
