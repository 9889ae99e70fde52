package indicators

import "lienthong/engine"

// How an indicator's value is written.
const (
	Count   = "count"
	Percent = "percent"
	Days    = "days" // of 24 hours; the numerator is in seconds
)

// What an indicator counts.
const (
	PerDossier = "dossier" // every agency's part is one
	PerCase    = "case"    // the linked group is one
)

// indicator is one line of the list: what it is called, how it is computed, where
// that is written.
type indicator struct {
	id, level, unit string
	name, formula   engine.Text
	over, under     []string // names summed; under is the denominator, none for a count
	source          string
	target, points  int64 // percent for full points, and full points; 0 = the source at hand does not say
	single          bool  // shown for one procedure only
	note            engine.Text
	absent          bool // not collected
}

const (
	decision766 = "QĐ 766/QĐ-TTg"
	ownCount    = "Liên Thông"
)

var endings = []string{engine.FigEnded + "success", engine.FigEnded + "refused", engine.FigEnded + "expired", engine.FigEnded + "withdrawn",
	engine.FigEnded + "not_applicable", engine.FigEnded + "annulled"}

// table is all of them, in the order in which they are shown.
var table = append(append(caseIndicators, dossierIndicators...), rateIndicators...)

func countOf(id, level, name, vi, en, formulaVI, formulaEN string) indicator {
	return indicator{id: id, level: level, unit: Count, name: engine.Text{VI: vi, EN: en}, formula: engine.Text{VI: formulaVI, EN: formulaEN}, over: []string{name}, source: ownCount}
}

var caseIndicators = []indicator{
	countOf("cases.filed", PerCase, engine.FigCases, "Hồ sơ liên thông đã nộp", "Linked cases filed",
		"Số hồ sơ liên thông nộp trong kỳ, tính cho cơ quan của phần đầu tiên", "Cases filed in the period, at the office of their first part"),
	countOf("cases.unpaid", PerCase, engine.FigCaseUnpaid, "… chờ nộp lệ phí", "… waiting for the fee", "Trạng thái 6 hiện nay", "Portal status 6 now"),
	countOf("cases.running", PerCase, engine.FigCaseRunning, "… đang xử lý", "… in progress", "Chưa kết thúc, không chờ lệ phí hay bổ sung", "Not ended, waiting for neither fee nor completion"),
	countOf("cases.paused", PerCase, engine.FigCasePaused, "… chờ bổ sung", "… waiting for completion", "Trạng thái 5: mọi phần đang mở đều chờ người dân", "Portal status 5: every open part waits for the citizen"),
	countOf("cases.completed", PerCase, engine.FigCaseEnded+string(engine.Completed), "… hoàn thành", "… completed", "Mọi phần đã yêu cầu đều có kết quả", "Every part asked for succeeded"),
	countOf("cases.completed_in_part", PerCase, engine.FigCaseEnded+string(engine.CompletedInPart), "… hoàn thành một phần", "… completed in part", "Có phần thành công, có phần không", "Some parts succeeded, some did not"),
	countOf("cases.refused", PerCase, engine.FigCaseEnded+string(engine.Refused), "… bị từ chối", "… refused", "Kết thúc mà không phần nào thành công, do từ chối", "Ended by refusal, no part succeeded"),
	countOf("cases.withdrawn", PerCase, engine.FigCaseEnded+string(engine.Withdrawn), "… đã rút", "… withdrawn", "Kết thúc do người dân rút", "Ended by withdrawal"),
	countOf("cases.expired", PerCase, engine.FigCaseEnded+string(engine.Expired), "… quá hạn bổ sung hoặc nộp phí", "… expired", "Kết thúc vì không bổ sung hoặc không nộp phí đúng hạn", "Ended because it was not completed or not paid in time"),
	{id: "cases.on_time", level: PerCase, unit: Percent, name: engine.Text{VI: "Nhóm thủ tục liên thông đúng hạn", EN: "Linked group on time"},
		formula: engine.Text{VI: "Hồ sơ liên thông kết thúc đúng hạn chung hoặc còn trong hạn ÷ hồ sơ liên thông đã bắt đầu tính hạn chung", EN: "Cases that ended within their common limit or are still within it ÷ cases whose common limit has started"},
		over:    []string{caseInTimeNow}, under: []string{engine.FigCaseTimed}, source: ownCount},
	{id: "cases.days", level: PerCase, unit: Days, name: engine.Text{VI: "Số ngày trung bình từ khi nộp đến khi kết thúc", EN: "Average days from filing to the end"},
		formula: engine.Text{VI: "Tổng thời gian từ khi nộp đến khi kết thúc ÷ số hồ sơ liên thông đã kết thúc", EN: "Sum of the time from filing to the end ÷ cases that ended"},
		over:    []string{engine.FigCaseElapsed}, under: []string{engine.FigCaseEnded + string(engine.Completed), engine.FigCaseEnded + string(engine.CompletedInPart),
			engine.FigCaseEnded + string(engine.Refused), engine.FigCaseEnded + string(engine.Withdrawn), engine.FigCaseEnded + string(engine.Expired)}, source: ownCount},
	{id: "fields.prefilled", level: PerCase, unit: Percent, name: engine.Text{VI: "Thông tin được điền sẵn từ cơ sở dữ liệu", EN: "Fields filled in from registers"},
		formula: engine.Text{VI: "Số trường lấy từ cơ sở dữ liệu ÷ số trường có trong tờ khai đã nộp", EN: "Fields that came from a register ÷ fields in the application as filed"},
		over:    []string{engine.FigPrefilled}, under: []string{engine.FigFields}, source: ownCount},
	{id: "fields.disputed", level: PerCase, unit: Percent, name: engine.Text{VI: "Thông tin người dân cho là cơ sở dữ liệu sai", EN: "Fields that the applicant disputed"},
		formula: engine.Text{VI: "Số trường bị phản ánh ÷ số trường có trong tờ khai đã nộp", EN: "Disputed fields ÷ fields in the application as filed"},
		over:    []string{engine.FigDisputed}, under: []string{engine.FigFields}, source: ownCount},
}

var dossierIndicators = []indicator{
	countOf("dossiers.arrived", PerDossier, engine.FigArrived, "Hồ sơ thành phần đã đến", "Dossiers that arrived",
		"Số hồ sơ thành phần mở tại cơ quan trong kỳ, kể cả lần nộp lại", "Parts opened at an office in the period, those filed again included"),
	countOf("dossiers.unreceived", PerDossier, engine.FigUnreceived, "… chờ tiếp nhận", "… not received yet", "Trạng thái 1 hiện nay", "Portal status 1 now"),
	countOf("dossiers.running", PerDossier, engine.FigRunning, "… đang xử lý", "… in progress", "Đang ở cơ quan, đồng hồ chạy", "With the office"),
	countOf("dossiers.paused", PerDossier, engine.FigPaused, "… chờ người dân", "… with the citizen", "Đồng hồ tạm dừng: bổ sung, xác nhận, niêm yết", "The clock stands still: completion, confirmation, posting"),
	countOf("dossiers.success", PerDossier, endings[0], "… có kết quả", "… ended in success", "Đã trả kết quả", "A result was issued"),
	countOf("dossiers.refused", PerDossier, endings[1], "… bị từ chối", "… refused", "Bị từ chối tiếp nhận hoặc giải quyết", "Refused at reception or later"),
	countOf("dossiers.expired", PerDossier, endings[2], "… quá hạn bổ sung", "… expired", "Người dân không bổ sung đúng hạn", "Not completed in time"),
	countOf("dossiers.withdrawn", PerDossier, endings[3], "… đã rút", "… withdrawn", "Người dân rút", "Withdrawn by the citizen"),
	countOf("dossiers.not_applicable", PerDossier, endings[4], "… không thuộc diện", "… not applicable", "Kết thúc vì không thuộc diện", "Ended because it does not apply"),
	countOf("dossiers.annulled", PerDossier, endings[5], "… kết quả bị hủy", "… annulled", "Kết quả đã bị hủy", "The result was annulled"),
	countOf("dossiers.correcting", PerDossier, engine.FigCorrecting, "… đang cải chính kết quả", "… result being corrected", "Đã kết thúc, kết quả đang được xem xét lại", "Ended, and the result is being looked at again"),
	countOf("dossiers.received", PerDossier, engine.FigReceived, "Hồ sơ thành phần đã tiếp nhận", "Dossiers received",
		"Số hồ sơ thành phần có ngày tiếp nhận trong kỳ", "Parts whose day of reception is in the period"),
	countOf("dossiers.in_time", PerDossier, inTimeNow, "… đúng hạn hoặc còn trong hạn", "… on time or still within their limit", "Như tử số của chỉ số 2.1", "As the numerator of indicator 2.1"),
	countOf("dossiers.late", PerDossier, lateNow, "… trễ hạn", "… late", "Đã tiếp nhận trong kỳ trừ số đúng hạn hoặc còn trong hạn", "Received in the period, less those on time or still within their limit"),
}

var rateIndicators = []indicator{
	{id: "2.1", level: PerDossier, unit: Percent, name: engine.Text{VI: "Tỷ lệ giải quyết đúng hạn và trước hạn", EN: "Handled on time and ahead"},
		formula: engine.Text{
			VI: "(Kết thúc đúng hạn + chưa kết thúc mà còn trong hạn) ÷ đã tiếp nhận trong kỳ. Thời gian bổ sung được trừ; đang chờ bổ sung thì tính đến lúc yêu cầu; yêu cầu bổ sung quá 1 lần là trễ; chưa kết thúc thì so với hôm nay, hoặc ngày cuối kỳ nếu kỳ đã qua.",
			EN: "(Ended on time + not ended and still within the limit) ÷ received in the period. The time for completion is subtracted; while it runs, the request counts as the end; more than one request is late; an open one is compared with today, or with the last day of a past period.",
		},
		over: []string{inTimeNow}, under: []string{engine.FigReceived}, source: decision766, points: 20},
	{id: "2.2", level: PerDossier, unit: Days, name: engine.Text{VI: "Thời gian giải quyết trung bình", EN: "Average time of handling"},
		formula: engine.Text{VI: "Tổng thời gian giải quyết (trừ thời gian của người dân) ÷ số hồ sơ có kết quả đã tiếp nhận trong kỳ; ngày 24 giờ; chỉ cho một thủ tục", EN: "Sum of the time of handling (without the citizen's time) ÷ dossiers with a result that were received in the period; days of 24 hours; for one procedure only"},
		over:    []string{engine.FigHandling}, under: []string{engine.FigHandled}, source: decision766, single: true},
	{id: "days", level: PerDossier, unit: Days, name: engine.Text{VI: "Số ngày trung bình ở bước", EN: "Average days in the step"},
		formula: engine.Text{VI: "Tổng thời gian từ khi đến đến khi kết thúc, kể cả thời gian của người dân ÷ số hồ sơ đã kết thúc trong số đã đến", EN: "Sum of the time from arrival to the end, the citizen's time included ÷ ended dossiers of those that arrived"},
		over:    []string{engine.FigElapsed}, under: endings, source: ownCount},
	{id: "3.3", level: PerDossier, unit: Percent, name: engine.Text{VI: "Tỷ lệ hồ sơ trực tuyến", EN: "Filed online"},
		formula: engine.Text{VI: "Hồ sơ nộp qua kênh trực tuyến ÷ đã tiếp nhận trong kỳ; tỷ lệ đồng bộ tính là 1, mọi kết quả ở đây đều có bản điện tử", EN: "Filed through the online channel ÷ received in the period; the synchronisation rate counts as 1, every result here is electronic"},
		over:    []string{engine.FigChannel + "2"}, under: []string{engine.FigReceived}, source: decision766, target: 50},
	{id: "3.6", level: PerCase, unit: Percent, name: engine.Text{VI: "Hồ sơ thanh toán trực tuyến", EN: "Paid online"},
		formula: engine.Text{VI: "Hồ sơ liên thông nộp lệ phí qua kênh trực tuyến ÷ hồ sơ liên thông có lệ phí khác 0 nộp trong kỳ; ghi nhận thủ công không tính là trực tuyến", EN: "Cases whose fee was paid through the online channel ÷ cases filed in the period with a fee above 0; a payment recorded by hand does not count as online"},
		over:    []string{engine.FigFeesOnline}, under: []string{engine.FigFees}, source: decision766, target: 100, points: 6},
	{id: "4.2", level: PerDossier, unit: Percent, name: engine.Text{VI: "Hồ sơ được số hóa", EN: "Digitised dossiers"},
		formula: engine.Text{VI: "Hồ sơ có giấy tờ điện tử (hoặc dữ liệu dùng thay) và có kết quả điện tử khi đã có kết quả ÷ đã tiếp nhận trong kỳ", EN: "Dossiers with an electronic paper (or data in its place), and an electronic result once there is one ÷ received in the period"},
		over:    []string{engine.FigDigitised}, under: []string{engine.FigReceived}, source: decision766, target: 80},
	{id: "4.3", level: PerDossier, unit: Percent, name: engine.Text{VI: "Khai thác, sử dụng lại dữ liệu số hóa", EN: "Digitised data reused"},
		formula: engine.Text{VI: "Hồ sơ có ít nhất một thành phần lấy từ cơ sở dữ liệu hoặc từ kết quả của bước trước ÷ đã tiếp nhận trong kỳ", EN: "Dossiers with at least one component from a register or from the result of an earlier step ÷ received in the period"},
		over:    []string{engine.FigReused}, under: []string{engine.FigReceived}, source: decision766, target: 80},
	{id: "supplement", level: PerDossier, unit: Percent, name: engine.Text{VI: "Tỷ lệ phải bổ sung", EN: "Asked to complete the file"},
		formula: engine.Text{VI: "Hồ sơ có yêu cầu bổ sung ÷ đã tiếp nhận trong kỳ", EN: "Dossiers with a request for completion ÷ received in the period"},
		over:    []string{engine.FigAsked}, under: []string{engine.FigReceived}, source: ownCount},
	{id: "supplement.again", level: PerDossier, unit: Percent, name: engine.Text{VI: "Tỷ lệ yêu cầu bổ sung quá 1 lần", EN: "Asked more than once"},
		formula: engine.Text{VI: "Hồ sơ có từ 2 yêu cầu bổ sung ÷ đã tiếp nhận trong kỳ", EN: "Dossiers with two or more requests for completion ÷ received in the period"},
		over:    []string{engine.FigAskedAgain}, under: []string{engine.FigReceived}, source: ownCount},
	{id: "apology", level: PerDossier, unit: Percent, name: engine.Text{VI: "Tỷ lệ xin lỗi, hẹn lại ngày trả", EN: "New date with an apology"},
		formula: engine.Text{VI: "Hồ sơ có phiếu xin lỗi và hẹn lại ÷ đã tiếp nhận trong kỳ; ngày hẹn lại được dùng cho chỉ số 2.1", EN: "Dossiers with an apology and a new date ÷ received in the period; the new date is the one that indicator 2.1 uses"},
		over:    []string{engine.FigApologised}, under: []string{engine.FigReceived}, source: ownCount},
	{id: "refusal", level: PerDossier, unit: Percent, name: engine.Text{VI: "Tỷ lệ từ chối", EN: "Refused"},
		formula: engine.Text{VI: "Hồ sơ bị từ chối ÷ hồ sơ đã đến trong kỳ", EN: "Refused dossiers ÷ dossiers that arrived in the period"},
		over:    []string{engine.FigEnded + "refused"}, under: []string{engine.FigArrived}, source: ownCount},
	{id: "5.4", level: PerDossier, unit: Percent, name: engine.Text{VI: "Mức độ hài lòng trong giải quyết hồ sơ", EN: "Satisfaction with dossiers"},
		formula: engine.Text{VI: "100 % − (tỷ lệ trễ hạn + tỷ lệ có phản ánh hoặc không hài lòng)", EN: "100 % − (late rate + rate with a complaint or dislike)"},
		source:  decision766, target: 90, points: 6, absent: true,
		note: engine.Text{VI: "Hệ thống này không thu thập đánh giá của người dân.", EN: "This system does not collect what citizens think."}},
}
