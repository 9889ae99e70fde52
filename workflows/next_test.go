package workflows_test

import (
	"strings"
	"testing"

	"lienthong/engine/machine"
	"lienthong/workflows"
)

// TestDeathFromMarch2027DecidesAsBefore: all that is known of the law is another name
// of the result. A change of death_registration.yaml belongs into both files.
func TestDeathFromMarch2027DecidesAsBefore(t *testing.T) {
	set, err := workflows.Load()
	if err != nil {
		t.Fatal(err)
	}
	d4, err := set.Service("death", "2026-09-01")
	if err != nil {
		t.Fatal(err)
	}
	d5, err := set.Service("death", "2027-03-01")
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, d := range machine.Diff(set, d4, set, d5) {
		told = append(told, d.Kind+" "+d.Path)
	}
	if got, want := strings.Join(told, "; "), "changed in_force.from; changed version"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	old, now := d4.Step("death").Procedure.State("registered").Result, d5.Step("death").Procedure.State("registered").Result
	if old.Title.VI != "Trích lục khai tử (bản điện tử)" || now.Title.VI != "Giấy chứng tử (bản điện tử)" || now.Document != old.Document {
		t.Errorf("results %+v, %+v", old, now)
	}
}
