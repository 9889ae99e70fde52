package engine

import "bytes"

// EventsOnly reads an entry's case, sequence, instant and events from its JSON and
// leaves the rest: all that Fold needs, at half the price. The JSON must be as
// AppendJSON wrote it; false when it is not, and then the whole is to be read.
func EventsOnly(text []byte) (Entry, bool) {
	command := bytes.Index(text, []byte(`,"command":{`))
	if command < 0 {
		return Entry{}, false
	}
	rest := text[command+len(`,"command":`):]
	for !bytes.HasPrefix(rest, []byte(`,"events":`)) {
		end := valueEnd(rest)
		if end <= 0 {
			return Entry{}, false
		}
		rest = rest[end:]
		if i := bytes.IndexByte(rest, ':'); i > 0 && !bytes.HasPrefix(rest, []byte(`,"events":`)) {
			rest = rest[i+1:] // over the next key, which is one of ours
		}
	}
	var e Entry
	head := append(bytes.Clone(text[:command]), rest...)
	return e, Unmarshal(head, &e) == nil
}

// splitEvents cuts valid JSON as MarshalJSON writes it into events.
func splitEvents(b []byte) ([]wireEvent, bool) {
	const kind, data = `{"kind":"`, `","data":`
	if len(b) < 2 || b[0] != '[' {
		return nil, false
	}
	if b[1] == ']' {
		return nil, len(b) == 2
	}
	out := make([]wireEvent, 0, 1+bytes.Count(b, []byte(kind)))
	for i := 1; ; i++ {
		if !bytes.HasPrefix(b[i:], []byte(kind)) {
			return nil, false
		}
		i += len(kind)
		j := bytes.IndexByte(b[i:], '"')
		if j < 0 || !bytes.HasPrefix(b[i+j:], []byte(data)) {
			return nil, false
		}
		name := string(b[i : i+j])
		i += j + len(data)
		end := valueEnd(b[i:])
		if end <= 0 || i+end+1 >= len(b) || b[i+end] != '}' {
			return nil, false
		}
		out = append(out, wireEvent{name, b[i : i+end]})
		switch i += end + 1; b[i] {
		case ',':
		case ']':
			return out, i == len(b)-1
		default:
			return nil, false
		}
	}
}

// valueEnd is where the JSON object or list at the start of b ends, 0 when it is
// neither or does not end.
func valueEnd(b []byte) int {
	if len(b) == 0 || b[0] != '{' && b[0] != '[' {
		return 0
	}
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			for i++; i < len(b) && b[i] != '"'; i++ {
				if b[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}
