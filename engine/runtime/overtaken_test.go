package runtime_test

import (
	"slices"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/engine/runtime"
)

func TestOvertakenRequestIsTakenBack(t *testing.T) {
	for name, c := range map[string]struct {
		say    []runtime.Answer
		calls  []string
		status string
	}{
		"taken":    {[]runtime.Answer{taken}, []string{"send", "cancel"}, engine.DeliverySkipped},
		"not sent": {[]runtime.Answer{transient}, []string{"send", "cancel"}, engine.DeliverySkipped},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			code, key := w.recording("An")
			w.reg.say("civil", c.say[0])
			w.step()
			w.withdraw(code)
			w.state(code, "birth", "withdrawn")
			w.wall.Advance(time.Second)
			w.settle()
			w.status(key, c.status)
			if got := w.reg.calls("civil"); !slices.Equal(got, c.calls) {
				t.Fatalf("calls %v, want %v", got, c.calls)
			}
			if w.reg.performed[key] != 0 {
				t.Fatal("performed though withdrawn")
			}
			w.sound()
		})
	}
}

func TestOvertakenTooLate(t *testing.T) {
	w := newWorld(t)
	code, key := w.recording("An")
	w.reg.say("civil", taken)
	w.step()
	w.reg.mu.Lock()
	w.reg.known[key] = done // performed meanwhile; the callback is lost
	w.reg.mu.Unlock()
	w.withdraw(code)
	was := w.actions(code)
	w.settle()
	d := w.status(key, engine.DeliveryDone)
	if d.Reply == nil || d.Reply.Outcome != engine.ReplyDone || !slices.Equal(w.actions(code), was) {
		t.Fatalf("delivery %+v", d)
	}
	if got := w.reg.calls("civil"); !slices.Equal(got, []string{"send", "cancel", "ask"}) {
		t.Fatalf("calls %v", got)
	}
}
