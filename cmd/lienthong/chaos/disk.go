package chaos

import (
	_ "embed"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// diskSource stands between a process and its files; see the comment at its head.
//
//go:embed preload/disk.c
var diskSource []byte

// disk is the library that stands between a server and its files, built for one
// site.
type disk struct {
	library, log, control string
}

// newDisk compiles the library. The string is a reason to skip what needs it; an
// error is a defect of the harness.
func newDisk(s *site) (*disk, string, error) {
	if runtime.GOOS != "linux" {
		return nil, "the library that stands before the disk is made for Linux", nil
	}
	cc, err := exec.LookPath("cc")
	if err != nil {
		return nil, "there is no C compiler (cc)", nil
	}
	d := &disk{library: filepath.Join(s.dir, "disk.so"), log: filepath.Join(s.dir, "disk.log"), control: filepath.Join(s.dir, "disk.control")}
	source := filepath.Join(s.dir, "disk.c")
	if err := os.WriteFile(source, diskSource, 0o600); err != nil {
		return nil, "", err
	}
	out, err := exec.Command(cc, "-shared", "-fPIC", "-O2", "-o", d.library, source, "-ldl", "-lpthread").CombinedOutput()
	if err != nil {
		return nil, fmt.Sprintf("cc does not build the library that stands before the disk: %v: %.300s", err, out), nil
	}
	folder, err := filepath.EvalSymlinks(filepath.Dir(s.db))
	if err != nil {
		return nil, "", err
	}
	if err := os.WriteFile(d.control, make([]byte, controlSize), 0o600); err != nil {
		return nil, "", err
	}
	s.db = filepath.Join(folder, filepath.Base(s.db))
	s.serverEnv = append(s.serverEnv, "LD_PRELOAD="+d.library, "CHAOS_DISK_DIR="+folder, "CHAOS_DISK_LOG="+d.log, "CHAOS_DISK_CONTROL="+d.control)
	return d, "", nil
}

// controlSize is the size of struct control.
const controlSize = 64

// Fields of struct control, by their place in the file.
const (
	full         = 0  // writes that make a file longer: no space left
	writeAt      = 4  // the Nth write from now: I/O error
	syncAt       = 8  // the Nth sync from now: I/O error
	sticky       = 12 // … and every one after it
	readonly     = 16
	failed       = 20 // counts
	writes       = 24
	syncs        = 28
	brokenWrites = 32
	brokenSyncs  = 36
	brokenReads  = 40 // reads: I/O error
)

// set writes one field. The process sees it at once: the file is in its memory.
func (d *disk) set(field int64, v uint32) error {
	f, err := os.OpenFile(d.control, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteAt(binary.LittleEndian.AppendUint32(nil, v), field)
	return err
}

// get reads one field.
func (d *disk) get(field int64) (uint32, error) {
	b, err := os.ReadFile(d.control)
	if err != nil || len(b) < controlSize {
		return 0, fmt.Errorf("control of the disk: %w", err)
	}
	return binary.LittleEndian.Uint32(b[field:]), nil
}

// heal takes every fault away.
func (d *disk) heal() error {
	for _, f := range []int64{full, writeAt, syncAt, sticky, readonly, brokenWrites, brokenSyncs, brokenReads} {
		if err := d.set(f, 0); err != nil {
			return err
		}
	}
	return nil
}
