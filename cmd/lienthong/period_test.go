package main

import (
	"testing"
	"time"
)

func TestPeriod(t *testing.T) {
	for in, want := range map[string]time.Duration{"30d": 720 * time.Hour, "0": 0, "0d": 0, "12h": 12 * time.Hour, "90m": 90 * time.Minute} {
		var p period
		if err := p.UnmarshalText([]byte(in)); err != nil || p.d != want {
			t.Errorf("%q is %v %v, want %v", in, p.d, err, want)
		}
	}
	for _, in := range []string{"", "d", "soon", "-1d", "-1h", "30", "99999999d"} {
		var p period
		if err := p.UnmarshalText([]byte(in)); err == nil {
			t.Errorf("%q is %v", in, p.d)
		}
	}
	if code, _, errs := lienthong(t, "serve", "--secret", "s", "--keep-answers", "soon"); code != 2 {
		t.Errorf("exit %d: %s", code, errs)
	}
}
