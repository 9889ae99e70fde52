package api

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"lienthong/engine"
)

// WriterStats is how a store's writer works, since it was opened.
type WriterStats struct {
	Commits, Calls, Entries, Bytes int64
	Queue                          int     // calls that wait now
	Seconds                        float64 // that all transactions took
	// Buckets counts the transactions that took at most so many seconds.
	Buckets map[float64]uint64
}

// standing reads what stands now: at every scrape, never in between.
type standing struct {
	ctx context.Context
	s   *Server
}

func gauge(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("lienthong_"+name, help, labels, nil)
}

var (
	storeUp      = gauge("store_up", "Whether the store answered this scrape; without it figures below are missing.")
	waitingDesc  = gauge("exchange_waiting", "Requests to a registry that are not done, by status: pending, accepted, incident.", "registry", "status")
	overdueDesc  = gauge("exchange_overdue", "Requests whose answer was expected before now.", "registry")
	damagedDesc  = gauge("exchange_damaged", "Requests that cannot be read or written where they are stored, as this process has met them; must be 0.", "registry")
	oldestDesc   = gauge("exchange_oldest_waiting_seconds", "Age of the oldest request that is not done, by the business clock.", "registry")
	breakerDesc  = gauge("exchange_breaker_open", "1 while nothing is sent to the registry because it did not answer.", "registry")
	failuresDesc = gauge("exchange_failures_in_a_row", "Exchanges that failed since the last one that did not.", "registry")
	busyDesc     = gauge("exchange_busy", "Exchanges under way.", "registry")
	unsentDesc   = gauge("exchange_behind_seconds", "How long ago the oldest request could have been sent, or asked after, that nobody has taken up; 0 when none.")
	countDesc    = gauge("indicators_behind_entries", "Entries of history that the sums of indicators do not know yet; a read of them counts these first.")
	timersDesc   = gauge("timers_behind_seconds", "How long ago the oldest timer fell due that has not fired, by the business clock; 0 when none.")
	stuckDesc    = gauge("stuck_parts", "Unfinished parts of cases that wait for nothing, as the last search found; must be 0.")
	streamsDesc  = gauge("event_streams", "Event streams that are open.")
	queueDesc    = gauge("store_queue_length", "Calls that wait for the store's writer.")
	commitsDesc  = gauge("store_commits_total", "Transactions that the store committed.")
	callsDesc    = gauge("store_calls_total", "Calls that those transactions held; calls ÷ commits is how many share one.")
	rowsDesc     = gauge("store_entries_total", "Entries of history that those transactions held.")
	bytesDesc    = gauge("store_written_bytes_total", "Bytes of payloads and bodies handed to the store.")
	commitDesc   = gauge("store_commit_duration_seconds", "Time that a transaction took, from its beginning until it was durable.")
)

// Describe says nothing beforehand: the registry is made for one scrape.
func (g *standing) Describe(chan<- *prometheus.Desc) {}

// Collect reads the store and the runtime.
func (g *standing) Collect(out chan<- prometheus.Metric) {
	set := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	c := &g.s.cfg
	up := 1.0
	if err := g.owed(set); err != nil {
		up = 0
		c.Logger.Error("metrics", "error", err)
	}
	set(storeUp, up)
	wall := c.Wall()
	for _, l := range c.Runtime.Lines() {
		open := 0.0
		if l.Until.After(wall) {
			open = 1
		}
		set(breakerDesc, open, l.Registry)
		set(failuresDesc, float64(l.Failed), l.Registry)
		set(busyDesc, float64(l.Busy), l.Registry)
	}
	if n, known := c.Runtime.Stuck(); known {
		set(stuckDesc, float64(n))
	}
	set(streamsDesc, float64(len(g.s.streams)))
	if c.Writer != nil {
		g.writer(out, c.Writer())
	}
}

// owed reads what registries are owed and how far timers are behind.
func (g *standing) owed(set func(*prometheus.Desc, float64, ...string)) error {
	c := &g.s.cfg
	now := c.Runtime.Now()
	lines, err := c.Store.Lines(g.ctx, now)
	if err != nil {
		return err
	}
	due, ok, err := c.Store.NextDue(g.ctx)
	if err != nil {
		return err
	}
	behind := time.Duration(0)
	if ok {
		behind = max(now.Sub(due), 0)
	}
	set(timersDesc, behind.Seconds())
	lag, err := c.Store.Lag(g.ctx, c.Wall())
	if err != nil {
		return err
	}
	set(unsentDesc, unsentFor(lag, c.Wall()).Seconds())
	set(countDesc, float64(lag.Uncounted))
	seen := map[string]bool{}
	for _, l := range lines {
		seen[l.Registry] = true
		set(waitingDesc, float64(l.Pending), l.Registry, "pending")
		set(waitingDesc, float64(l.Accepted), l.Registry, "accepted")
		set(waitingDesc, float64(l.Incidents), l.Registry, "incident")
		set(overdueDesc, float64(l.Overdue), l.Registry)
		set(damagedDesc, float64(l.Damaged), l.Registry)
		set(oldestDesc, max(now.Sub(l.Oldest), 0).Seconds(), l.Registry)
	}
	for id := range c.Registries { // a series that disappears cannot alert
		if seen[id] {
			continue
		}
		for _, status := range []string{"pending", "accepted", "incident"} {
			set(waitingDesc, 0, id, status)
		}
		set(overdueDesc, 0, id)
		set(damagedDesc, 0, id)
		set(oldestDesc, 0, id)
	}
	return nil
}

// unsentFor is how long the oldest delivery that may be taken up has waited for that.
func unsentFor(l engine.Lag, wall time.Time) time.Duration {
	if l.Unsent.IsZero() {
		return 0
	}
	return max(wall.Sub(l.Unsent), 0)
}

func (g *standing) writer(out chan<- prometheus.Metric, w WriterStats) {
	for d, v := range map[*prometheus.Desc]int64{commitsDesc: w.Commits, callsDesc: w.Calls, rowsDesc: w.Entries, bytesDesc: w.Bytes} {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v))
	}
	out <- prometheus.MustNewConstMetric(queueDesc, prometheus.GaugeValue, float64(w.Queue))
	out <- prometheus.MustNewConstHistogram(commitDesc, uint64(w.Commits), w.Seconds, w.Buckets)
}
