package sqlite

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/store/rowenc"
	"lienthong/store/storetest"
)

// TestFigurePlans: what waits is read along the indexes of what waits, whatever
// was delivered before.
func TestFigurePlans(t *testing.T) {
	s := open(t, t.TempDir(), storetest.Hooks{}).(*Store)
	defer s.Close()
	queries := map[string]string{"lines": linesNow, "days": exchangeDays, "waiting days": waitingDays}
	for name, q := range map[string]engine.OwedQuery{
		"all": {}, "page": {After: rowenc.OwedCursor(&rowenc.DeliveryRow{})},
		"filters": {Registry: "r", Status: "incident", Case: "c", Overdue: time.Now(), Text: "x", Offices: []string{"a", "b"}},
	} {
		text, _, err := owedQuery(q)
		if err != nil {
			t.Fatal(err)
		}
		queries["owed "+name] = text
	}
	allowed := regexp.MustCompile(`^SCAN outbox USING (INDEX outbox_age|COVERING INDEX outbox_lines)$`)
	for name, q := range queries {
		plan, err := explained(s.readDB, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range plan {
			if strings.HasPrefix(line, "SCAN") && !allowed.MatchString(line) || strings.Contains(line, "TEMP B-TREE FOR") && !strings.Contains(line, "FOR LAST") && name != "waiting days" {
				t.Errorf("%s: %s\nin %s", name, line, q)
			}
		}
	}
}
