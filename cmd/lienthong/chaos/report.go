package chaos

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// Report is what a run came to.
type Report struct {
	Seed  uint64        `json:"seed"`
	Began time.Time     `json:"began"`
	Took  time.Duration `json:"took_ns"`
	Rows  []Row         `json:"faults"`
	Dir   string        `json:"dir,omitempty"` // where the files were left
	// Broke says why the run did not come to its end: an error of the harness. Such
	// a report is never good, whatever its rows say.
	Broke string `json:"broke,omitempty"`
}

// Row is one kind of fault.
type Row struct {
	Fault        string   `json:"fault"`
	Kind         string   `json:"kind"`
	Injected     int      `json:"injected"`
	Cases        int      `json:"cases"`
	Acknowledged int      `json:"acknowledged"` // commands
	Losses       int      `json:"losses"`
	Doubles      int      `json:"doubles"`
	Unended      int      `json:"unended"`
	Wrong        int      `json:"wrong"`             // promises broken that are none of these
	Slow         int      `json:"slow"`              // bounds that hang on the machine and were exceeded; told, no more
	Skipped      string   `json:"skipped,omitempty"` // why it was not run
	Notes        []string `json:"notes,omitempty"`
	Found        []string `json:"found,omitempty"` // all that was counted in the five columns
}

// good tells whether nothing was lost, doubled, left or wrong.
func (r Row) good() bool { return r.Losses == 0 && r.Doubles == 0 && r.Unended == 0 && r.Wrong == 0 }

func good(rows []Row) bool {
	for _, r := range rows {
		if !r.good() {
			return false
		}
	}
	return true
}

// Good tells whether the run came to its end, losses and doubles are 0, every case
// ended and nothing else was wrong.
func (r *Report) Good() bool { return r.Broke == "" && good(r.Rows) }

// Skipped is how many faults that were asked for could not be made here.
func (r *Report) Skipped() (n int) {
	for _, row := range r.Rows {
		if row.Skipped != "" {
			n++
		}
	}
	return n
}

// add takes an audit's findings into a row.
func (r *Row) add(f Findings) {
	r.Cases += f.Cases
	r.Acknowledged += f.Acknowledged
	r.Losses += len(f.Losses)
	r.Doubles += len(f.Doubles)
	r.Unended += len(f.Unended)
	r.Wrong += len(f.Wrong)
	for _, x := range []struct {
		what string
		list []string
	}{{"loss", f.Losses}, {"double", f.Doubles}, {"unended", f.Unended}, {"wrong", f.Wrong}} {
		for _, one := range x.list {
			r.found(x.what, "%s", one)
		}
	}
	if f.Requests > 0 {
		r.note("%d requests at the registries", f.Requests)
	}
}

// wrong counts a broken promise that is no loss, double or open case.
func (r *Row) wrong(format string, args ...any) {
	r.Wrong++
	r.found("wrong", format, args...)
}

// slow counts a bound that was exceeded and that hangs on what else the machine does.
func (r *Row) slow(format string, args ...any) {
	r.Slow++
	r.found("slow", format, args...)
}

func (r *Row) found(what, format string, args ...any) {
	r.Found = append(r.Found, what+": "+fmt.Sprintf(format, args...))
}

func (r *Row) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// most is how many findings of one row are printed.
const most = 20

// Print writes the table and what was found; of says a piece of it in the language of
// whoever reads it. Faults keep the names by which they are asked for; what was found is
// for whoever mends it, and stays as it is.
func (r *Report) Print(w io.Writer, of func(string) string) {
	t := tabwriter.NewWriter(w, 2, 0, 2, ' ', 0)
	var head []string
	for _, name := range []string{"fault", "kind", "injected", "cases", "acknowledged", "losses", "doubles", "unended", "wrong", "slow", "notes"} {
		head = append(head, of(name))
	}
	fmt.Fprintln(t, strings.Join(head, "\t"))
	var sum Row
	for _, row := range r.Rows {
		var all []string
		for _, n := range row.Notes {
			all = append(all, of(n))
		}
		notes := strings.Join(all, "; ")
		if row.Skipped != "" {
			notes = of("skipped: " + row.Skipped)
		}
		if row.Cases == 0 && row.good() && row.Slow == 0 { // its cases are counted in another row
			fmt.Fprintf(t, "%s\t%s\t%d\t\t\t\t\t\t\t\t%s\n", row.Fault, of(row.Kind), row.Injected, notes)
		} else {
			fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%s\n", row.Fault, of(row.Kind), row.Injected, row.Cases, row.Acknowledged,
				row.Losses, row.Doubles, row.Unended, row.Wrong, row.Slow, notes)
		}
		sum.Injected += row.Injected
		sum.Cases += row.Cases
		sum.Acknowledged += row.Acknowledged
		sum.Losses += row.Losses
		sum.Doubles += row.Doubles
		sum.Unended += row.Unended
		sum.Wrong += row.Wrong
		sum.Slow += row.Slow
	}
	fmt.Fprintf(t, "%s\t\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t\n", of("all"), sum.Injected, sum.Cases, sum.Acknowledged, sum.Losses, sum.Doubles, sum.Unended,
		sum.Wrong, sum.Slow)
	_ = t.Flush() // the writer below tells
	for _, row := range r.Rows {
		for i, f := range row.Found {
			if i == most {
				fmt.Fprintf(w, "%s, %s: … %s\n", row.Fault, of(row.Kind), of(fmt.Sprintf("and %d more", len(row.Found)-most)))
				break
			}
			fmt.Fprintf(w, "%s, %s: %s\n", row.Fault, of(row.Kind), f)
		}
	}
	verdict := "good: nothing lost, nothing doubled, nothing wrong, every case ended"
	switch {
	case r.Broke != "":
		verdict = "NOT FINISHED: " + r.Broke
	case !r.Good():
		verdict = "NOT GOOD"
	case r.Skipped() > 0:
		verdict = "NOT WHOLE: what ran was good, but not every fault could be made here; --only leaves them out"
	}
	verdict = of(verdict)
	if sum.Slow > 0 {
		verdict += "; " + of(fmt.Sprintf("bounds of time exceeded on this machine: %d", sum.Slow))
	}
	if n := r.Skipped(); n > 0 {
		verdict += "; " + of(fmt.Sprintf("skipped, so nothing is said of it: %d", n))
	}
	fmt.Fprintf(w, "%s: %s\n", of(fmt.Sprintf("seed %d, %s", r.Seed, r.Took.Round(time.Second))), verdict)
	if r.Dir != "" {
		fmt.Fprintln(w, of("files: "+r.Dir))
	}
}
