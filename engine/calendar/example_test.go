package calendar_test

import (
	"fmt"

	"lienthong/engine/calendar"
)

func Example() {
	c, err := calendar.New(calendar.Spec{
		ID: "example", Announced: "2026-01-01", Cutoff: "15:00",
		Days: map[string]calendar.Year{"2026": {Holidays: []calendar.Holiday{
			{Date: "2026-04-27", NameEN: "Day off in lieu of Hùng Kings' Commemoration Day"},
			{Date: "2026-04-30", NameEN: "Reunification Day"},
			{Date: "2026-05-01", NameEN: "International Labour Day"},
		}}},
	})
	if err != nil {
		panic(err)
	}
	limit, _ := calendar.ParseLimit("2 working days")
	friday := calendar.Date("2026-04-24")

	clock := c.Start(friday.At(9, 0), limit)
	fmt.Println(clock.Due.Format("Mon 2 Jan 15:04"))
	clock = c.Enter(clock, friday.At(10, 0), calendar.Paused)                    // a paper is missing
	clock = c.Enter(clock, calendar.Date("2026-05-04").At(10, 0), calendar.Runs) // and here it is
	fmt.Println(clock.Due.Format("Mon 2 Jan 15:04"))
	// Output:
	// Wed 29 Apr 17:00
	// Wed 6 May 17:00
}
