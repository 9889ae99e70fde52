package bench

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// forget asks the operating system to drop what it holds of a file.
func forget(path string) (err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := f.Sync(); err != nil { // a page that is not written yet is not dropped
		return err
	}
	return unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
}
