package story_test

import (
	"slices"
	"testing"

	"lienthong/cmd/lienthong/story"
)

func TestBirthWithAllParts(t *testing.T) {
	s := open(t, "2026-09-07 08:00", nil)
	tale := story.Birth(t.Context(), s.Stage)
	s.ok(tale)
	c := tale.Now()
	for step, document := range map[string]string{"birth": "birth_certificate", "residence": "residence_notice", "card": "health_card", "identity": "identity_card"} {
		if r := c.Dossier(step).Result; r == nil || r.Document != document || r.Version != 1 {
			t.Errorf("%s: result %+v, want %s", step, r, document)
		}
	}
	told := s.told(tale.Citizen, tale.Code)
	for _, want := range []string{"filed", "received birth", "task birth", "result birth", "result residence", "result card", "result identity", "ended", "delivered identity"} {
		if !slices.Contains(told, want) {
			t.Errorf("the requester was not told %q: %v", want, told)
		}
	}
	s.sound()
}
