package engine

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"lienthong/engine/calendar"
)

// FiguresVersion says how Contributions counts. A store that has summed under
// another version sums anew.
const FiguresVersion = 2

// Figure is a number that is summed over cases: by day, office, service and
// procedure. The case as a whole has rows of its own, with an empty procedure and
// other names, so that it is not counted twice.
type Figure struct {
	Day       calendar.Date `json:"d,omitempty"`
	Office    string        `json:"o,omitempty"` // "" = the case has not reached one
	Service   string        `json:"s,omitempty"`
	Procedure string        `json:"p,omitempty"`
	Name      string        `json:"n"`
	// Due is the hour (since 1970, UTC) at whose beginning an open dossier becomes
	// late: its due time, rounded up to a full hour. 0 = not for this name.
	Due   int64 `json:"h,omitempty"`
	Value int64 `json:"v"`
}

// SumQuery selects figures: of offices ("" = not at any office yet) and days, both
// ends included.
type SumQuery struct {
	Offices  []string
	From, To calendar.Date
}

// Names of a dossier's figures on the day on which it reached its office (Opened).
// Arrived = Unreceived + Running + Paused + all Ended….
const (
	FigArrived    = "arrived"
	FigUnreceived = "unreceived" // not yet received by reception
	FigRunning    = "running"    // with the office
	FigPaused     = "paused"     // with the citizen: the clock stands still
	FigEnded      = "ended."     // + how: success, refused, expired, withdrawn, not_applicable, annulled
	FigElapsed    = "elapsed"    // seconds from arrival to the (first) end, of ended ones
	FigCorrecting = "correcting" // ended ones whose result is being corrected
	FigRefusedBy  = "refused."   // + the action that refused
)

// Names of a dossier's figures on the day on which it was received (its clock
// started). Received = OnTime + Late + OpenLate + OpenInTime + all OpenDue.
const (
	FigReceived   = "received"
	FigOnTime     = "on_time"
	FigLate       = "late"
	FigOpenLate   = "open_late"    // open, and late whatever the time is
	FigOpenInTime = "open_in_time" // open, and in time for as long as nothing happens: paused, or no due time
	FigOpenDue    = "open_due"     // open, late from the hour Due on
	FigHandled    = "handled"      // ended in success
	FigHandling   = "handling"     // seconds from reception to that end without the citizen's time
	FigChannel    = "channel."     // + 1 counter, 2 online, 3 post
	FigDigitised  = "digitised"    // an electronic paper or reused data, and an electronic result when it succeeded
	FigReused     = "reused"       // data from a register, or from the result of an earlier step
	FigAsked      = "asked"        // asked to complete the file at least once
	FigAskedAgain = "asked_again"  // more than once: late by rule
	FigApologised = "apologised"   // got a new due time with an apology
)

// Names of a case's figures on the day of its filing, at the office of its first
// part. Cases = CaseUnpaid + CaseRunning + CasePaused + all CaseEnded….
const (
	FigCases          = "cases"
	FigCaseUnpaid     = "case_unpaid"
	FigCaseRunning    = "case_running"
	FigCasePaused     = "case_paused"
	FigCaseEnded      = "case_ended." // + outcome
	FigCaseElapsed    = "case_elapsed"
	FigCaseChannel    = "case_channel."
	FigCaseTimed      = "case_timed" // its common clock started; sum of the five below
	FigCaseOnTime     = "case_on_time"
	FigCaseLate       = "case_late"
	FigCaseOpenLate   = "case_open_late"
	FigCaseOpenInTime = "case_open_in_time"
	FigCaseOpenDue    = "case_open_due"
	FigFields         = "fields"            // values in the application as filed
	FigPrefilled      = "fields_prefilled"  // … that came from a register
	FigDisputed       = "fields_disputed"   // … that the applicant disputed
	FigFees           = "fees"              // cases with a fee above 0
	FigFeesOnline     = "fees_online"       // … paid through the treasury's channel
	FigPartsByLaw     = "parts_refused_law" // parts that the law refuses before an office is reached
)

// Contributions is what one case adds to the sums, in a fixed order; past are
// dossiers that were filed again since (see PastAttempts). The sums over all cases
// are what indicators are computed from.
func Contributions(c *Case, past []*Dossier) []Figure {
	t := tally{}
	t.theCase(c)
	for _, d := range slices.Concat(past, c.Dossiers) {
		if d.Status == StatusOpen || d.Status == StatusEnded {
			t.dossier(c, d)
		}
	}
	return t.figures()
}

// PastAttempts finds in a case's history the dossiers that were filed again: each
// as it stood before it made room. It stops where history is erased.
func PastAttempts(history []Entry) []*Dossier {
	var c *Case
	var out []*Dossier
	for _, e := range history {
		if len(e.Events) == 0 {
			return out
		}
		for _, v := range e.Events {
			if r, ok := v.(StepReset); ok && c != nil {
				if d := c.Dossier(r.Step); d != nil {
					out = append(out, d)
				}
			}
		}
		c = Fold(c, e)
	}
	return out
}

// Sum adds figures to a map of sums; with sign -1 it takes them away. What comes to
// nothing is dropped.
func Sum(into map[Figure]int64, fs []Figure, sign int64) {
	for _, f := range fs {
		v := sign * f.Value
		f.Value = 0
		if v += into[f]; v != 0 {
			into[f] = v
		} else {
			delete(into, f)
		}
	}
}

// FiguresOf lists a map of sums in order.
func FiguresOf(sums map[Figure]int64) []Figure { return tally(sums).figures() }

// tally sums figures whose Value is 0.
type tally map[Figure]int64

func (t tally) figures() []Figure {
	out := make([]Figure, 0, len(t))
	for f, v := range t {
		f.Value = v
		out = append(out, f)
	}
	slices.SortFunc(out, CompareFigures)
	return out
}

// CompareFigures orders figures by all that they are summed by.
func CompareFigures(a, b Figure) int {
	return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Office, b.Office), cmp.Compare(a.Service, b.Service),
		cmp.Compare(a.Procedure, b.Procedure), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Due, b.Due))
}

// row adds under one day, office, service and procedure.
type row struct {
	t tally
	f Figure
}

func (t tally) row(day time.Time, office string, c *Case, procedure string) row {
	return row{t, Figure{Day: calendar.DateOf(day), Office: office, Service: c.Service, Procedure: procedure}}
}

func (r row) add(name string, value int64) {
	if value != 0 {
		r.f.Name = name
		r.t[r.f] += value
	}
}

func (r row) count(name string, yes bool) {
	if yes {
		r.add(name, 1)
	}
}

// dossier adds one part.
func (t tally) dossier(c *Case, d *Dossier) {
	r := t.row(d.Opened, d.Home, c, d.Procedure)
	r.add(FigArrived, 1)
	switch {
	case d.Final != FinalNone:
		r.add(FigEnded+string(d.Final), 1)
		r.add(FigElapsed, seconds(d.Ended.Sub(d.Opened)))
		r.count(FigCorrecting, d.Status == StatusOpen)
		if d.Final == FinalRefused {
			r.add(FigRefusedBy+d.EndedBy, 1)
		}
	case d.Portal == 1:
		r.add(FigUnreceived, 1)
	case !d.Clock.PausedAt.IsZero() || d.Portal == 5:
		r.add(FigPaused, 1)
	default:
		r.add(FigRunning, 1)
	}
	received, ok := d.received()
	if !ok {
		return
	}
	r = t.row(received, d.Home, c, d.Procedure)
	r.add(FigReceived, 1)
	end := time.Time{}
	if d.Final != FinalNone {
		end = d.Ended
	}
	r.timely("", &d.Clock, end, d.Asked > 1)
	if d.Final == FinalSuccess {
		r.add(FigHandled, 1)
		r.add(FigHandling, seconds(officeTime(&d.Clock, received, d.Ended)))
	}
	r.add(FigChannel+strconv.Itoa(c.Channel), 1)
	papers, prefilled, _ := c.fields()
	reused := prefilled > 0 || len(d.Uses) > 0
	r.count(FigReused, reused)
	r.count(FigDigitised, (papers > 0 || reused || c.answeredWithPaper(d.Step)) && (d.Final != FinalSuccess || d.Result != nil))
	r.count(FigAsked, d.Asked > 0)
	r.count(FigAskedAgain, d.Asked > 1)
	r.count(FigApologised, d.Apologies > 0)
}

// received is when reception took the dossier in: when its clock started, or, for
// a procedure without a limit, when it reached an office that works on it.
func (d *Dossier) received() (time.Time, bool) {
	if d.Clock.HasStarted() {
		return d.Clock.Started, true
	}
	return d.Opened, d.Clock.Limit.IsZero() && (d.Portal > 1 && d.Portal != 5 && d.Final == FinalNone || d.Final == FinalSuccess)
}

// theCase adds the case as a whole.
func (t tally) theCase(c *Case) {
	office := ""
	if c.FiledBy.Kind == Staff {
		office = c.FiledBy.Office
	}
	for _, d := range c.Dossiers {
		if d.Home != "" {
			office = d.Home
			break
		}
	}
	r := t.row(c.Filed, office, c, "")
	r.add(FigCases, 1)
	r.add(FigCaseChannel+strconv.Itoa(c.Channel), 1)
	switch {
	case c.Status == CaseEnded:
		r.add(FigCaseEnded+string(c.Outcome), 1)
		r.add(FigCaseElapsed, seconds(c.Ended.Sub(c.Filed)))
	case c.Portal() == 6:
		r.add(FigCaseUnpaid, 1)
	case c.Portal() == 5:
		r.add(FigCasePaused, 1)
	default:
		r.add(FigCaseRunning, 1)
	}
	if c.Clock.HasStarted() {
		r.add(FigCaseTimed, 1)
		r.timely("case_", &c.Clock, c.Ended, false)
	}
	_, prefilled, fields := c.fields()
	r.add(FigFields, fields)
	r.add(FigPrefilled, prefilled)
	r.add(FigDisputed, int64(len(c.Disputed)))
	if c.Fee != nil && c.Fee.Amount > 0 {
		r.add(FigFees, 1)
		r.count(FigFeesOnline, c.Fee.Status == FeePaid && c.Fee.By == "")
	}
	for _, d := range c.Dossiers {
		r.count(FigPartsByLaw, d.Status == StatusClosed && d.Closed == ClosedRefused)
	}
}

// timely adds whether a clock was kept (indicator 2.1). An end while the citizen held
// the file counts as the moment from which they held it.
func (r row) timely(prefix string, k *calendar.Clock, end time.Time, late bool) {
	still := k.PausedAt // since when nothing counts against the office
	if still.IsZero() {
		still = k.Stopped
	}
	switch {
	case !end.IsZero():
		if late || Lateness(k, end) > 0 {
			r.add(prefix+FigLate, 1)
		} else {
			r.add(prefix+FigOnTime, 1)
		}
	case late, !still.IsZero() && !k.Due.IsZero() && still.After(k.Due):
		r.add(prefix+FigOpenLate, 1)
	case k.Due.IsZero(), !still.IsZero():
		r.add(prefix+FigOpenInTime, 1)
	default:
		r.f.Due = hourAfter(k.Due)
		r.add(prefix+FigOpenDue, 1)
	}
}

// Lateness is by how much a clock's end came after the due time that stood then; 0 or
// less is in time. An end while the citizen held the file counts as the moment from
// which they held it.
func Lateness(k *calendar.Clock, end time.Time) time.Duration {
	end = heldFrom(k, end)
	due := dueAt(k, end)
	if due.IsZero() {
		return 0
	}
	return end.Sub(due)
}

// heldFrom is the end, or the beginning of the pause in which it fell.
func heldFrom(k *calendar.Clock, end time.Time) time.Time {
	for _, s := range k.Spans {
		if !s.From.After(end) && s.To.After(end) {
			return s.From
		}
	}
	if !k.PausedAt.IsZero() && !k.PausedAt.After(end) {
		return k.PausedAt
	}
	return end
}

// dueAt is the due time that stood at an instant: a result that is corrected after
// its end gets a new one, which says nothing about the end.
func dueAt(k *calendar.Clock, at time.Time) time.Time {
	due := k.Due
	for _, m := range slices.Backward(k.Moves) {
		if !m.At.After(at) {
			break
		}
		due = m.From
	}
	return due
}

// officeTime is how long it took from one instant to another, without pauses.
func officeTime(k *calendar.Clock, from, end time.Time) time.Duration {
	end = heldFrom(k, end)
	took := end.Sub(from)
	for _, s := range k.Spans {
		a, b := s.From, s.To
		if a.Before(from) {
			a = from
		}
		if b.After(end) {
			b = end
		}
		took -= max(b.Sub(a), 0)
	}
	return max(took, 0)
}

// hourAfter numbers the first full hour that is not before an instant.
func hourAfter(t time.Time) int64 {
	h := t.Unix() / 3600
	if time.Unix(h*3600, 0).Before(t) {
		h++
	}
	return h
}

func seconds(d time.Duration) int64 { return max(int64(d/time.Second), 0) }

// fields counts, in the application, electronic papers, values that a register
// gave, and values.
func (c *Case) fields() (papers, prefilled, all int64) {
	one := func(given bool) {
		all++
		if given {
			prefilled++
		}
	}
	var walk func(pointer string, v any, given bool)
	walk = func(pointer string, v any, given bool) {
		if _, ok := c.Sources[pointer]; ok {
			given = true
		}
		switch v := v.(type) {
		case map[string]any:
			if Str(v, "document") != "" {
				papers++
				return
			}
			for k, x := range v {
				walk(pointer+"/"+pointerToken.Replace(k), x, given)
			}
		case []any:
			for i, x := range v {
				walk(pointer+"/"+strconv.Itoa(i), x, given)
			}
		case nil:
		case string:
			if v != "" {
				one(given)
			}
		default:
			one(given)
		}
	}
	walk("", map[string]any(c.App), false)
	return papers, prefilled, all
}

var pointerToken = strings.NewReplacer("~", "~0", "/", "~1")

// answeredWithPaper tells whether a completion of the part brought a paper.
func (c *Case) answeredWithPaper(step string) bool {
	return slices.ContainsFunc(c.Items, func(it Item) bool { return it.Step == step && Str(it.Answer, "document") != "" })
}
