package chaos

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Every acknowledged command survives power losses; the same images, read as if
// the journal's syncs had done nothing, lose some.
func TestPowerLoss(t *testing.T) {
	t.Parallel()
	r := run(t, func(c *Config) { c.Only, c.Rounds, c.Length = []string{"power"}, 3, 3*time.Second })
	if r.Rows[0].Skipped != "" {
		t.Skip(r.Rows[0].Skipped)
	}
	if len(r.Rows) != 2 || r.Rows[0].Injected != 3 || r.Rows[0].Acknowledged < 20 {
		t.Errorf("rows: %+v", r.Rows)
	}
}

// A server that does not sync every commit (synchronous=NORMAL) is caught: else the
// test above would prove nothing.
func TestPowerLossCatchesNormal(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts and kills real processes; left out with -short")
	}
	c := Config{Self: self(syncVariable + "=NORMAL"), Seed: 1, Dir: t.TempDir(), Drivers: 16, Say: t.Logf,
		Only: []string{"power"}, Rounds: 3, Length: 4 * time.Second, Settle: time.Second}
	r, err := Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if r.Rows[0].Skipped != "" {
		t.Skip(r.Rows[0].Skipped)
	}
	if r.Rows[0].Losses == 0 || r.Good() {
		t.Errorf("a server with synchronous=NORMAL lost nothing in %d power losses", r.Rows[0].Injected)
	}
	t.Logf("with NORMAL %d findings of loss, among them %q", r.Rows[0].Losses, r.Rows[0].Found[0])
}

func write(inode uint64, at int64, s string) operation {
	return operation{op: opWrite, inode: inode, offset: at, data: []byte(s)}
}

func opens(inode uint64, name string) operation {
	return operation{op: opOpen, inode: inode, data: []byte("/x/" + name)}
}

// images draws many images after the same operations.
func images(t *testing.T, ops ...operation) []map[string][]byte {
	t.Helper()
	p, err := newPlatter(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range ops {
		if err := p.take(o); err != nil {
			t.Fatal(err)
		}
	}
	var out []map[string][]byte
	for seed := range uint64(400) {
		out = append(out, p.image(rand.New(rand.NewPCG(seed, 1))))
	}
	return out
}

// What was synced is in every image; what was not is in some and torn in others.
func TestImageKeepsWhatWasSynced(t *testing.T) {
	t.Parallel()
	old, young := strings.Repeat("a", 2*sector), strings.Repeat("b", 2*sector)
	var whole, none, torn, grew int
	for _, img := range images(t, opens(1, "cases.db"), operation{op: opSyncDir}, write(1, 0, old), operation{op: opSync, inode: 1},
		write(1, sector, young)) {
		b := img["cases.db"]
		if !bytes.HasPrefix(b, []byte(old[:sector])) {
			t.Fatalf("a synced sector is gone: %q", b)
		}
		switch rest := string(b[sector:]); {
		case rest == young:
			whole++
		case rest == old[sector:]:
			none++
		case rest == young[:sector], rest == old[sector:]+young[:sector]:
			torn++
		case len(rest) == 2*sector:
			grew++
		}
	}
	if whole == 0 || none == 0 || torn == 0 || grew == 0 {
		t.Errorf("of 400 images %d have the late write, %d have none of it, %d are torn, %d grew without it; all should occur", whole, none, torn, grew)
	}
}

// Late writes to the same place come in any order.
func TestImageReorders(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for _, img := range images(t, opens(1, "a"), operation{op: opSyncDir}, write(1, 0, "1"), write(1, 0, "2")) {
		seen[string(img["a"])]++
	}
	for _, want := range []string{"", "1", "2"} {
		if seen[want] == 0 {
			t.Errorf("no image holds %q: %v", want, seen)
		}
	}
}

// A name is sure only after its folder was synced: until then a new file may be
// missing, and a removed one may be back.
func TestImageNames(t *testing.T) {
	t.Parallel()
	count := func(ops ...operation) (there int) {
		for _, img := range images(t, ops...) {
			if _, ok := img["j"]; ok {
				there++
			}
		}
		return there
	}
	created := []operation{opens(1, "j"), write(1, 0, "x"), {op: opSync, inode: 1}}
	if n := count(created...); n == 0 || n == 400 {
		t.Errorf("a file whose folder was not synced is in %d of 400 images", n)
	}
	if n := count(append(created, operation{op: opSyncDir})...); n != 400 {
		t.Errorf("a file whose folder was synced is in %d of 400 images", n)
	}
	removed := append(created, operation{op: opSyncDir}, operation{op: opUnlink, inode: 1, data: []byte("/x/j")})
	if n := count(removed...); n == 0 || n == 400 {
		t.Errorf("a removed file is in %d of 400 images", n)
	}
	if n := count(append(removed, operation{op: opSyncDir})...); n != 0 {
		t.Errorf("a removed file whose folder was synced is in %d of 400 images", n)
	}
}

// A file made anew under an old inode number is another file.
func TestImageInodesComeBack(t *testing.T) {
	t.Parallel()
	for _, img := range images(t, opens(1, "a"), write(1, 0, "old"), operation{op: opSync, inode: 1}, operation{op: opUnlink, inode: 1, data: []byte("/x/a")},
		opens(1, "b"), write(1, 0, "new"), operation{op: opSync, inode: 1}, operation{op: opSyncDir}) {
		if string(img["b"]) != "new" || len(img) != 1 {
			t.Fatalf("the folder holds %q", img)
		}
	}
}

// The log is read up to where the process was cut off; a log that is no log is an
// error.
func TestReadLog(t *testing.T) {
	t.Parallel()
	record := func(o operation) []byte {
		b := binary.LittleEndian.AppendUint32(nil, logMagic)
		b = binary.LittleEndian.AppendUint32(b, o.op)
		b = binary.LittleEndian.AppendUint64(b, o.inode)
		b = binary.LittleEndian.AppendUint64(b, uint64(o.offset))
		b = binary.LittleEndian.AppendUint64(b, uint64(len(o.data)))
		return append(b, o.data...)
	}
	whole := append(record(opens(3, "x")), record(write(3, 8, "abc"))...)
	for cut := range len(whole) + 1 {
		n := 0
		if err := readLog(bytes.NewReader(whole[:cut]), func(operation) error { n++; return nil }); err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		want := 0
		if cut >= logHeader+4 { // "/x/x"
			want++
		}
		if cut == len(whole) {
			want++
		}
		if n != want {
			t.Fatalf("cut at %d: %d operations, want %d", cut, n, want)
		}
	}
	if err := readLog(strings.NewReader(strings.Repeat("nonsense", 8)), func(operation) error { return nil }); err == nil {
		t.Error("nonsense is read as a log")
	}
}

// A folder that is put holds the image and nothing else.
func TestPut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, img := range []map[string][]byte{{"a": []byte("1"), "b": nil}, {"c": []byte("2")}} {
		if err := put(dir, img); err != nil {
			t.Fatal(err)
		}
		es, err := os.ReadDir(dir)
		if err != nil || len(es) != len(img) {
			t.Fatalf("%v %v", es, err)
		}
		for name, want := range img {
			if b, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(b, want) {
				t.Errorf("%s holds %q: %v", name, b, err)
			}
		}
	}
}
