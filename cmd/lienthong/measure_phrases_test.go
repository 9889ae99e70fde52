package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"lienthong/cmd/lienthong/bench"
	"lienthong/cmd/lienthong/chaos"
)

// What bench and chaos write is said in Vietnamese, line by line.
func TestMeasuresInVietnamese(t *testing.T) {
	english := func(s string) string { return s }
	figures := &bench.Report{Job: "birth", Store: "sqlite", Figures: bench.Figures{Commits: 5, Citizen: bench.Times{Max: 1}, Cases: 3}, Ceilings: &bench.Ceilings{Bare: bench.Ceiling{}}}
	size := bench.Size{Finished: 10, Open: 1, Loaded: 5, Seconds: 2, Probes: []bench.Probed{{Name: "opening a case", Cold: &bench.Times{}}}}
	grown := &bench.GrowthReport{Sizes: []bench.Size{size, {Finished: 100, Open: 1, Probes: size.Probes}}}
	faults := func(of func(string) string) string {
		var b strings.Builder
		for _, r := range []chaos.Report{{Took: time.Second, Dir: "kept", Rows: []chaos.Row{{Fault: "x", Kind: "power loss", Notes: []string{"5 commands sent 7 times"}}, {Fault: "x", Kind: "all of these", Cases: 1, Slow: 1},
			{Fault: "x", Kind: "a sync fails", Skipped: "there is no C compiler (cc)"}}}, {Broke: "no space"}, {Rows: []chaos.Row{{Kind: "down", Wrong: 1}}}} {
			r.Print(&b, of)
		}
		return b.String()
	}
	for _, x := range [][2]string{{figures.In(english), figures.In(inVietnamese)}, {grown.In(english), grown.In(inVietnamese)}, {faults(english), faults(inVietnamese)}} {
		en, vi := strings.Split(x[0], "\n"), strings.Split(x[1], "\n")
		if len(en) != len(vi) || len(en) < 5 {
			t.Fatalf("%d lines, %d in Vietnamese", len(en), len(vi))
		}
		for i := range en {
			if en[i] == vi[i] && en[i] != "" && !strings.HasPrefix(en[i], "opening a case") {
				t.Errorf("no phrase: %s", en[i])
			}
		}
	}
	// What a run tells, of every fault.
	texts := regexp.MustCompile("(?:note\\(|Say\\(|Tell\\(|g?l?\\.tell\\(|Kind: |Title: |name: |t\\.kill\\(ctx, |^\t+\\{)(\"(?:[^\"\\\\]|\\\\.)*\")")
	said := 0
	for _, folder := range []string{"bench/growth.go", "bench/growth_load.go", "bench/growth_measure.go", "chaos/*.go"} {
		files, err := filepath.Glob(folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil || strings.HasSuffix(name, "_test.go") {
				continue
			}
			for line := range strings.Lines(string(text)) {
				m := texts.FindStringSubmatch(line)
				if m == nil {
					continue
				}
				format, err := strconv.Unquote(m[1])
				if err != nil {
					t.Fatal(err)
				}
				sentence := verbs.ReplaceAllString(strings.TrimPrefix(strings.TrimPrefix(format, "%s: "), "%s, "), "7")
				if said++; strings.Contains(sentence, " ") && inVietnamese(sentence) == sentence {
					t.Errorf("%s: no phrase for %q", name, sentence)
				}
			}
		}
	}
	if said < 40 {
		t.Errorf("only %d sentences were found in the sources", said)
	}
}
