package system

import "lienthong/engine"

// OfficeStaff is who works at the offices of the demonstration: each role at each.
func OfficeStaff(offices []engine.Office) map[string][]string {
	out := map[string][]string{}
	for _, o := range offices {
		for _, r := range officeRoles {
			out[o.ID] = append(out[o.ID], r.id)
		}
	}
	return out
}
