package api_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lienthong/engine"
	"lienthong/store/memory"
)

// lists are the answers that come in pages, by what holds their lines.
var lists = map[string]string{"/accounts": "accounts", "/cases": "cases", "/cases?text=nguyen": "cases", "/inbox": "rows", "/inbox?ended=true&text=nguyen": "rows",
	"/exchange": "deliveries", "/notifications": "notifications", "/cases/CODE/access": "access", "/cases/CODE/history": "entries"}

// cursors are what nobody was given as one, or was by another program.
func cursors() []string {
	parts := func(xs ...any) string {
		b, _ := json.Marshal(xs)
		return base64.RawURLEncoding.EncodeToString(b)
	}
	out := []string{"0", "-1", "x", "%", "\x00", "null", "bnVsbA", "W10", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "1e3", "0x1", " 1",
		strings.Repeat("A", 500), base64.StdEncoding.EncodeToString([]byte(`["r","1","a","b","c"]`)), parts(), parts(1, 2), parts("r"), parts(map[string]any{"r": 1})}
	for _, kind := range []string{"r", "c", "n", "w", ""} {
		for _, key := range []any{"0", "9223372036854775807", "-9223372036854775808", "9223372036854775808", nil} {
			for _, n := range []int{0, 1, 2, 3} {
				for _, text := range []any{"x", "\x00", "9223372036854775808", nil} {
					out = append(out, parts(append([]any{kind, key}, slices.Repeat([]any{text}, n)...)...))
				}
			}
		}
	}
	return out
}

// A cursor says where a list goes on, and nothing of whose it is: whoever made it up, or
// got it from another list or person, is refused or told a part of their own list.
func TestACursorOfAnotherTellsNothing(t *testing.T) {
	for name, store := range map[string]engine.Store{"memory": memory.New(), "sqlite": opened(t, filepath.Join(t.TempDir(), "cases.db"))} {
		t.Run(name, func(t *testing.T) {
			w := newWorldOver(t, store)
			*w.silent = true
			code, _ := w.fathersCase()
			w.owing()
			far, reception := w.fileFar()
			w.read("officer."+officeBirth, code)
			w.read("officer."+officeBirth, code)
			people := []string{father, stranger, "officer." + officeBirth, reception, "operator", "supervisor", "supervisor.far", "administrator"}
			ask := func(who, at, query string) answer {
				at, own, _ := strings.Cut(strings.Replace(at, "CODE", code, 1), "?")
				return w.send(who, "GET", "/api/v1"+at+"?"+own+"&"+query, nil)
			}
			made, garbage := []string{}, cursors()
			whole := map[string]map[string]bool{}
			for at, key := range lists {
				for _, who := range people {
					a := ask(who, at, "limit=200")
					if a.status != 200 {
						continue
					}
					all := map[string]bool{}
					for _, line := range a.get(key).([]any) {
						all[lineOf(line)] = true
					}
					whole[who+at] = all
					if next := ask(who, at, "limit=1").str("next"); next != "" {
						made = append(made, next)
					}
				}
			}
			if len(whole) < 25 || len(made) < 10 {
				t.Fatalf("%d lists, %d cursors", len(whole), len(made))
			}
			for at, key := range lists {
				tried := 0
				for _, who := range people {
					all, may := whole[who+at]
					after := made
					if may && tried < 2 { // nobody is treated otherwise
						tried++
						after = slices.Concat(made, garbage)
					}
					for _, c := range after {
						a := ask(who, at, "limit=200&after="+url.QueryEscape(c))
						switch {
						case !may && a.status != 403 && a.status != 404:
							t.Fatalf("%s %s after %q: %d %s", who, at, c, a.status, a.raw)
						case !may:
						case a.status == 400 || a.status == 422:
							if a.str("code") == "" || strings.Contains(string(a.raw), far) && who == father {
								t.Errorf("%s %s after %q: %s", who, at, c, a.raw)
							}
						case a.status != 200:
							t.Errorf("%s %s after %q: %d %s", who, at, c, a.status, a.raw)
						default:
							for _, line := range a.get(key).([]any) {
								if key != "access" && !all[lineOf(line)] {
									t.Errorf("%s %s after %q is told %v", who, at, c, line)
								}
							}
						}
					}
				}
			}
		})
	}
}

func lineOf(line any) string {
	m := line.(map[string]any)
	return fmt.Sprint(m["id"], m["code"], m["case"], m["step"], m["key"], m["seq"])
}
