package main

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"lienthong/engine"
)

type migrateCommand struct {
	site
	Service string   `arg:"" help:"Whose running cases are moved."`
	From    string   `help:"Version that they are under." required:""`
	To      string   `help:"Version that they move to." required:""`
	State   []string `help:"A state that has another name there: STEP.OLD=NEW; may be repeated." placeholder:"STEP.OLD=NEW"`
	Case    []string `help:"This case alone; may be repeated."`
	Reason  string   `help:"Why: kept in every case."`
	DryRun  bool     `help:"Only say of each case what would change, or why it stays."`
}

// caseMoved is what a migration makes of one case.
type caseMoved struct {
	Case    string       `json:"case"`
	Moved   bool         `json:"moved"`
	Refused *engine.Text `json:"refused,omitempty"`
	Due     *times       `json:"due,omitempty"`
	Steps   []stepMoved  `json:"steps,omitempty"`
}

type times struct {
	Before time.Time `json:"before,omitzero"`
	After  time.Time `json:"after,omitzero"`
}

type stepMoved struct {
	Step   string `json:"step"`
	New    bool   `json:"new,omitempty"`
	Status string `json:"status"`
	From   string `json:"from,omitempty"`
	To     string `json:"to,omitempty"`
	Due    *times `json:"due,omitempty"`
	Timers []struct {
		Action string    `json:"action,omitempty"`
		Kind   string    `json:"kind"`
		At     time.Time `json:"at"`
	} `json:"timers,omitempty"`
	Gained  []string `json:"gained,omitempty"`
	Lost    []string `json:"lost,omitempty"`
	Handed  bool     `json:"handed,omitempty"`
	Parties bool     `json:"parties,omitempty"`
}

// moved is all of a migration.
type moved struct {
	DryRun  bool        `json:"dry_run"`
	Moved   int         `json:"moved"`
	Refused int         `json:"refused"`
	Cases   []caseMoved `json:"cases"`
}

// Run moves cases, page after page.
func (c *migrateCommand) Run(e *env) error {
	states, err := stateMap(c.State)
	if err != nil {
		return err
	}
	body := map[string]any{"service": c.Service, "from": c.From, "to": c.To, "dry_run": c.DryRun}
	if c.Reason != "" {
		body["reason"] = c.Reason
	}
	if states != nil {
		body["states"] = states
	}
	if len(c.Case) > 0 {
		body["cases"] = c.Case
	}
	return c.at(e, func(s *caller) error {
		all := moved{DryRun: c.DryRun, Cases: []caseMoved{}}
		why := map[string]int{} // reasons to stay
		bar := e.progress()
		defer bar.end()
		for {
			var page struct {
				moved
				Next string `json:"next"`
			}
			if err := s.call(e.ctx, http.MethodPost, "/definitions/migrations", body, &page); err != nil {
				return err
			}
			all.Moved, all.Refused = all.Moved+page.Moved, all.Refused+page.Refused
			bar.show("cases "+thousands(int64(all.Moved+all.Refused)), 0, 0)
			if e.asJSON {
				all.Cases = append(all.Cases, page.Cases...)
			}
			for _, m := range page.Cases {
				if m.Refused != nil {
					why[m.Refused.In(c.Lang)]++
				}
				if !e.asJSON {
					fmt.Fprintln(e.out, m.in(c.site))
				}
			}
			if page.Next == "" {
				break
			}
			body["after"] = page.Next
		}
		if e.asJSON {
			return e.json(all)
		}
		say := c.words()
		what := say("đã chuyển", "moved")
		if c.DryRun {
			what = say("sẽ chuyển", "would move")
		}
		fmt.Fprintf(e.out, "%s@%s → %s: %d %s, %d %s\n", c.Service, c.From, c.To, all.Moved, what, all.Refused, say("ở lại", "stay"))
		for _, reason := range slices.SortedFunc(maps.Keys(why), func(a, b string) int { return cmp.Or(cmp.Compare(why[b], why[a]), cmp.Compare(a, b)) }) {
			fmt.Fprintf(e.out, "%6d %s: %s\n", why[reason], say("ở lại", "stay"), reason)
		}
		return nil
	})
}

// stateMap reads STEP.OLD=NEW.
func stateMap(given []string) (map[string]map[string]string, error) {
	var out map[string]map[string]string
	for _, s := range given {
		step, rest, ok := strings.Cut(s, ".")
		from, to, named := strings.Cut(rest, "=")
		if !ok || !named || step == "" || from == "" || to == "" {
			return nil, usageError{fmt.Errorf("--state %q: want STEP.OLD=NEW", s)}
		}
		if out == nil {
			out = map[string]map[string]string{}
		}
		if out[step] == nil {
			out[step] = map[string]string{}
		}
		out[step][from] = to
	}
	return out, nil
}

// in tells of one case in a line for it and one for each part that changes.
func (m caseMoved) in(s site) string {
	say := s.words()
	if m.Refused != nil {
		return m.Case + ": " + say("ở lại: ", "stays: ") + m.Refused.In(s.Lang)
	}
	var b strings.Builder
	b.WriteString(m.Case + ": ")
	if m.Moved {
		b.WriteString(say("đã chuyển", "moved"))
	} else {
		b.WriteString(say("sẽ chuyển", "would move"))
	}
	if m.Due != nil {
		b.WriteString(", " + m.Due.in(say))
	}
	for _, x := range m.Steps {
		b.WriteString("\n    " + x.Step + ": " + strings.Join(x.changes(say), "; "))
	}
	return b.String()
}

func (t times) in(say func(vi, en string) string) string {
	at := func(t time.Time) string {
		if t.IsZero() {
			return "–"
		}
		return local(t)
	}
	return say("hạn ", "due ") + at(t.Before) + " → " + at(t.After)
}

func (x stepMoved) changes(say func(vi, en string) string) []string {
	var out []string
	if x.New {
		out = append(out, say("phần mới", "a new part")+" ("+statusIn(say, x.Status)+")")
	}
	if x.From != x.To {
		out = append(out, x.From+" → "+x.To)
	}
	if x.Due != nil {
		out = append(out, x.Due.in(say))
	}
	for _, t := range x.Timers {
		name := t.Action
		if name == "" {
			name = t.Kind
		}
		out = append(out, say("hẹn giờ ", "timer ")+name+" "+local(t.At))
	}
	if len(x.Gained) > 0 {
		out = append(out, say("thêm thao tác ", "gains ")+strings.Join(x.Gained, ", "))
	}
	if len(x.Lost) > 0 {
		out = append(out, say("bớt thao tác ", "loses ")+strings.Join(x.Lost, ", "))
	}
	if x.Handed {
		out = append(out, say("nhận giá trị bàn giao khác", "is handed other values"))
	}
	if x.Parties {
		out = append(out, say("hỏi người khác", "other people are asked"))
	}
	return out
}

// statusIn is the standing of a part in words.
func statusIn(say func(vi, en string) string, status string) string {
	vi := map[string]string{string(engine.StatusWaiting): "đang chờ phần trước", string(engine.StatusOpen): "đang mở", string(engine.StatusClosed): "không mở"}[status]
	return say(vi, status)
}

type revertCommand struct {
	site
	Case   string `arg:"" help:"Code of the case."`
	Reason string `help:"Why: kept in the case."`
}

// Run takes one case's migration back.
func (c *revertCommand) Run(e *env) error {
	return c.at(e, func(s *caller) error {
		var out struct {
			Case    string `json:"case"`
			Version string `json:"version"`
		}
		body := map[string]any{}
		if c.Reason != "" {
			body["reason"] = c.Reason
		}
		if err := s.call(e.ctx, http.MethodPost, "/cases/"+c.Case+"/revert", body, &out); err != nil {
			return err
		}
		if e.asJSON {
			return e.json(out)
		}
		fmt.Fprintf(e.out, "%s: %s %s\n", out.Case, c.words()("lại theo phiên bản", "under version"), out.Version)
		return nil
	})
}
