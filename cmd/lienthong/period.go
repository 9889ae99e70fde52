package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// period is a flag's length of time: 30d, or what Go writes (12h); 0 is for ever.
type period struct{ d time.Duration }

// UnmarshalText reads a period.
func (p *period) UnmarshalText(b []byte) error {
	text := string(b)
	var err error
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n int
		n, err = strconv.Atoi(days)
		if p.d = time.Duration(n) * 24 * time.Hour; n > 100*366 {
			err = strconv.ErrRange
		}
	} else {
		p.d, err = time.ParseDuration(text)
	}
	if err != nil || p.d < 0 {
		return fmt.Errorf("%q is no length of time: want 30d, 12h or 0", text)
	}
	return nil
}
