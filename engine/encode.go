package engine

import (
	"bytes"
	"encoding/json"
	"time"
)

// entryHead is an Entry without its events, which stand last.
type entryHead struct {
	Case     string    `json:"case"`
	Seq      int64     `json:"seq"`
	At       time.Time `json:"at"`
	Command  Command   `json:"command"`
	Facts    Facts     `json:"facts,omitzero"`
	Versions Versions  `json:"versions"`
}

// AppendJSON appends the entry as json.Marshal would write it, byte for byte, in
// one pass: json.Marshal reads again what a type writes for itself, and events
// are written by one inside another.
func (e *Entry) AppendJSON(b []byte) ([]byte, error) {
	w := newJSONWriter(b)
	if err := w.value(entryHead{e.Case, e.Seq, e.At, e.Command, e.Facts, e.Versions}); err != nil {
		return nil, err
	}
	w.Truncate(w.Len() - 1)
	w.WriteString(`,"events":`)
	if err := w.events(e.Events); err != nil {
		return nil, err
	}
	w.WriteByte('}')
	return w.Bytes(), nil
}

// jsonWriter writes values one after the other.
type jsonWriter struct {
	*bytes.Buffer
	enc *json.Encoder
}

func newJSONWriter(b []byte) jsonWriter {
	buf := bytes.NewBuffer(b)
	return jsonWriter{buf, json.NewEncoder(buf)}
}

// value writes one value without the line end that an Encoder adds.
func (w jsonWriter) value(v any) error {
	if err := w.enc.Encode(v); err != nil {
		return err
	}
	w.Truncate(w.Len() - 1)
	return nil
}

func (w jsonWriter) events(es Events) error {
	w.WriteByte('[')
	for i, e := range es {
		if i > 0 {
			w.WriteByte(',')
		}
		w.WriteString(`{"kind":"`)
		w.WriteString(e.Kind())
		w.WriteString(`","data":`)
		if err := w.value(e); err != nil {
			return err
		}
		w.WriteByte('}')
	}
	w.WriteByte(']')
	return nil
}
