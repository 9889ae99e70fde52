package agencies

import "fmt"

// refusal is a registry's decision against a request.
type refusal struct {
	code string
	data object
}

func (r *refusal) Error() string { return "refused: " + r.code }

func refuse(code string) error { return &refusal{code: code} }

func refuseWith(code string, data object) error { return &refusal{code, data} }

// text is what people read about a refusal; the same words stand in
// workflows/registries.
type text struct{ vi, en string }

func (t text) detail() map[string]string { return map[string]string{"vi": t.vi, "en": t.en} }

var refusals = map[string]text{
	"account_unknown":    {"Số tài khoản không tồn tại.", "The bank account is not known."},
	"already_annulled":   {"Đăng ký này đã bị hủy bỏ.", "This registration is already annulled."},
	"already_assigned":   {"Trẻ đã được cấp số định danh cá nhân.", "The child already has a personal identification number."},
	"already_dead":       {"Người này đã được ghi nhận là đã chết.", "This person is already recorded as dead."},
	"already_insured":    {"Trẻ đã có thẻ bảo hiểm y tế.", "The child already has a health-insurance card."},
	"already_issued":     {"Người này đã được cấp thẻ căn cước.", "This person already has an identity card."},
	"already_member":     {"Người này đã đăng ký thường trú trong hộ này.", "This person is already registered in this household."},
	"already_refunded":   {"Khoản này đã được hoàn trả.", "This payment is already refunded."},
	"already_registered": {"Sự kiện này đã được đăng ký.", "This event is already registered."},
	"already_settled":    {"Chế độ này đã được giải quyết.", "This benefit is already settled."},
	"already_stopped":    {"Khoản chi trả hằng tháng đã dừng.", "The monthly payment is already stopped."},
	"cancelled":          {"Yêu cầu đã được thu hồi trước khi thực hiện.", "The request was taken back before it was performed."},
	"commune_unknown":    {"Không có xã, phường này trong danh mục.", "The commune is not in the list of administrative units."},
	"date_impossible":    {"Ngày không hợp lý.", "The date is not possible."},
	"declined":           {"Người nộp không thanh toán.", "The payer did not pay."},
	"marriage_unknown":   {"Không tìm thấy thông tin hôn nhân trong cơ sở dữ liệu.", "The marriage is not found in the databases."},
	"mother_mismatch":    {"Thông tin người mẹ không khớp cơ sở dữ liệu dân cư.", "The mother does not match the population database."},
	"no_channel":         {"Không có kênh nào để gửi cho người nhận.", "No channel reaches the recipient."},
	"no_residence":       {"Người này không có đăng ký thường trú.", "This person has no registered permanent residence."},
	"not_beneficiary":    {"Người này không hưởng trợ cấp xã hội.", "This person receives no social assistance."},
	"not_dead":           {"Người này không được ghi nhận là đã chết.", "This person is not recorded as dead."},
	"not_insured":        {"Người này không tham gia bảo hiểm xã hội.", "This person is not insured."},
	"not_issued":         {"Người này chưa được cấp thẻ căn cước.", "This person has no identity card."},
	"not_merit":          {"Người này không thuộc danh sách người có công.", "This person is not on the list of people of merit."},
	"not_pensioner":      {"Người này không hưởng lương hưu hay trợ cấp hằng tháng.", "This person draws no monthly payment."},
	"not_removed":        {"Người này chưa bị xóa đăng ký thường trú.", "This person's residence was not deleted."},
	"not_resident":       {"Người này không có tên trong đăng ký thường trú.", "This person is not registered as resident."},
	"not_stopped":        {"Khoản chi trả hằng tháng chưa dừng.", "The monthly payment is not stopped."},
	"not_under_six":      {"Trẻ không còn dưới 6 tuổi.", "The child is not under six."},
	"person_dead":        {"Người này đã chết theo cơ sở dữ liệu dân cư.", "The population database records this person as dead."},
	"person_unknown":     {"Không tìm thấy người này trong cơ sở dữ liệu dân cư.", "The person is not in the population database."},
	"unknown_card":       {"Không có thẻ này.", "There is no such card."},
	"unknown_household":  {"Không tìm thấy hộ gia đình này.", "The household is not known."},
	"unknown_notice":     {"Không tìm thấy giấy báo này.", "The notice is not known."},
	"unknown_number":     {"Không có số đăng ký này.", "There is no registration with this number."},
	"unknown_person":     {"Không tìm thấy người này trong cơ sở dữ liệu dân cư.", "The person is not in the population database."},
	"unknown_receipt":    {"Không có biên lai này.", "There is no such receipt."},
}

// detailOf is the text of a code, with the values of data that people need.
func detailOf(code string, data object) map[string]string {
	d := refusals[code].detail()
	if id := data.str("id"); code == "already_assigned" && id != "" {
		d["vi"] += fmt.Sprintf(" Số: %s.", id)
		d["en"] += fmt.Sprintf(" Number: %s.", id)
	}
	return d
}
