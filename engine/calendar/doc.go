// Package calendar computes legal time for Vietnamese public services: working
// days with public holidays and swapped Saturdays, procedure limits with the
// 15:00 rule, exact timer instants, and clocks that pause, restart, are
// extended once by apology, and can be recomputed from their own record.
//
// # What it may import
//
// The standard library only. Nothing here reads a clock, a file, the network
// or a source of randomness, and nothing starts a goroutine: every answer
// follows from the arguments. Tests may import rapid and a YAML decoder.
//
// # Invariants
//
//   - All instants returned are in [Zone] (UTC+7, no summer time) and carry no
//     monotonic reading. Precision is whatever the caller hands in.
//   - A [Calendar] does not change after [New] and may be shared freely.
//   - Due is monotone: a later start never gives an earlier due time.
//   - Due is never before start. Except for hour limits it lies on a working
//     day, except for hour and working-hour limits at closing time (17:00).
//   - A pause, a restart or a re-opening never brings a due time forward.
//   - Recompute of a clock under the version it names gives the same clock.
//   - [Clock] is a value: every operation returns a new one and shares no
//     slice that a later operation writes to.
//
// # Sources and their standing
//
// Tags: V read in a source, M from memory and unverified, I inferred here.
//
//   - Same-day services: received before 15:00 on a working day → 17:00 that
//     day, otherwise 17:00 of the next working day; 15:00 sharp is already
//     late (NĐ 61/2018 art. 18(2),(3); portal text of 1.001193; V).
//   - The first day is not counted and an end on a rest day moves to the next
//     working day (Civil Code 2015 art. 147, 148; M).
//   - Working-day limits: a receipt on a rest day counts as received on the
//     next working day, then n working days are stepped, 17:00 (I). A receipt
//     on Saturday with one working day is therefore due on Tuesday.
//   - Plain "n days" limits count calendar days and the end moves to a working
//     day, 17:00 (I). Month limits end on the same day of the month, or on its
//     last day (Civil Code art. 148, M), moved to a working day, 17:00 (I).
//   - Hour limits are exact calendar hours (I). Working hours count only inside
//     office hours, 07:30–11:30 and 13:00–17:00 (example hours V, rule I).
//   - A limit with a cutoff treats a receipt at or after it, or on a rest day,
//     as received on the next working day, whatever its unit (I, so that Due
//     stays monotone).
//   - A same-day limit without its own cutoff takes the calendar's (15:00 in
//     the Vietnamese data), and closing time when that has none (I).
//   - Swapped Saturdays are working days for computing limits (I).
//
// # How a pause moves the due time
//
// The citizen's time is subtracted, as indicator 2.1 of QĐ 766/QĐ-TTg does
// (end minus the time between request and answer; V). How much that is, in
// units of the limit, is inferred (I):
//
//   - working days: the due date moves by [Calendar.WorkingDaysBetween] of
//     pause and resumption: the working days after the day of asking up to and
//     including the day of the answer. Asked Fri 24 Apr 2026 and answered Mon
//     4 May gives 3 (28 and 29 Apr, 4 May). Within one day nothing moves.
//   - same working day: the day rule is applied anew from resumption: before
//     the cutoff 17:00 that day, from the cutoff on 17:00 of the next working
//     day, but never earlier than before the pause. Working days left at the
//     pause beyond that are not carried over. Once an apology has set a
//     date, that date also moves by the working days lost.
//   - hours: the exact time paused. Working hours: the office time paused.
//   - days and months: the calendar days paused, counted from the end before
//     it was moved off a rest day.
//   - A clock already overdue when it is paused keeps its due time: asking for
//     a supplement does not heal lateness.
//
// A restart (NĐ 61/2018 art. 19(4): the limit starts again once the dossier is
// complete; V) gives the full limit from the instant the clock runs again. A
// restart wanted anywhere in an unbroken pause holds until the clock runs. A
// stopped clock that is entered again ("re-opened", for a correction after the
// result) gets the full limit anew (I).
//
// An extension is the one re-appointment of NĐ 61/2018 art. 19(9) (V): the
// promised instant is taken as it is. That there is only one is the caller's
// rule; [Clock.Extensions] counts them.
//
// # Versions
//
// Ministries announce swaps every year, so a calendar is a version: complete,
// named, with a date of announcement. A clock names the version its due time
// was computed with; [Calendar.Adopt] moves an open clock to another version
// and records the move.
package calendar
