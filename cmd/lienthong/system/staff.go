package system

import (
	"slices"

	"lienthong/engine"
)

// OfficeStaff is who works at the offices of the demonstration: each role at each.
func OfficeStaff(offices []engine.Office) map[string][]string {
	out := map[string][]string{}
	for _, o := range offices {
		out[o.ID] = slices.Clone(officeRoles)
	}
	return out
}
