package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"lienthong/cmd/lienthong/system"
	"lienthong/engine"
	"lienthong/store/sqlite"
)

// lienthong runs the command in this process.
func lienthong(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(args, &o, &e)
	return code, o.String(), e.String()
}

// TestCollect: a process that serves has room for garbage up to a bound; the environment
// overrules both.
func TestCollect(t *testing.T) {
	percent, most := debug.SetGCPercent(100), debug.SetMemoryLimit(-1)
	defer func() { debug.SetGCPercent(percent); debug.SetMemoryLimit(most) }()
	for _, c := range []struct {
		args, gogc, limit string
		percent           int
		most              int64
	}{
		{"--json verify --db x", "", "", garbage, math.MaxInt64},
		{"--log info serve", "", "", garbageServing, memoryServing},
		{"serve", "70", "1GiB", 100, 1 << 30},
	} {
		t.Setenv("GOGC", c.gogc)
		t.Setenv("GOMEMLIMIT", c.limit)
		debug.SetGCPercent(100)
		debug.SetMemoryLimit(1 << 30)
		collect(strings.Fields(c.args))
		if got, bound := debug.SetGCPercent(100), debug.SetMemoryLimit(-1); got != c.percent || bound != c.most {
			t.Errorf("%+v: %d %%, %d bytes", c, got, bound)
		}
	}
}

func TestDemoOnceEndsAsTold(t *testing.T) {
	code, out, errs := lienthong(t, "--json", "demo", "--once", "--listen", "127.0.0.1:0")
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	var report struct {
		Good    bool
		Stories []struct {
			Story, Case string
			Good        bool
			Timeline    []struct{ Text string }
		}
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	if !report.Good || len(report.Stories) != 2 {
		t.Fatalf("good %v, %d stories", report.Good, len(report.Stories))
	}
	for _, s := range report.Stories {
		if !s.Good || s.Case == "" || len(s.Timeline) < 10 {
			t.Errorf("%s: good %v, case %q, %d lines", s.Story, s.Good, s.Case, len(s.Timeline))
		}
	}
}

// TestReadmePicture: the picture in the README is what the command draws.
func TestReadmePicture(t *testing.T) {
	code, out, errs := lienthong(t, "diagram", "birth")
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	kept, err := os.ReadFile("../../docs/linked-birth.svg")
	if err != nil {
		t.Fatal(err)
	}
	if string(kept) != out {
		t.Error("docs/linked-birth.svg is not what `lienthong diagram birth` draws; draw it again")
	}
}

func TestAboutSaysWhichFormats(t *testing.T) {
	code, out, errs := lienthong(t, "--about")
	if want := fmt.Sprintf("formats up to %d", sqlite.Format()); code != 0 || !strings.Contains(out, want) || errs != "" {
		t.Errorf("exit %d, %q, %q; want %q", code, out, errs, want)
	}
}

// What is asked wrongly is told in the language of the machine, or in the one that is
// asked for.
func TestWrongUsageIsTwo(t *testing.T) {
	t.Setenv("LC_ALL", "vi_VN.UTF-8")
	for _, c := range []struct {
		vi, en string
		args   []string
	}{
		{"cần một trong", "expected one of", nil},
		{"không có nonsense", "unexpected argument nonsense", []string{"nonsense"}},
		{"không có verfy; có phải", "did you mean", []string{"verfy"}},
		{"không có cờ --nonsense", "unknown flag --nonsense", []string{"demo", "--nonsense"}},
		{"thiếu \"<name>\"", "expected \"<name>\"", []string{"diagram"}},
		{"thiếu cờ: --db", "missing flags: --db", []string{"verify"}},
		{"cần SỐ:MÃ-BĂM", "want N:HASH", []string{"verify", "--db", "x", "--checkpoint", "x"}},
		{"--secret không có nội dung", "--secret is empty", []string{"serve", "--secret", ""}},
		{"--secret không có nội dung", "--secret is empty", []string{"agencies", "--secret", ""}},
		{"cần sqlite:TỆP", "want sqlite:FILE", []string{"serve", "--db", "oracle:x", "--secret", "s"}},
		{"cần embedded hoặc", "want embedded or", []string{"serve", "--agencies", "registries:80", "--secret", "s"}},
		{"cần thời điểm", "want a time", []string{"demo", "--once", "--start", "soon"}},
		{"cần DỊCH-VỤ@PHIÊN-BẢN", "want SERVICE@VERSION", []string{"definitions", "default", "--db", "x", "birth"}},
		{"cần từ 1 đến", "want 1 to", []string{"simulate", "--days", "0"}},
		{"không có lỗi \"quake\"", "no fault \"quake\"", []string{"chaos", "--only", "quake"}},
	} {
		if code, _, errs := lienthong(t, c.args...); code != 2 || !strings.Contains(errs, c.vi) {
			t.Errorf("%v: exit %d, message %q, want %q", c.args, code, errs, c.vi)
		}
		t.Setenv("LC_ALL", "C")
		args := c.args
		if len(args) > 0 && args[0] != "serve" && args[0] != "agencies" && args[0] != "chaos" && args[0] != "nonsense" && args[0] != "verfy" {
			t.Setenv("LC_ALL", "vi_VN.UTF-8") // --lang goes first
			args = append(slices.Clone(args), "--lang", "en")
		}
		if code, _, errs := lienthong(t, args...); code != 2 || !strings.Contains(errs, c.en) {
			t.Errorf("%v: exit %d, message %q, want %q", args, code, errs, c.en)
		}
		t.Setenv("LC_ALL", "vi_VN.UTF-8")
	}
}

func TestWhatCannotBeDoneIsOne(t *testing.T) {
	for want, args := range map[string][]string{
		"no service or procedure":      {"diagram", "nobody", "--lang", "en"},
		"không có dịch vụ hay thủ tục": {"diagram", "nobody"},
		"main_test.go exists":          {"demo", "--once", "--lang", "en", "--db", "main_test.go"},
		"tệp mới: ":                    {"demo", "--once", "--db", "main_test.go"},
	} {
		if code, _, errs := lienthong(t, args...); code != 1 || !strings.Contains(errs, want) {
			t.Errorf("%v: exit %d, message %q, want %q", args, code, errs, want)
		}
	}
}

func TestDiagramsOfEverything(t *testing.T) {
	for _, name := range []string{"birth", "death", "birth_registration", "survivor_benefit"} {
		for _, format := range []string{"svg", "mermaid", "dot"} {
			if code, out, errs := lienthong(t, "diagram", name, "--format", format, "--lang", "en"); code != 0 || len(out) < 200 {
				t.Errorf("%s as %s: exit %d, %d bytes, %s", name, format, code, len(out), errs)
			}
		}
	}
}

// What the demonstration says last is in the language of its timeline.
func TestDemoTellsHowToSignIn(t *testing.T) {
	s, err := system.Open(t.Context(), system.Config{DB: system.Memory, InProcess: true, Demo: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	for lang, want := range map[string][]string{"vi": {"Liên Thông đang chạy", "đăng nhập", "chủ hộ"}, "en": {"Liên Thông is up", "sign in", "household head"}} {
		var b bytes.Buffer
		(&demoCommand{Lang: lang}).welcome(&b, s)
		for _, w := range append(want, s.URL+"/api/v1/sessions", "officer.civil_status_00004") {
			if !strings.Contains(b.String(), w) || strings.Contains(b.String(), "%!") {
				t.Errorf("%s: no %q in %s", lang, w, &b)
			}
		}
	}
}

// What a signal ends is told as stopped, whatever was said of it on the way; anything
// else is told as it is.
func TestWhatIsStoppedIsToldSo(t *testing.T) {
	ctx, stop := context.WithCancelCause(t.Context())
	e := &env{ctx: ctx, lang: "vi"}
	busy := &engine.Error{Code: engine.Unavailable, Op: "store.case", Err: context.Canceled, Detail: engine.Text{VI: "Hệ thống đang bận.", EN: "busy"}}
	if got := e.told(busy); !strings.Contains(got, "đang bận") {
		t.Errorf("before: %s", got)
	}
	stop(errors.New("terminated signal received"))
	for _, c := range []struct {
		err      error
		vi, want string
	}{
		{busy, "đã dừng theo yêu cầu", "stopped as asked"},
		{fmt.Errorf("backup: %w", ctx.Err()), "backup: đã dừng theo yêu cầu", "backup: stopped as asked"},
		{context.Cause(ctx), "đã dừng theo yêu cầu", "stopped as asked"},
		{errors.New("sqlite: /x/kept.db exists"), "/x/kept.db đã có", "sqlite: /x/kept.db exists"},
	} {
		for lang, want := range map[string]string{"vi": c.vi, "en": c.want} {
			if e.lang = lang; e.told(c.err) != want {
				t.Errorf("%v is told as %q, want %q", c.err, e.told(c.err), want)
			}
		}
	}
}
