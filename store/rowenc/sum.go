package rowenc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"lienthong/engine"
)

// A checksum stands in every row that does not follow from history, so that a byte
// that flips in it is found: CRC-32C, which finds every change of up to 32 bits in a row.

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// summed collects the values of a row, each so that where it ends is certain.
type summed []byte

func (b summed) number(v int64) summed { return binary.AppendVarint(b, v) }

func (b summed) text(s string) summed { return append(b.number(int64(len(s))), s...) }

// bytes tells nothing from an empty value.
func (b summed) bytes(v []byte) summed {
	if v == nil {
		return b.number(-1)
	}
	return append(b.number(int64(len(v))), v...)
}

func (b summed) sum() int64 { return int64(crc32.Checksum(b, castagnoli)) }

// sumOf begins the last member of an object that has a checksum of what stands before it.
const sumOf = `,"sum":`

// withSum adds its checksum to a JSON object that has members.
func withSum(b []byte) []byte {
	b = b[:len(b)-1]
	return fmt.Appendf(b, sumOf+"%d}", crc32.Checksum(b, castagnoli))
}

// checkSum compares an object with its checksum. What was written before it had one ends
// with a text.
func checkSum(b []byte) error {
	if bytes.HasSuffix(b, []byte(`"}`)) {
		return nil
	}
	if i := bytes.LastIndex(b, []byte(sumOf)); i < 0 || string(b[i:]) != fmt.Sprintf(sumOf+"%d}", crc32.Checksum(b[:i], castagnoli)) {
		return errors.New("it is not what was written")
	}
	return nil
}

// Sum is the row's checksum: its lower half is over what its entry says, its upper
// half, State, over what happened since. Ready, Holds and who waits for whom follow
// from these columns, and are in neither.
func (r *DeliveryRow) Sum() int64 {
	b := make(summed, 0, 256).text(r.Case).number(r.Seq).number(int64(r.N)).text(r.Step).text(r.Registry).text(r.Operation).number(r.At)
	if r.Unordered {
		b = b.number(1)
	}
	return r.State() | b.sum()
}

// State is the upper half of Sum.
func (r *DeliveryRow) State() int64 {
	b := make(summed, 0, 256).text(r.Status).number(int64(r.Tries)).number(r.Next).number(r.SentAt).number(r.Expected).text(r.LastError)
	b = b.number(int64(r.Answer)).bytes(r.Reply).number(r.ReplySeq).number(r.Fence).text(r.Note).number(r.DoneAt).text(r.Node).number(r.Lease)
	return b.number(int64(r.Failed)).sum() << 32
}

// Sound tells whether the row says what was written: its Kept is its Sum.
func (r *DeliveryRow) Sound() bool { return r.Kept == r.Sum() }

// SumOfAnswer is the checksum of a stored answer.
func SumOfAnswer(a *engine.Answer) int64 {
	b := make(summed, 0, 512+len(a.Body)).text(a.Actor).text(a.Key).text(a.Digest).text(a.Case).number(int64(a.Status)).bytes(a.Body)
	return b.number(Micros(a.At)).sum()
}
