package portal

import (
	"fmt"
	"html"
	"html/template"
	"strings"

	"rsc.io/qr"
)

// quiet is the empty border that readers of QR codes want, in modules.
const quiet = 4

// qrCode draws a text as an SVG picture; label says what it is to people who do not
// see it.
func qrCode(text, label string) (template.HTML, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return "", fmt.Errorf("portal: QR of %d bytes: %w", len(text), err)
	}
	n := code.Size + 2*quiet
	var path strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			if !code.Black(x, y) {
				continue
			}
			from := x
			for x+1 < code.Size && code.Black(x+1, y) {
				x++
			}
			fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", from+quiet, y+quiet, x-from+1, x-from+1)
		}
	}
	return template.HTML(fmt.Sprintf(`<svg class="lt-qr" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges" role="img" aria-label="%s"><rect width="%d" height="%d" fill="#fff"/><path fill="#000" d="%s"/></svg>`,
		n, n, html.EscapeString(label), n, n, path.String())), nil
}

// address is an address of this host in full, for QR codes.
func (v *visit) address(path string) string {
	scheme := "http://"
	if v.p.cfg.Secure || v.r.TLS != nil {
		scheme = "https://"
	}
	return scheme + v.r.Host + path
}
