package portal

// Patterns are the addresses of every page, as http.ServeMux writes them.
func (p *Portal) Patterns() []string {
	var all []string
	for _, pg := range p.pages() {
		all = append(all, pg.pattern)
	}
	return all
}
