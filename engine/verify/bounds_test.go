package verify_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"lienthong/engine"
	"lienthong/engine/verify"
)

// large is the base with a first procedure of n states in a row, each with a record
// that a guard at the end asks for.
func large(t testing.TB, n int) fstest.MapFS {
	set := parallel(t, 1, false)
	var b strings.Builder
	b.WriteString("procedure: long\nagency: hall\ntitle: {vi: a, en: a}\ninputs: {name: text}\nstates:\n")
	for i := range n {
		fmt.Fprintf(&b, "  s%d: {portal: 4}\n", i)
	}
	b.WriteString("  done: {portal: 9, final: success, result: {document: d, data: {name: dossier.name}}}\nactions:\n")
	for i := range n {
		to := fmt.Sprintf("s%d", i+1)
		if i == n-1 {
			to = "done"
		}
		fmt.Fprintf(&b, "  go%d: {from: s%d, to: %s, by: officer}\n", i, i, to)
	}
	set["procedures/long.yaml"] = &fstest.MapFile{Data: []byte(b.String())}
	return set
}

// TestLargeDefinitionsAreBounded: a definition is searched, or refused with the place
// where it grows too large; neither takes long.
func TestLargeDefinitionsAreBounded(t *testing.T) {
	sizes := []int{400, 601, 2_500, 10_000}
	if testing.Short() {
		sizes = sizes[:2]
	}
	for _, n := range sizes {
		begin := time.Now()
		r, err := verify.CheckFS(t.Context(), large(t, n), verify.Options{})
		if err != nil {
			t.Fatal(err)
		}
		took := time.Since(begin)
		t.Logf("%d states: %v, %d findings, %d errors, %d abstract states", n, took, len(r.Findings), r.Errors, r.States)
		if took > 2*time.Minute {
			t.Errorf("%d states took %v", n, took)
		}
		if n <= 600 && r.Errors > 0 {
			t.Errorf("%d states: %v", n, r.Findings[0])
		}
		if n > 600 && (r.Errors == 0 || r.Findings[0].Line == 0 && r.Findings[0].Code != "too_large") {
			t.Errorf("%d states were accepted, or refused without a place", n)
		}
	}
}

func TestCheckStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := verify.CheckFS(ctx, verify.Base(t), verify.Options{}); err == nil {
		t.Error("no error")
	}
}

func TestCheckOfAnUnknownService(t *testing.T) {
	if _, err := verify.CheckFS(t.Context(), verify.Base(t), verify.Options{Service: "nope"}); engine.CodeOf(err) != engine.NotFound {
		t.Error(err)
	}
}

// TestWriteSpeaksBothLanguages: the report for people says the verdicts and the
// story in the language asked for.
func TestWriteSpeaksBothLanguages(t *testing.T) {
	set := verify.Base(t)
	s := string(set["procedures/first.yaml"].Data)
	set["procedures/first.yaml"] = &fstest.MapFile{Data: []byte(strings.Replace(s, "from: recording, to: checking, by: registry}", "from: recording, by: registry}", 1))}
	r, err := verify.CheckFS(t.Context(), set, verify.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for lang, want := range map[string][]string{
		"vi": {"SAI: mọi hồ sơ đều có thể kết thúc", "ĐÃ CHỨNG MINH: không bước nào", "procedures/first.yaml:9:3: lỗi", "cơ sở dữ liệu trả lời refused", "đã diễn lại qua lõi"},
		"en": {"REFUTED: every case can end", "PROVEN: a dependent step", "procedures/first.yaml:9:3: error", "the registry answers refused", "played again through the core"},
	} {
		var b strings.Builder
		if err := r.Write(&b, lang); err != nil {
			t.Fatal(err)
		}
		for _, w := range want {
			if !strings.Contains(b.String(), w) {
				t.Errorf("%s lacks %q:\n%s", lang, w, b.String())
			}
		}
	}
}

// TestSomeVersionsOnly: one version is searched by itself, and what only another
// version does with a procedure is not missed in it.
func TestSomeVersionsOnly(t *testing.T) {
	set := verify.Base(t)
	alone := "service: s\nversion: \"2026-06-01\"\ntitle: {vi: a, en: a}\nin_force: {from: \"2026-06-01\"}\nform: application\nsteps:\n" +
		"  first: {procedure: first, at: application.commune, with: {name: application.name, kind: application.kind}}\n"
	set["services/s2.yaml"] = &fstest.MapFile{Data: []byte(alone)} // nobody after it returns anything
	of := func(versions ...string) verify.Report {
		r, err := verify.CheckFS(t.Context(), set, verify.Options{Service: "s", Versions: versions})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := of(); len(r.Services) != 2 || len(r.Findings) > 0 {
		t.Errorf("both: %d versions, %v", len(r.Services), r.Findings)
	}
	if r := of("2026-06-01"); len(r.Services) != 1 || r.Services[0].Version != "2026-06-01" || len(r.Findings) > 0 || !r.Good() {
		t.Errorf("one: %+v", r)
	}
	delete(set, "services/s.yaml")
	if r := of("2026-06-01"); len(r.Findings) == 0 || r.Findings[0].Code != "state_never" {
		t.Errorf("where no other version is: %v", r.Findings)
	}
	if _, err := verify.CheckFS(t.Context(), set, verify.Options{Service: "s", Versions: []string{"1999"}}); engine.CodeOf(err) != engine.NotFound {
		t.Error(err)
	}
}
