package chaos

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// operation is one line of the log that the library before the disk writes.
type operation struct {
	op     uint32
	inode  uint64
	offset int64 // of a write; the length of a truncation; the size at an opening
	data   []byte
}

// Operations, as disk.c numbers them.
const (
	opOpen = iota + 1
	opWrite
	opTruncate
	opSync
	opSyncDir
	opUnlink
)

const (
	logMagic  = 0x504f544c
	logHeader = 32
	maxRecord = 1 << 28
)

// readLog calls a function for every whole operation; the last one may have been
// cut off with the process.
func readLog(r io.Reader, each func(operation) error) error {
	in := bufio.NewReaderSize(r, 1<<20)
	var h [logHeader]byte
	for {
		if _, err := io.ReadFull(in, h[:]); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		} else if err != nil {
			return err
		}
		n := binary.LittleEndian.Uint64(h[24:])
		if binary.LittleEndian.Uint32(h[:]) != logMagic || n > maxRecord {
			return errors.New("the log of disk operations is not readable")
		}
		o := operation{op: binary.LittleEndian.Uint32(h[4:]), inode: binary.LittleEndian.Uint64(h[8:]),
			offset: int64(binary.LittleEndian.Uint64(h[16:])), data: make([]byte, n)}
		if _, err := io.ReadFull(in, o.data); err != nil {
			return nil // cut off
		}
		if err := each(o); err != nil {
			return err
		}
	}
}

// inode is a file: what is surely on the disk, and what was done to it since.
type inode struct {
	synced  []byte
	pending []operation
}

// platter is a folder on a disk that keeps only what was synced, as far as the
// log tells.
type platter struct {
	// deaf names files whose syncs are not heard: a disk that lies, for control runs.
	deaf    func(name string) bool
	byInode map[uint64]*inode
	names   map[string]*inode // as the process sees the folder
	durable map[string]*inode // as the disk surely has it
	writes  int
}

// newPlatter holds the files of a folder as they are; everything counts as synced.
func newPlatter(dir string) (*platter, error) {
	p := &platter{byInode: map[uint64]*inode{}, names: map[string]*inode{}, durable: map[string]*inode{}}
	es, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range es {
		if !lasting(e.Name()) {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		f := &inode{synced: b}
		p.names[e.Name()], p.durable[e.Name()] = f, f
	}
	return p, nil
}

// lasting tells which files a power cut leaves: SQLite makes the shared-memory
// index anew.
func lasting(name string) bool { return !strings.HasSuffix(name, "-shm") }

// take applies one operation.
func (p *platter) take(o operation) error {
	switch o.op {
	case opOpen:
		name := filepath.Base(string(o.data))
		if p.byInode[o.inode] == nil || p.names[name] != p.byInode[o.inode] {
			if p.names[name] == nil || p.bound(p.names[name]) {
				p.names[name] = &inode{}
			}
			p.byInode[o.inode] = p.names[name]
		}
	case opUnlink:
		delete(p.names, filepath.Base(string(o.data)))
		delete(p.byInode, o.inode) // the number may be given out again
	case opSyncDir:
		p.durable = maps.Clone(p.names)
	case opWrite, opTruncate:
		f := p.byInode[o.inode]
		if f == nil {
			return fmt.Errorf("a write to inode %d, which was not opened", o.inode)
		}
		p.writes++
		f.pending = append(f.pending, o)
	case opSync:
		f := p.byInode[o.inode]
		if f == nil {
			return fmt.Errorf("a sync of inode %d, which was not opened", o.inode)
		}
		if p.deaf != nil && p.deaf(p.nameOf(f)) {
			return nil
		}
		for _, w := range f.pending {
			f.synced = apply(f.synced, w)
		}
		f.pending = nil
	default:
		return fmt.Errorf("unknown operation %d", o.op)
	}
	return nil
}

// bound tells whether a file has its inode number already.
func (p *platter) bound(f *inode) bool {
	for _, x := range p.byInode {
		if x == f {
			return true
		}
	}
	return false
}

func (p *platter) nameOf(f *inode) string {
	for name, x := range p.names {
		if x == f {
			return name
		}
	}
	return ""
}

// apply does one operation whole.
func apply(b []byte, o operation) []byte {
	if o.op == opTruncate {
		return resize(b, o.offset)
	}
	b = resize(b, max(int64(len(b)), o.offset+int64(len(o.data))))
	copy(b[o.offset:], o.data)
	return b
}

func resize(b []byte, n int64) []byte {
	if n <= int64(len(b)) {
		return b[:n]
	}
	return append(b, make([]byte, n-int64(len(b)))...)
}

// sector is what a disk writes whole or not at all.
const sector = 512

// image is what is found when the power comes back: what was synced, and of what
// came after it whatever the disk got to, in whatever order.
func (p *platter) image(r *rand.Rand) map[string][]byte {
	out := map[string][]byte{}
	names := slices.Sorted(maps.Keys(p.names))
	for name := range p.durable {
		if p.names[name] == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		f := p.names[name]
		if was := p.durable[name]; was != f && (f == nil || r.IntN(2) == 0) {
			if f == nil && r.IntN(2) == 0 {
				continue // the removal got to the disk
			}
			f = was // the folder is as it was when it was synced
		}
		if f != nil {
			out[name] = f.torn(r)
		}
	}
	return out
}

// torn is the file's content after a power cut.
func (f *inode) torn(r *rand.Rand) []byte {
	b := slices.Clone(f.synced)
	pending := slices.Clone(f.pending)
	switch r.IntN(6) {
	case 0: // nothing more got there
		return b
	case 1: // everything did
		for _, o := range pending {
			b = apply(b, o)
		}
		return b
	case 2, 3: // in any order
		r.Shuffle(len(pending), func(i, j int) { pending[i], pending[j] = pending[j], pending[i] })
	}
	for _, o := range pending {
		switch r.IntN(4) {
		case 0: // lost; the file may have grown all the same
			if o.op == opWrite && r.IntN(2) == 0 {
				b = grown(b, o, r)
			}
		case 1:
			b = apply(b, o)
		default:
			b = tear(b, o, r)
		}
	}
	return b
}

// grown makes room for a write that was lost: zeros, or whatever was there.
func grown(b []byte, o operation, r *rand.Rand) []byte {
	n := int64(len(b))
	b = resize(b, max(n, o.offset+int64(len(o.data))))
	if r.IntN(2) == 0 {
		for i := n; i < int64(len(b)); i++ {
			b[i] = byte(r.Uint32())
		}
	}
	return b
}

// tear writes some sectors of a write.
func tear(b []byte, o operation, r *rand.Rand) []byte {
	if o.op != opWrite {
		if r.IntN(2) == 0 {
			return apply(b, o)
		}
		return b
	}
	for from := int64(0); from < int64(len(o.data)); {
		to := min(int64(len(o.data)), (o.offset+from)/sector*sector+sector-o.offset)
		if r.IntN(2) == 0 {
			b = apply(b, operation{op: opWrite, offset: o.offset + from, data: o.data[from:to]})
		}
		from = to
	}
	return b
}

// put makes a folder hold exactly an image.
func put(dir string, image map[string][]byte) error {
	es, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range es {
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	for name, b := range image {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			return err
		}
	}
	return nil
}
