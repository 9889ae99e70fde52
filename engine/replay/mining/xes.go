package mining

import (
	"bufio"
	"encoding/xml"
	"io"
	"time"

	"lienthong/engine"
)

// XES writes an event log of IEEE 1849. Close ends it.
type XES struct{ w *bufio.Writer }

// attribute is one of the standard's typed attributes.
type attribute struct {
	XMLName xml.Name
	Key     string `xml:"key,attr"`
	Value   string `xml:"value,attr"`
}

func text(key, value string) attribute {
	return attribute{xml.Name{Local: "string"}, key, value}
}

func date(key string, at time.Time) attribute {
	return attribute{xml.Name{Local: "date"}, key, at.Format("2006-01-02T15:04:05.000Z07:00")}
}

// head declares the extensions and what every trace and event has.
const head = xml.Header + `<log xes.version="1849.2023" xes.features="" xmlns="http://www.xes-standard.org/">
<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
<extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
<extension name="Lifecycle" prefix="lifecycle" uri="http://www.xes-standard.org/lifecycle.xesext"/>
<extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
<global scope="trace"><string key="concept:name" value="UNKNOWN"/></global>
<global scope="event"><string key="concept:name" value="UNKNOWN"/><date key="time:timestamp" value="1970-01-01T00:00:00.000+00:00"/><string key="lifecycle:transition" value="complete"/></global>
<classifier name="Activity" keys="concept:name"/>
<classifier name="Resource" keys="org:resource"/>
<string key="lifecycle:model" value="standard"/>
`

// NewXES begins a log.
func NewXES(w io.Writer) (*XES, error) {
	x := &XES{bufio.NewWriterSize(w, 1<<16)}
	_, err := x.w.WriteString(head)
	return x, err
}

type trace struct {
	XMLName xml.Name `xml:"trace"`
	Attrs   []attribute
	Events  []event
}

type event struct {
	XMLName xml.Name `xml:"event"`
	Attrs   []attribute
}

// Add writes one case.
func (x *XES) Add(history []engine.Entry) error {
	if len(history) == 0 {
		return nil
	}
	t := trace{Attrs: []attribute{text("concept:name", history[0].Case)}}
	if f := history[0].Command.File; f != nil {
		t.Attrs = append(t.Attrs, text("service", f.Service), text("version", f.Version))
	}
	for _, h := range log(history) {
		e := event{Attrs: []attribute{text("concept:name", h.activity), date("time:timestamp", h.at), text("lifecycle:transition", h.lifecycle),
			text("org:resource", h.resource), text("org:role", h.role)}}
		for _, o := range []struct{ key, value string }{{"org:group", h.org}, {"step", h.step}, {"from", h.from}, {"to", h.to}} {
			if o.value != "" {
				e.Attrs = append(e.Attrs, text(o.key, o.value))
			}
		}
		t.Events = append(t.Events, e)
	}
	b, err := xml.Marshal(t)
	if err != nil {
		return err
	}
	_, err = x.w.Write(append(b, '\n'))
	return err
}

// Close ends the log; it does not close what is below.
func (x *XES) Close() error {
	if _, err := x.w.WriteString("</log>\n"); err != nil {
		return err
	}
	return x.w.Flush()
}
