package sqlite

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/store/storetest"
)

// BenchmarkCommitsBesideBackup measures commits of eight people alone, and while the
// file of 300 MB is backed up again and again: with rests, and without. It reports
// the time of a commit and how large the write-ahead log became.
func BenchmarkCommitsBesideBackup(b *testing.B) {
	dir := b.TempDir()
	path := filepath.Join(dir, "cases.db")
	s := stocked(b, path)
	defer s.Close()
	rng := rand.NewChaCha8([32]byte{1})
	content := make([]byte, 1<<20)
	for i := range 300 {
		_, _ = rng.Read(content) // never fails
		sum := sha256.Sum256(content)
		must(b, s.PutDocument(b.Context(), engine.Document{ID: fmt.Sprint("large", i), Owner: "o", Case: "A", Name: "n", Type: "application/pdf",
			Size: int64(len(content)), Hash: hex.EncodeToString(sum[:]), At: storetest.T0}, content))
	}
	var filed atomic.Int64
	commits := func(b *testing.B) {
		var mu sync.Mutex
		var took []time.Duration
		var people sync.WaitGroup
		for range 8 {
			people.Go(func() {
				var mine []time.Duration
				for n := filed.Add(1); ; n = filed.Add(1) {
					if len(mine)*8 >= b.N {
						break
					}
					story := storetest.File(storetest.Filing{Code: fmt.Sprintf("W%08d", n), Key: fmt.Sprint("w", n)}).Change()
					began := time.Now()
					if err := s.Append(b.Context(), story); err != nil {
						b.Error(err)
						break
					}
					mine = append(mine, time.Since(began))
				}
				mu.Lock()
				took = append(took, mine...)
				mu.Unlock()
			})
		}
		people.Wait()
		slices.Sort(took)
		ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
		b.ReportMetric(ms(took[len(took)/2]), "p50-ms")
		b.ReportMetric(ms(took[len(took)*99/100]), "p99-ms")
		b.ReportMetric(ms(took[len(took)-1]), "max-ms")
		if st, err := os.Stat(path + "-wal"); err == nil {
			b.ReportMetric(float64(st.Size())/1e6, "log-MB")
		}
	}
	b.Run("alone", commits)
	for _, how := range []struct {
		name string
		BackupOptions
	}{{"beside", BackupOptions{Force: true}}, {"fast", BackupOptions{Fast: true, Force: true}}} {
		b.Run(how.name, func(b *testing.B) {
			stop, done, n, all := make(chan struct{}), make(chan error, 1), 0, time.Duration(0)
			go func() {
				for {
					select {
					case <-stop:
						done <- nil
						return
					default:
					}
					n++
					k, err := Backup(b.Context(), path, filepath.Join(dir, "kept.db"), how.BackupOptions)
					if err != nil {
						done <- err
						return
					}
					all += k.Took
				}
			}()
			commits(b)
			close(stop)
			must(b, <-done)
			b.ReportMetric(all.Seconds()/float64(n), "s/backup")
		})
	}
}
