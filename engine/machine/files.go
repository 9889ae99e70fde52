package machine

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// Files is a set of definition files in memory, by path ("procedures/x.yaml"), as
// a file system that Load reads. It is not written to while it is read.
type Files map[string][]byte

var (
	_ fs.ReadDirFS  = Files(nil)
	_ fs.ReadFileFS = Files(nil)
)

// ReadFiles reads the definition files of a file system: those that Load would.
func ReadFiles(fsys fs.FS) (Files, error) {
	out := Files{}
	for _, f := range folders {
		entries, err := fs.ReadDir(fsys, f.name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		for _, e := range entries {
			name := path.Join(f.name, e.Name())
			if !isDefinition(e) {
				continue
			}
			if out[name], err = readBounded(fsys, name); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// Open opens a file; folders are listed by ReadDir alone.
func (f Files) Open(name string) (fs.File, error) {
	b, ok := f[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &memFile{memInfo{name[strings.LastIndex(name, "/")+1:], int64(len(b))}, bytes.NewReader(b)}, nil
}

// ReadFile returns a copy of a file.
func (f Files) ReadFile(name string) ([]byte, error) {
	b, ok := f[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return bytes.Clone(b), nil
}

// ReadDir lists the files of a folder, by name.
func (f Files) ReadDir(dir string) ([]fs.DirEntry, error) {
	var out []fs.DirEntry
	for _, name := range keysOf(f) {
		if rest, ok := strings.CutPrefix(name, dir+"/"); ok && !strings.Contains(rest, "/") {
			out = append(out, fs.FileInfoToDirEntry(memInfo{rest, int64(len(f[name]))}))
		}
	}
	if out == nil {
		return nil, &fs.PathError{Op: "readdir", Path: dir, Err: fs.ErrNotExist}
	}
	return slices.Clip(out), nil
}

type memFile struct {
	memInfo
	io.Reader
}

func (f *memFile) Stat() (fs.FileInfo, error) { return f.memInfo, nil }
func (f *memFile) Close() error               { return nil }

type memInfo struct {
	name string
	size int64
}

func (i memInfo) Name() string     { return i.name }
func (i memInfo) Size() int64      { return i.size }
func (memInfo) Mode() fs.FileMode  { return 0o444 }
func (memInfo) ModTime() time.Time { return time.Time{} }
func (memInfo) IsDir() bool        { return false }
func (memInfo) Sys() any           { return nil }
