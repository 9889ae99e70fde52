package storetest

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lienthong/engine"
)

// birthHistory is one linked birth with all its parts, as the shipped definitions
// decide it: 18 entries, one a line. The people in it are made up.
//
//go:embed birth.jsonl
var birthHistory []byte

// Birth is one linked birth, told again under other codes and personal numbers:
// its changes in order, as a runtime would append them. Effects are born leased
// by node; a registry's answer settles its delivery with the entry that takes it.
// What Tell returns is what remains to be settled after each change: messages.
type Birth struct {
	Code    string
	Changes []engine.Change
	Told    [][]engine.Delivery // by change
}

// NewBirth tells the i-th birth.
func NewBirth(tb testing.TB, i int, node string, lease time.Time) *Birth {
	tb.Helper()
	const prefix, first, person = "H26.1-260907-", 1, "001093000103"
	text := birthHistory
	base := fmt.Sprintf("H%02d.%d-2609%02d-", i%34+1, i/34%90+1, i/3060%28+1)
	for n := range 5 {
		from := fmt.Sprintf("%s%04d", prefix, first+n)
		text = bytes.ReplaceAll(text, []byte(from), []byte(fmt.Sprintf("%s%04d", base, i/85680*5+1+n)))
	}
	text = bytes.ReplaceAll(text, []byte(person), []byte(fmt.Sprintf("0010%08d", i)))
	text = bytes.ReplaceAll(text, []byte("_00004"), []byte(fmt.Sprintf("_%05d", i%100)))
	text = bytes.ReplaceAll(text, []byte(`An Nhiên`), []byte(fmt.Sprintf("%s Số %d", []string{"An Nhiên", "Bảo Ngọc", "Gia Hân", "Minh Khôi"}[i%4], i)))
	// Nothing outside may be unique to a case.
	text = bytes.ReplaceAll(text, []byte("01001.GCS.00101.26"), []byte(fmt.Sprintf("01001.GCS.%05d.26", i)))

	b := &Birth{}
	var c *engine.Case
	owed := map[string]engine.Delivery{}
	for line := range bytes.Lines(text) {
		var e engine.Entry
		if err := engine.Unmarshal(line, &e); err != nil {
			tb.Fatal(err)
		}
		uniqueResults(&e, i)
		next := engine.Fold(c, e)
		ch := engine.Change{Case: next, Entries: []engine.Entry{e}, Node: node, Lease: lease}
		if c != nil {
			ch.Base = c.Seq
		}
		if r := e.Facts.Reply; r != nil {
			if d, ok := owed[r.Request]; ok {
				d.Status, d.Reply, d.SentAt, d.DoneAt = engine.DeliveryDone, r, lease, lease
				ch.Settled = append(ch.Settled, d)
			}
		}
		if e.Command.Actor.Kind == engine.Staff || e.Command.Actor.Kind == engine.Citizen {
			ch.Answer = &engine.Answer{Actor: string(e.Command.Actor.Kind) + ":" + e.Command.Actor.ID, Key: fmt.Sprintf("%032d/%d", i, e.Seq),
				Digest: strings.Repeat("5", 64), Case: next.Code, Status: 200, Body: []byte(`{"cases":["` + next.Code + `"],"seq":1,"status":"open"}`), At: e.At}
		}
		var told []engine.Delivery
		for _, d := range e.Effects() {
			d.Fence = 1
			owed[d.Key] = d
			if d.Registry == engine.NotificationRegistry {
				d.Status, d.SentAt, d.DoneAt = engine.DeliveryDone, lease, lease
				d.Reply = &engine.Reply{Request: d.Key, Outcome: engine.ReplyDone}
				told = append(told, d)
			}
		}
		b.Code, b.Changes, b.Told, c = next.Code, append(b.Changes, ch), append(b.Told, told), next
	}
	return b
}

// uniqueResults gives the results ids of their own.
func uniqueResults(e *engine.Entry, i int) {
	for k, v := range e.Events {
		if r, ok := v.(engine.ResultIssued); ok {
			r.Result.ID = fmt.Sprintf("%s-%d", r.Result.ID, i)
			e.Events[k] = r
		}
	}
}

// BenchBirth measures whole births: drivers take them one after the other, each
// loading the case, appending the change, and settling the messages that it owes.
// Births are made ready outside the clock.
func BenchBirth(b *testing.B, x Target, drivers int) {
	s := x.open(b, Hooks{})
	const block = 256
	lease := wall.Add(time.Hour)
	var spent, cpu time.Duration
	var appends, calls atomic.Int64
	for done := 0; done < b.N; {
		b.StopTimer()
		n := min(block, b.N-done)
		births := make(chan *Birth, n)
		for i := range n {
			births <- NewBirth(b, done+i, "node", lease)
		}
		close(births)
		done += n
		b.StartTimer()
		began, used := time.Now(), cpuTime()
		var wg sync.WaitGroup
		for range drivers {
			wg.Go(func() {
				for birth := range births {
					if err := birth.play(s, &appends, &calls); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		spent += time.Since(began)
		cpu += cpuTime() - used
	}
	b.ReportMetric(float64(b.N)/spent.Seconds(), "births/s")
	b.ReportMetric(float64(appends.Load())/spent.Seconds(), "appends/s")
	b.ReportMetric(float64(cpu.Microseconds())/float64(b.N), "cpu-µs/birth")
	b.ReportMetric(0, "ns/op")
}

func (b *Birth) play(s engine.Store, appends, calls *atomic.Int64) error {
	ctx := context.Background()
	for i, c := range b.Changes {
		if c.Base > 0 {
			k, err := s.Load(ctx, b.Code)
			if err != nil {
				return err
			}
			if k.Seq != c.Base {
				return fmt.Errorf("%s is at %d, not at %d", b.Code, k.Seq, c.Base)
			}
		}
		if err := s.Append(ctx, c); err != nil {
			return fmt.Errorf("%s/%d: %w", b.Code, c.Case.Seq, err)
		}
		appends.Add(1)
		for _, d := range b.Told[i] {
			if err := s.Settle(ctx, d); err != nil {
				return err
			}
			calls.Add(1)
		}
	}
	return nil
}
