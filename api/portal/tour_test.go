package portal_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"lienthong/api/portal"
)

// notOnTour are the addresses that no stop of the tour opens, each with the reason.
var notOnTour = map[string]string{
	"GET /applications/{id}/file":            "leads back to the review",
	"GET /batch":                             "leads back to the inbox; desk-batch shows what is posted there",
	"GET /batch/run":                         "leads back to the inbox; desk-batch-done shows what is posted there",
	"GET /inbox/views":                       "leads back to the inbox",
	"GET /inbox/views/delete":                "leads back to the inbox",
	"GET /workflows/new-version/picture":     "leads to new-version; what is posted there opens a window of its own",
	"GET /workflows/publish-version":         "leads to new-version",
	"GET /cases/{code}/live":                 "a stream of case-running",
	"GET /dossiers/{code}/{step}/live":       "a stream of desk-dossier",
	"GET /inbox/live":                        "a stream of desk-inbox",
	"GET /inbox/news":                        "a part of desk-inbox",
	"GET /dashboard.csv":                     "a file",
	"GET /documents/{id}":                    "a file",
	"GET /papers/{id}":                       "a file, shown in desk-dossier",
	"GET /cases/{code}/diagram.svg":          "a picture of case-running",
	"GET /services/{id}/diagram.svg":         "a picture of service-birth",
	"GET /workflows/{id}/diagram.svg":        "a picture of workflow",
	"GET /workflows/{id}/{step}/diagram.svg": "a picture of machine",
	"GET /lab/cases/{code}/diagram.svg":      "a picture of replay",
}

// toured checks that the tour opens every page: an address without a stop has a reason,
// and a reason an address without a stop.
func toured(t *testing.T, stops []stopover) {
	t.Helper()
	p, err := portal.New(portal.Config{API: http.NotFoundHandler()})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	left := map[string]bool{}
	for _, pattern := range p.Patterns() {
		mux.Handle(pattern, http.NotFoundHandler())
		if strings.HasPrefix(pattern, http.MethodGet+" ") {
			left[pattern] = true
		}
	}
	var names []string
	for _, stop := range stops {
		_, pattern := mux.Handler(httptest.NewRequest(http.MethodGet, stop.path, nil))
		delete(left, pattern)
		names = append(names, stop.name)
	}
	for pattern := range left {
		if notOnTour[pattern] == "" {
			t.Errorf("no stop of the tour opens %s", pattern)
		}
	}
	for pattern, why := range notOnTour {
		if !left[pattern] {
			t.Errorf("%s is on the tour, or there is no such page: %s", pattern, why)
		}
	}
	slices.Sort(names)
	if twice := len(names) - len(slices.Compact(names)); twice > 0 {
		t.Errorf("%d names of stops stand twice", twice)
	}
}
