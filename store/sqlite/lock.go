package sqlite

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// ErrInUse says that another process has the file.
var ErrInUse = errors.New("the file is in use")

// lock is the right to be the one process that writes a database. It ends with
// the process, however that ends.
type lock struct{ f *os.File }

// lockFile takes the right to write a database, beside it in FILE.lock: closing
// the database file itself would drop the locks that SQLite has on it. The lock
// file stays, so that two processes never lock two files of one name.
func lockFile(path string) (*lock, error) {
	f, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	err = flock(f)
	for range 5 { // somebody may only be looking whether it is free
		if !errors.Is(err, ErrInUse) {
			break
		}
		<-time.After(50 * time.Millisecond)
		err = flock(f)
	}
	if err != nil {
		who, _ := io.ReadAll(io.LimitReader(f, 200))
		if errors.Is(err, ErrInUse) {
			err = fmt.Errorf("sqlite: %s: %w by %s", path, ErrInUse, strings.TrimSpace(string(who)))
		} else {
			err = fmt.Errorf("sqlite: %s.lock: %w", path, err)
		}
		return nil, errors.Join(err, f.Close())
	}
	text := fmt.Sprintf("process %d since %s\n", os.Getpid(), time.Now().UTC().Format(time.RFC3339))
	if err = f.Truncate(0); err == nil {
		_, err = f.WriteAt([]byte(text), 0)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("sqlite: %w", err), f.Close())
	}
	return &lock{f}, nil
}

// release gives the right up.
func (l *lock) release() error {
	if l == nil {
		return nil
	}
	return l.f.Close()
}

// inUse tells whether another process serves a database.
func inUse(name string) bool {
	f, err := os.OpenFile(name+".lock", os.O_RDWR, 0)
	if err != nil {
		return false // nobody ever did
	}
	err = flock(f)
	return errors.Is(errors.Join(err, f.Close()), ErrInUse)
}

// here counts the databases that this process has open, by their real path: their
// files are not opened past SQLite, since closing them again would drop its locks
// (POSIX drops a process's locks on a file with the first close).
var here = struct {
	sync.Mutex
	open map[string]int
}{open: map[string]int{}}

// followed is the file that a symbolic link leads to, though it may not be there yet: what
// lies beside a database (its lock, its write-ahead log) lies beside that.
func followed(name string) string {
	for range 40 { // as many as systems follow
		to, err := os.Readlink(name)
		if err != nil {
			break
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(name), to)
		}
		name = to
	}
	return name
}

func realPath(name string) string {
	abs, err := filepath.Abs(name)
	if err != nil {
		return name
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		return real
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(abs)); err == nil {
		return filepath.Join(dir, filepath.Base(abs))
	}
	return abs
}

// opened notes that this process has a database open, until closed.
func opened(name string) (closed func()) {
	name = realPath(name)
	here.Lock()
	defer here.Unlock()
	here.open[name]++
	return sync.OnceFunc(func() {
		here.Lock()
		defer here.Unlock()
		if here.open[name]--; here.open[name] == 0 {
			delete(here.open, name)
		}
	})
}

func openHere(name string) bool {
	here.Lock()
	defer here.Unlock()
	return here.open[realPath(name)] > 0
}
