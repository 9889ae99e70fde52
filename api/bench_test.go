package api_test

import (
	"net/http/httptest"
	"testing"

	"lienthong/api"
)

// BenchmarkGetCase is what a clerk's opening of a case costs the surface, over the
// store in memory, with three parts under way; B/answer is the length of the body.
func BenchmarkGetCase(b *testing.B) {
	api.Unwatched()
	w := newWorld(b)
	code := w.registered()
	for name, who := range map[string]string{"officer": "officer." + officeBirth, "citizen": father} {
		req := httptest.NewRequestWithContext(b.Context(), "GET", "/api/v1/cases/"+code, nil)
		req.Header.Set("Authorization", "Bearer "+w.token(who))
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				rec := httptest.NewRecorder()
				w.server.ServeHTTP(rec, req)
				if n = rec.Body.Len(); rec.Code != 200 {
					b.Fatalf("%d: %s", rec.Code, rec.Body)
				}
			}
			b.ReportMetric(float64(n), "B/answer")
		})
	}
}
