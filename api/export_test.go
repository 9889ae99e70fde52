package api

// HashWith hashes with fewer rounds, so that tests are quick.
var HashWith = hashWith

// Routes lists what is served as "METHOD /path/:param".
func (s *Server) Routes() []string {
	var out []string
	for _, r := range s.engine.Routes() {
		out = append(out, r.Method+" "+r.Path)
	}
	return out
}

// Waiting is how many filings wait for their turn.
func (s *Server) Waiting() int { return int(s.filings.waiting.Load()) }
