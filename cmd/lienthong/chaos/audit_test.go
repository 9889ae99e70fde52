package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"lienthong/cmd/lienthong/system"
	"lienthong/engine"
)

// shelf is a store made by hand.
type shelf struct {
	cases   map[string]*engine.Case
	entries map[string][]engine.Entry
	answers map[string]*engine.Answer // actor + key
	revs    map[string]int64          // of accounts
}

func (s *shelf) Case(_ context.Context, code string) (*engine.Case, []engine.Entry, error) {
	return s.cases[code], s.entries[code], nil
}

func (s *shelf) Answer(_ context.Context, actor, key string) (*engine.Answer, error) {
	return s.answers[actor+" "+key], nil
}

func (s *shelf) Account(_ context.Context, id string) (int64, error) { return s.revs[id], nil }

const (
	citizen = "citizen:001093000103"
	clerk   = "staff:reception.civil_status_00004"
)

// scene is evidence of one sound case, H1: filed, received, and registered by the
// registries; the tests spoil it.
type scene struct {
	Evidence
	*shelf
}

func (s *scene) enter(code string, seq int64, actor, step, action, key string, effects ...engine.Event) {
	kind, id, _ := strings.Cut(actor, ":")
	s.entries[code] = append(s.entries[code], engine.Entry{Case: code, Seq: seq, Events: effects,
		Command: engine.Command{Action: action, Case: code, Step: step, Actor: engine.Actor{Kind: engine.ActorKind(kind), ID: id}}})
	if key != "" {
		s.keep(actor, key, code, seq)
		t := Try{Key: key, Actor: actor, Case: code, Step: step, Action: action, Fate: Acknowledged}
		s.Tries = append(s.Tries, t)
	}
}

func (s *scene) keep(actor, key, code string, seq int64) {
	body, _ := json.Marshal(map[string]any{"seq": seq, "cases": []string{code}})
	s.answers[actor+" "+key] = &engine.Answer{Actor: actor, Key: key, Case: code, Body: body}
}

func requested(key, registry, operation string) engine.Event {
	return engine.Requested{Key: key, Registry: registry, Operation: operation}
}

// performed is a request that a registry has done.
func performed(key, registry, operation string) Request {
	code, _, _ := strings.Cut(key, "/")
	key, _ = system.RequestKey(engine.Delivery{Key: key, Operation: operation}) // there is no input
	return Request{Registry: registry, Operation: operation, Key: key, Case: code, State: "done", Answer: `{"id":"1"}`, Performed: 1}
}

func sound() *scene {
	sh := &shelf{cases: map[string]*engine.Case{}, entries: map[string][]engine.Entry{}, answers: map[string]*engine.Answer{}, revs: map[string]int64{}}
	s := &scene{shelf: sh, Evidence: Evidence{Book: sh, Owed: map[string]string{}}}
	s.cases["H1"] = &engine.Case{Code: "H1", Status: engine.CaseEnded, Key: "01001.GCS.00001.26",
		Dossiers: []*engine.Dossier{{Step: "birth", Status: engine.StatusEnded, Final: engine.FinalSuccess}}}
	s.enter("H1", 1, citizen, "", "file", "k1")
	s.enter("H1", 2, clerk, "birth", "receive", "k2", requested("H1/2/1", "population", "assign_personal_id"))
	s.enter("H1", 3, "registry:population", "birth", "assigned", "", requested("H1/3/1", "civil_status", "register_birth"))
	s.enter("H1", 4, "registry:civil_status", "birth", "recorded", "")
	s.Requests = []Request{
		performed("H1/2/1", "population", "assign_personal_id"),
		performed("H1/3/1", "civil_status", "register_birth"),
	}
	s.Records = []Record{{Registry: "civil_status", Kind: "birth", ID: "1/2026/00004", Owner: "001326000001", Notice: "01001.GCS.00001.26"}}
	// A command whose answer was lost, and one that was refused.
	s.enter("H1", 5, clerk, "birth", "claim", "k5")
	s.Tries[2].Fate = Unknown
	s.Tries = append(s.Tries, Try{Key: "k6", Actor: clerk, Case: "H1", Step: "birth", Action: "receive", Fate: Refused, Code: "wrong_state"},
		Try{Key: "k7", Actor: citizen, Action: "file", Fate: Unknown})
	s.hires()
	return s
}

// operates has the operator act, and history say so: as an act, or in an answer that
// was recorded by hand.
func (s *scene) operates(recorded bool) {
	seq := int64(len(s.entries["H1"]) + 1)
	s.enter("H1", seq, "staff:operator", "birth", engine.ActOperate, fmt.Sprint("op", seq), engine.ExchangeActed{By: "operator"})
	if recorded {
		s.entries["H1"][seq-1].Command.Action = engine.ActReply
		s.entries["H1"][seq-1].Command.Actor = engine.Actor{Kind: engine.Registry, ID: "population"}
	}
}

// answered has an entry hold the answer to a request.
func (s *scene) answered(seq int, key string) {
	s.entries["H1"][seq-1].Facts.Reply = &engine.Reply{Request: key, Outcome: engine.ReplyDone}
}

// notifies owes the citizen a message that nobody sends.
func (s *scene) notifies() {
	s.entries["H1"][3].Events = engine.Events{engine.Notified{Key: "H1/4/1", To: "001093000103", What: "signed"}}
}

// hires has the administrator make an account and change it.
func (s *scene) hires() {
	for _, key := range []string{"h1", "h2"} {
		s.Tries = append(s.Tries, Try{Key: key, Actor: "staff:administrator", Account: "new", Action: "hire", Fate: Acknowledged})
		s.keep("staff:administrator", key, "", 0)
	}
	s.revs["new"] = 2
}

// contradict lets population call what it did refused, and tell what it did under the
// key of the next request.
func (s *scene) contradict() {
	again := requested("H1/3/2", "population", "assign_personal_id")
	s.entries["H1"][2].Facts.Reply = &engine.Reply{Request: "H1/2/1", Outcome: engine.ReplyRefused, Code: "already_assigned"}
	s.entries["H1"][2].Events = append(s.entries["H1"][2].Events, again)
	s.Requests = append(s.Requests, performed("H1/3/2", "population", "assign_personal_id"))
}

// TestAuditFindsEveryDamage spoils sound evidence in one way at a time: the audit
// must call it what it is. A check that finds nothing here would find nothing in a
// run.
func TestAuditFindsEveryDamage(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		name, kind, says string
		spoil            func(*scene)
	}{
		{"nothing", "", "", func(*scene) {}},
		{"an account that is not there", "loss", "account new was changed 0 times, and 2 answers are kept", func(s *scene) { s.revs["new"] = 0 }},
		{"an account without its change", "loss", "account new was changed 1 times, and 2 answers are kept", func(s *scene) { s.revs["new"] = 1 }},
		{"an account changed again", "double", "account new was changed 3 times, under 2 keys", func(s *scene) { s.revs["new"] = 3 }},
		{"an account whose answer is lost", "loss", "no answer is kept", func(s *scene) {
			s.revs["new"] = 1
			delete(s.answers, "staff:administrator h2")
		}},
		{"an account that was refused", "wrong", "and stands", func(s *scene) {
			s.revs["new"] = 1
			s.Tries[len(s.Tries)-1].Fate = Refused
		}},
		{"nothing, and an operator acted", "", "", func(s *scene) { s.operates(false); s.operates(true) }},
		{"the last acknowledged command is cut off", "loss", "should stand at entry 2 of H1", func(s *scene) { s.entries["H1"] = s.entries["H1"][:1] }},
		{"a command in the middle is missing", "loss", "entry 2 is missing", func(s *scene) { s.entries["H1"] = append(s.entries["H1"][:1], s.entries["H1"][2:]...) }},
		{"another command stands in its place", "loss", "should stand at H1 entry 2", func(s *scene) { s.entries["H1"][1].Command.Action = "refuse" }},
		{"another person stands in its place", "loss", "should stand at H1 entry 2", func(s *scene) { s.entries["H1"][1].Command.Actor.ID = "x" }},
		{"a timer stands in its place", "loss", "should stand at H1 entry 2", func(s *scene) { s.entries["H1"][1].Command.Actor = engine.Actor{Kind: engine.Timer, ID: "timer"} }},
		{"a registry's answer stands in its place", "loss", "should stand at H1 entry 3", func(s *scene) {
			s.keep(clerk, "k8", "H1", 3)
			s.Tries = append(s.Tries, Try{Key: "k8", Actor: clerk, Case: "H1", Step: "birth", Action: "draft", Fate: Acknowledged})
		}},
		{"an answer of a registry that it never gave", "loss", "holds an answer to H1/3/1 that civil_status never gave", func(s *scene) {
			s.answered(4, "H1/3/1")
			s.cases["H1"].Dossiers = nil
			s.Requests = s.Requests[:1]
		}},
		{"an answer of a registry that did nothing", "loss", "holds an answer to H1/2/1 that population never gave", func(s *scene) {
			s.answered(3, "H1/2/1")
			s.Requests[0].Performed = 0
		}},
		{"nothing, though a registry did not do what was recorded by hand", "", "", func(s *scene) {
			s.operates(true)
			s.entries["H1"][2].Events = append(s.entries["H1"][2].Events, requested("H1/3/2", "population", "marriage"))
			s.entries["H1"][5].Facts.Reply = &engine.Reply{Request: "H1/3/2", Outcome: engine.ReplyDone, By: "operator"}
		}},
		{"a message that was not sent", "loss", "is settled, and its message was never sent", func(s *scene) { s.notifies() }},
		{"nothing, though a message was settled by hand", "", "", func(s *scene) {
			s.notifies()
			s.operates(false)
			s.entries["H1"][5].Command.Input = map[string]any{"key": "H1/4/1", "what": engine.OperateRecord}
		}},
		{"a message that is still owed", "unended", "still owed", func(s *scene) { s.notifies(); s.Owed["H1/4/1"] = "H1/4/1" }},
		{"the answer is gone", "loss", "no answer is kept", func(s *scene) { delete(s.answers, clerk+" k2") }},
		{"the case is gone", "loss", "a case that is not there", func(s *scene) { delete(s.cases, "H1"); delete(s.entries, "H1") }},
		{"case and answers are gone", "loss", "no answer is kept", func(s *scene) { clear(s.cases); clear(s.entries); clear(s.answers); s.Requests = nil }},
		{"the code was given to another case", "loss", "told case H1", func(s *scene) { s.keep(citizen, "k1", "H9", 1) }},
		{"two acknowledged commands share one entry", "loss", "both stand at", func(s *scene) {
			s.keep(clerk, "k8", "H1", 2)
			s.Tries = append(s.Tries, Try{Key: "k8", Actor: clerk, Case: "H1", Step: "birth", Action: "receive", Fate: Acknowledged})
		}},
		{"a refused command stands", "wrong", "was refused (wrong_state), and stands", func(s *scene) { s.keep(clerk, "k6", "H1", 2) }},
		{"a registry was asked for a case that is not there", "loss", "for a case that is not there", func(s *scene) {
			s.Requests = append(s.Requests, performed("H7/1/1", "population", "marriage"))
		}},
		{"a registry was asked for no case", "loss", "for no case", func(s *scene) { s.Requests[0].Case = "" }},
		{"a registry was asked what no entry owes", "loss", "which no entry of the case owes", func(s *scene) {
			s.Requests = append(s.Requests, performed("H1/9/1", "population", "marriage"))
		}},
		{"a registry was asked something else", "loss", "where the case owes", func(s *scene) { s.Requests[0].Operation = "marriage" }},
		{"a part succeeded without its record", "loss", "was never done", func(s *scene) { s.Requests[1].State = "refused" }},
		{"an act of the operator is not in history", "loss", "should stand at entry 6", func(s *scene) { s.operates(false); s.entries["H1"] = s.entries["H1"][:5] }},
		{"the answer to the operator is gone", "loss", "no answer is kept", func(s *scene) { s.operates(true); delete(s.answers, "staff:operator op6") }},
		{"a refused act of the operator is in history", "wrong", "was refused", func(s *scene) { s.operates(false); s.Tries[len(s.Tries)-1].Fate = Refused }},
		{"an act of the operator stands twice", "double", "under no key of theirs", func(s *scene) {
			s.operates(false)
			s.enter("H1", 7, "staff:operator", "birth", engine.ActOperate, "", engine.ExchangeActed{By: "operator"})
		}},
		{"an answer by hand that nobody recorded", "double", "operate by staff:operator is under no key of theirs", func(s *scene) {
			s.entries["H1"][3].Events = engine.Events{engine.ExchangeActed{By: "operator"}}
		}},
		{"an answer by hand that somebody else recorded", "loss", "should stand at H1 entry 6", func(s *scene) {
			s.operates(true)
			s.entries["H1"][5].Events = engine.Events{engine.ExchangeActed{By: "supervisor"}}
		}},
		{"verify names damage", "loss", "history is damaged", func(s *scene) { s.Damaged = []string{"case H1 entry 2: hash"} }},
		{"a process died by itself", "wrong", "ended by itself", func(s *scene) { s.Trouble = []string{"the server ended by itself"} }},
		{"a request performed twice", "double", "2 times", func(s *scene) { s.Requests[0].Performed = 2 }},
		{"one thing under two keys", "double", "register_birth done under", func(s *scene) {
			s.entries["H1"][3].Events = engine.Events{requested("H1/4/1", "civil_status", "register_birth")}
			s.Requests = append(s.Requests, performed("H1/4/1", "civil_status", "register_birth"))
		}},
		{"nothing, though one thing is under two keys, since it was called refused first", "", "", func(s *scene) { s.contradict() }},
		{"one thing under two keys, done twice after a refusal", "double", "assign_personal_id done under", func(s *scene) {
			s.contradict()
			s.Requests[len(s.Requests)-1].Answer = `{"id":"2"}`
		}},
		{"a child with two certificates", "double", "birth of 001326000001", func(s *scene) {
			s.Records = append(s.Records, Record{Registry: "civil_status", Kind: "birth", ID: "2/2026/00004", Owner: "001326000001"})
		}},
		{"a notice with two certificates", "double", "for notice 01001", func(s *scene) {
			s.Records = append(s.Records, Record{Registry: "civil_status", Kind: "birth", ID: "2/2026/00004", Owner: "001326000002", Notice: "01001.GCS.00001.26"})
		}},
		{"a notice registered by two cases", "double", "registered by H1 and H2", func(s *scene) {
			two := *s.cases["H1"]
			two.Code = "H2"
			s.cases["H2"] = &two
			s.enter("H2", 1, citizen, "", "file", "k21", requested("H2/1/1", "civil_status", "register_birth"))
			s.Requests = append(s.Requests, performed("H2/1/1", "civil_status", "register_birth"))
		}},
		{"a command that stands twice", "double", "under no key of theirs", func(s *scene) { s.enter("H1", 6, clerk, "birth", "receive", "") }},
		{"a case that has not ended", "unended", "case H1 is open", func(s *scene) { s.cases["H1"].Status = engine.CaseOpen }},
		{"a case that nobody asked after has not ended", "unended", "case H3 is open", func(s *scene) {
			s.cases["H3"] = &engine.Case{Code: "H3", Status: engine.CaseOpen}
			s.Cases = []string{"H3"}
		}},
		{"a delivery is still owed", "unended", "still owed", func(s *scene) { s.Owed["H1/2/2"] = "H1/2/2" }},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			s := sound()
			x.spoil(s)
			f, err := Audit(t.Context(), s.Evidence)
			if err != nil {
				t.Fatal(err)
			}
			if x.kind == "" {
				told := 4 // of the scene
				for _, try := range s.Tries {
					if try.Action == engine.ActOperate {
						told++
					}
				}
				if !f.Good() || f.Cases != 1 || f.Acknowledged != told || f.Requests != len(s.Requests) {
					t.Errorf("sound evidence gives %+v", f)
				}
				return
			}
			found := map[string][]string{"loss": f.Losses, "double": f.Doubles, "unended": f.Unended, "wrong": f.Wrong}[x.kind]
			if !strings.Contains(strings.Join(found, "\n"), x.says) {
				t.Errorf("want a %s that says %q, got %+v", x.kind, x.says, f)
			}
		})
	}
}

// A report is good only when every row is.
func TestReportIsAsGoodAsItsWorstRow(t *testing.T) {
	t.Parallel()
	for _, bad := range []Findings{{Losses: []string{"x"}}, {Doubles: []string{"x"}}, {Unended: []string{"x"}}, {Wrong: []string{"x"}}} {
		r := &Report{Rows: []Row{{Kind: "a"}, {Kind: "b"}}}
		if !r.Good() {
			t.Error("an empty report is not good")
		}
		r.Rows[1].add(bad)
		var b strings.Builder
		r.Print(&b, english)
		if r.Good() || !strings.Contains(b.String(), "NOT GOOD") || !strings.Contains(b.String(), "x") {
			t.Errorf("with %s the report says\n%s", fmt.Sprint(bad), b.String())
		}
	}
}

// A run that the harness could not end is not called good, and a bound of time that
// was exceeded is told without being called a loss.
func TestReportTellsWhatIsNoLoss(t *testing.T) {
	t.Parallel()
	print := func(r *Report) string {
		var b strings.Builder
		r.Print(&b, english)
		return b.String()
	}
	broke := &Report{Rows: []Row{{Kind: "a"}}, Broke: "disk: no space"}
	if s := print(broke); broke.Good() || !strings.Contains(s, "NOT FINISHED: disk: no space") || strings.Contains(s, "good:") {
		t.Errorf("a run that broke off says\n%s", s)
	}
	late := &Report{Rows: []Row{{Kind: "a"}}}
	late.Rows[0].slow("p99 %s", "17s")
	if s := print(late); !late.Good() || late.Rows[0].Losses != 0 || !strings.Contains(s, "bounds of time exceeded on this machine: 1") || !strings.Contains(s, "slow: p99 17s") {
		t.Errorf("a run that was slow says\n%s", s)
	}
	if s := print(&Report{Rows: []Row{{Kind: "a", Skipped: "no compiler"}}}); !strings.Contains(s, "NOT WHOLE") || strings.Contains(s, "good:") || !strings.Contains(s, "nothing is said of it: 1") {
		t.Errorf("a run that skipped a fault says\n%s", s)
	}
}

// The clerks' waiting is told as slow; what no machine excuses is wrong.
func TestFloodIsJudged(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		name        string
		flood       func(*flood)
		wrong, slow int
	}{
		{"good", func(*flood) {}, 0, 0},
		{"slow clerks", func(f *flood) { f.clerks[0] = 2 * floodAnswer }, 0, 1},
		{"clerks turned away", func(f *flood) { f.missed = make([]string, len(f.clerks)) }, 0, 1},
		{"no clerk answered", func(f *flood) { f.clerks = nil }, 1, 0},
		{"no Retry-After", func(f *flood) { f.rude.Add(1) }, 1, 0},
		{"connections that broke", func(f *flood) { f.answers[0].Add(3); f.broken.Add(3) }, 1, 0},
		{"not answered in time", func(f *flood) { f.answers[0].Add(3) }, 0, 1},
	} {
		f := &flood{clerks: []time.Duration{time.Millisecond}}
		x.flood(f)
		var row Row
		if f.judge(&row); row.Wrong != x.wrong || row.Slow != x.slow || row.Losses != 0 {
			t.Errorf("%s: %d wrong, %d slow, %d lost; want %d, %d, 0", x.name, row.Wrong, row.Slow, row.Losses, x.wrong, x.slow)
		}
	}
}

// english says a report as it is.
func english(s string) string { return s }
