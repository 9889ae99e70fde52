package simulate

import (
	"embed"
	"fmt"
	"strconv"
	"strings"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

// Plan says who files what when, how offices are staffed and how fast registries
// answer. The zero plan is nobody; DefaultPlan is a place to begin.
type Plan struct {
	Name       engine.Text         `yaml:"name" json:"name"`
	Start      Day                 `yaml:"start" json:"start"`       // the first day
	Examples   map[string]Weight   `yaml:"examples" json:"examples"` // example application → how often; none = all alike
	Choices    map[string]Rate     `yaml:"choices" json:"choices"`   // property of the form's `choices` → how many keep it
	Arrivals   Arrivals            `yaml:"arrivals" json:"arrivals"`
	Citizens   Citizens            `yaml:"citizens" json:"citizens"`
	Clerks     Clerks              `yaml:"clerks" json:"clerks"`
	Registries map[string]Register `yaml:"registries" json:"registries"` // by id; `default` for the others
}

// Arrivals are weights: twice the number is twice the filings.
type Arrivals struct {
	Weekdays map[string]Weight `yaml:"weekdays" json:"weekdays"` // mon … sun
	Hours    map[string]Weight `yaml:"hours" json:"hours"`       // 0 … 23
}

// Citizens is how people behave.
type Citizens struct {
	Mistake    Rate  `yaml:"mistake" json:"mistake"`       // file first with something missing
	Twice      Rate  `yaml:"twice" json:"twice"`           // file the same again the next day
	Withdraw   Rate  `yaml:"withdraw" json:"withdraw"`     // withdraw, some days after filing
	Silent     Rate  `yaml:"silent" json:"silent"`         // never do what they are asked to, each time anew
	Dispute    Rate  `yaml:"dispute" json:"dispute"`       // take the way back when they are asked to confirm
	Decline    Rate  `yaml:"decline" json:"decline"`       // decline to agree
	Partial    Rate  `yaml:"partial" json:"partial"`       // answer one item of a supplement first
	Refile     Rate  `yaml:"refile" json:"refile"`         // file a failed part again
	Confirm    Delay `yaml:"confirm" json:"confirm"`       // until they act on a dossier
	Supplement Delay `yaml:"supplement" json:"supplement"` // until they complete the file
	Agree      Delay `yaml:"agree" json:"agree"`           // until another person agrees
	Pay        Delay `yaml:"pay" json:"pay"`
	Collect    Delay `yaml:"collect" json:"collect"` // until they come for a paper result
	Change     Delay `yaml:"change" json:"change"`   // of mind: from filing to withdrawing
}

// Clerks is who works where and how they decide.
type Clerks struct {
	Hours      []Hours                    `yaml:"hours" json:"hours"`     // of a working day
	Order      string                     `yaml:"order" json:"order"`     // due: the most urgent first; fifo
	Roles      map[string]Desk            `yaml:"roles" json:"roles"`     // of every office
	Offices    map[string]map[string]Desk `yaml:"offices" json:"offices"` // of one office; what is 0 is as above
	Leave      []Leave                    `yaml:"leave" json:"leave"`
	Supplement Rate                       `yaml:"supplement" json:"supplement"` // ask for completion, where that can be asked
	Refuse     Rate                       `yaml:"refuse" json:"refuse"`
	Return     Rate                       `yaml:"return" json:"return"`     // return an earlier agency's result
	Other      Rate                       `yaml:"other" json:"other"`       // anything else that the state offers
	Correct    Rate                       `yaml:"correct" json:"correct"`   // find a fault in a result that was issued
	Operator   Delay                      `yaml:"operator" json:"operator"` // until an operator looks at an incident
}

// Desk is the people of one role at one office.
type Desk struct {
	People int   `yaml:"people" json:"people"`
	Act    Delay `yaml:"act" json:"act"` // office time for one act
}

// Leave is people of an office who are away, first and last day included.
type Leave struct {
	Office string `yaml:"office" json:"office"` // an office, an agency, or * for all
	Role   string `yaml:"role" json:"role"`
	People int    `yaml:"people" json:"people"`
	From   Day    `yaml:"from" json:"from"`
	To     Day    `yaml:"to" json:"to"`
}

// Register is how one registry answers.
type Register struct {
	Answer Delay `yaml:"answer" json:"answer"`
	Refuse Rate  `yaml:"refuse" json:"refuse"`
}

// Faults is what goes wrong beside people. Rates are per occasion.
type Faults struct {
	Name         string   `yaml:"name" json:"name"`
	Nodes        int      `yaml:"nodes" json:"nodes"` // servers on the one store; 0 = 1
	Skew         Span     `yaml:"skew" json:"skew"`   // their clocks differ from the true time by at most this
	Error        Rate     `yaml:"error" json:"error"` // a registry answers 503
	LostRequest  Rate     `yaml:"lost_request" json:"lost_request"`
	LostReply    Rate     `yaml:"lost_reply" json:"lost_reply"`       // performed, and the answer is lost
	LostCallback Rate     `yaml:"lost_callback" json:"lost_callback"` // a later answer never comes by itself
	LateCallback Rate     `yaml:"late_callback" json:"late_callback"`
	Duplicate    Rate     `yaml:"duplicate" json:"duplicate"`       // a callback comes again
	Contradict   Rate     `yaml:"contradict" json:"contradict"`     // … and says the opposite
	Late         Delay    `yaml:"late" json:"late"`                 // of late and of doubled callbacks
	Repeat       Rate     `yaml:"repeat" json:"repeat"`             // a client sends an answered command again
	Busy         Rate     `yaml:"busy" json:"busy"`                 // the store is not available for one write
	CrashBefore  Rate     `yaml:"crash_before" json:"crash_before"` // a node dies before a write is done …
	CrashAfter   Rate     `yaml:"crash_after" json:"crash_after"`   // … and after it
	Outages      []Outage `yaml:"outages" json:"outages"`
}

// Outage is a time in which a registry answers nothing but 503.
type Outage struct {
	Registry string `yaml:"registry" json:"registry"` // or * for all
	After    Span   `yaml:"after" json:"after"`       // since the start of the run
	For      Span   `yaml:"for" json:"for"`
}

// Rate is from 0 to 1, written 0.05 or 5%.
type Rate float64

// Weight is 0 or more.
type Weight float64

// Day is a calendar day.
type Day = calendar.Date

// Span is a length of time, written "20 minutes", "2 days" or "1h30m".
type Span time.Duration

// MarshalText writes it as Go does.
func (s Span) MarshalText() ([]byte, error) { return []byte(time.Duration(s).String()), nil }

// UnmarshalText reads what MarshalText and people write.
func (s *Span) UnmarshalText(b []byte) (err error) {
	*s, err = parseSpan(string(b))
	return err
}

// Delay is a distribution: half take at most the median, nine in ten at most p90
// (0 = all take the median).
type Delay struct {
	Median Span `yaml:"median" json:"median"`
	P90    Span `yaml:"p90" json:"p90"`
}

// Hours is a part of the working day, written "07:30-11:30".
type Hours struct{ From, To time.Duration }

// MarshalText writes it as it is read.
func (h Hours) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "%02d:%02d-%02d:%02d", int(h.From.Hours()), int(h.From.Minutes())%60, int(h.To.Hours()), int(h.To.Minutes())%60), nil
}

// UnmarshalText reads it.
func (h *Hours) UnmarshalText(b []byte) (err error) {
	*h, err = parseHours(string(b))
	return err
}

// wrongValue says what a value is not, in both languages; %q in it is the value.
type wrongValue engine.Text

func (w wrongValue) Error() string { return w.EN }

func wrong(vi, en, value string) error {
	in := strings.NewReplacer("%q", strconv.Quote(value))
	return wrongValue{VI: in.Replace(vi), EN: in.Replace(en)}
}

func parseRate(s string) (Rate, error) {
	text, percent := strings.CutSuffix(strings.TrimSpace(s), "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if percent {
		v /= 100
	}
	if err != nil || !(v >= 0 && v <= 1) {
		return 0, wrong("%q không phải tỷ lệ từ 0% đến 100%", "%q is not a rate from 0% to 100%", s)
	}
	return Rate(v), nil
}

var spanUnits = map[string]time.Duration{"second": time.Second, "minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour, "week": 7 * 24 * time.Hour}

func parseSpan(s string) (Span, error) {
	s = strings.TrimSpace(s)
	var d time.Duration
	if n, unit, ok := strings.Cut(s, " "); ok {
		v, err := strconv.ParseFloat(n, 64)
		u := spanUnits[strings.TrimSuffix(strings.TrimSpace(unit), "s")]
		if err != nil || u == 0 || !(v >= 0 && v*float64(u) <= float64(longest)) {
			return 0, wrong(`%q không phải khoảng thời gian như "20 minutes" hoặc "2 days"`, `%q is not a length of time such as "20 minutes" or "2 days"`, s)
		}
		return Span(v * float64(u)), nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 || d > longest {
		return 0, wrong(`%q không phải khoảng thời gian như "20 minutes" hoặc "2 days"`, `%q is not a length of time such as "20 minutes" or "2 days"`, s)
	}
	return Span(d), nil
}

func parseHours(s string) (Hours, error) {
	from, to, ok := strings.Cut(s, "-")
	a, err1 := time.Parse("15:04", strings.TrimSpace(from))
	b, err2 := time.Parse("15:04", strings.TrimSpace(to))
	if !ok || err1 != nil || err2 != nil || !b.After(a) {
		return Hours{}, wrong(`%q không phải một phần của ngày như "07:30-11:30"`, `%q is not a part of a day such as "07:30-11:30"`, s)
	}
	since := func(t time.Time) time.Duration {
		return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
	}
	return Hours{since(a), since(b)}, nil
}

//go:embed plans/*.yaml
var plans embed.FS

// FaultNames are the fault plans that are built in.
var FaultNames = []string{"none", "light", "heavy"}

// DefaultPlan is the plan that every other one changes.
func DefaultPlan() Plan {
	var p Plan
	if err := readInto(&p, builtIn("default"), nil); err != nil {
		panic(err) // built in, and a test reads it
	}
	return p
}

// NamedFaults returns a fault plan that is built in.
func NamedFaults(name string) (Faults, bool) {
	b, err := plans.ReadFile("plans/faults-" + name + ".yaml")
	if err != nil {
		return Faults{}, false
	}
	var f Faults
	if err := readInto(&f, sourceFile{name, b}, nil); err != nil {
		panic(err) // built in, and a test reads it
	}
	return f, true
}

func builtIn(name string) sourceFile {
	b, err := plans.ReadFile("plans/" + name + ".yaml")
	if err != nil {
		panic(err) // embedded
	}
	return sourceFile{name, b}
}
