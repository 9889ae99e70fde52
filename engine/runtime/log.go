package runtime

import (
	"context"
	"errors"
	"log/slog"
	"regexp"
	"strings"

	"lienthong/engine"
)

// What a registry or a refusal says may name a person, so words never reach the
// log: it gets codes, keys, counts and technical causes. The words stand in the
// delivery, for those who may see it.

// trouble is why a delivery became an incident.
type trouble struct {
	code string         // for the log
	said engine.Trouble // for the delivery's LastError
}

// trouble says what an answer came to.
func (a Answer) trouble() trouble { return trouble{a.code(), a.why(engine.TroubleAnswer)} }

// code is the outcome and the registry's code, as far as it is one.
func (a Answer) code() string { return strings.TrimSuffix(a.Outcome+" "+codeOnly(a.Code), " ") }

var isCode = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_.-]{0,39}$`)

// codeOnly leaves out what is no word of a protocol.
func codeOnly(s string) string {
	switch {
	case s == "" || isCode.MatchString(s):
		return s
	default:
		return "unnamed"
	}
}

// cause is an error as a log attribute: of ours the code, the operation and the
// technical cause, never what is told to people.
func cause(err error) slog.Attr {
	e := (*engine.Error)(nil)
	if !errors.As(err, &e) {
		return slog.String("error", err.Error())
	}
	s := string(e.Code)
	if e.Op != "" {
		s += " in " + e.Op
	}
	if e.Err != nil {
		s += ": " + cause(e.Err).Value.String()
	}
	return slog.String("error", s)
}

// line is a delivery as log attributes.
func line(d *engine.Delivery) slog.Attr {
	return slog.Group("", "delivery", d.Key, "registry", d.Registry, "operation", d.Operation, "since", d.At, "tries", d.Tries)
}

// told logs what one exchange came to, and when the delivery is worked on next: what
// fails is what somebody may have to look into.
func (r *Runtime) told(ctx context.Context, d *engine.Delivery, a Answer) {
	if a.Outcome == Transient || a.Outcome == Unknown {
		r.log.LogAttrs(ctx, slog.LevelInfo, "exchange", line(d), slog.String("answer", a.code()), slog.Time("next", d.Next))
		return
	}
	if !r.log.Enabled(ctx, slog.LevelDebug) {
		return
	}
	r.log.LogAttrs(ctx, slog.LevelDebug, "exchange", line(d), slog.String("answer", a.code()))
}

// switched logs that the breaker of a registry opened or closed.
func (r *Runtime) switched(registry string, change change, a Answer) {
	switch change {
	case opened:
		r.log.Warn("breaker open", "registry", registry, "answer", a.code())
	case closed:
		r.log.Warn("breaker closed", "registry", registry)
	}
}

// stopped logs an incident.
func (r *Runtime) stopped(d *engine.Delivery, t trouble) {
	r.log.Warn("incident", line(d), "why", t.code)
}
