package verify

// text is what a finding of one code says. {0}, {1}, … are its arguments.
type text struct {
	vi, en         string
	hintVI, hintEN string
	warning        bool
}

// catalogue holds every finding code of the search.
var catalogue = map[string]text{
	"dead_end": {vi: "Bước {0} mắc kẹt ở {1}: không còn thao tác nào.", en: "Step {0} is stuck in {1}: nothing can happen any more.",
		hintVI: "Thêm một thao tác đi tiếp, hoặc sửa điều kiện chặn nó.", hintEN: "give it an action that leads on, or mend the condition that stops it"},
	"waits_for_nothing": {vi: "Bước {0} ở {1} không chờ điều gì: chỉ còn cách rút hồ sơ.", en: "Step {0} in {1} waits for nothing: only a withdrawal is left.",
		hintVI: "Thêm người, thời hạn hoặc cơ sở dữ liệu đưa nó đi tiếp.", hintEN: "let somebody, a deadline or a registry take it on"},
	"join_declined": {vi: "Bước {0} ở {1}: đã có người từ chối mà hồ sơ vẫn chờ đủ ý kiến.", en: "Step {0} in {1}: somebody declined, and it still waits for all to agree.",
		hintVI: "Cho thao tác từ chối dẫn sang trạng thái khác.", hintEN: "let the declining action lead to another state"},
	"live_lock": {vi: "Bước {0} từ {1} cứ quay vòng: không còn đường nào tới kết thúc.", en: "Step {0} goes round from {1}: no end can be reached any more.",
		hintVI: "Thêm lối ra khỏi vòng.", hintEN: "give the circle a way out"},
	"automatic_cycle": {vi: "Bước {0} ở {1}: {2} nằm trong một vòng tự chạy, không có người nào dừng được.", en: "Step {0} in {1}: {2} is part of a circle that runs by itself, with nobody to stop it.",
		hintVI: "Đưa một người vào vòng, hoặc cho nó một lối kết thúc.", hintEN: "put a person into the circle, or let it end"},
	"state_never": {vi: "Không bao giờ tới được trạng thái {0}.", en: "State {0} is never reached.",
		hintVI: "Bỏ trạng thái, hoặc sửa điều kiện dẫn tới nó.", hintEN: "remove it, or mend the conditions that lead there"},
	"action_never": {vi: "Không bao giờ thực hiện được thao tác {0}.", en: "Action {0} is never possible.",
		hintVI: "Bỏ thao tác, hoặc sửa điều kiện và nơi gọi nó.", hintEN: "remove it, or mend its condition and what calls it"},
	"join_never": {vi: "Bước {0} không bao giờ chạy: các bước mà nó cần không bao giờ cùng thành công.", en: "Step {0} never runs: what it needs never succeeds together.",
		hintVI: "Dùng step? cho các nhánh loại trừ nhau.", hintEN: "use step? for routes that exclude each other"},
	"input_missing": {vi: "Bước {0} cần kết quả của {1}, nhưng có cách kết thúc thành công mà không có kết quả.", en: "Step {0} needs the result of {1}, which can succeed without one.",
		hintVI: "Cho mọi trạng thái thành công của nó một result.", hintEN: "give every state in which it succeeds a result"},
	"undone": {vi: "Kết thúc của bước {0} bị thay đổi bởi {1}.", en: "The end of step {0} is changed by {1}.",
		hintVI: "Chỉ thao tác của chính bước mới được đổi kết thúc của nó.", hintEN: "let only the step's own acts change how it ended"},
	"too_early": {vi: "Bước {0} chạy khi {1} chưa xong.", en: "Step {0} runs before {1} has ended.",
		hintVI: "Sửa needs.", hintEN: "mend its needs"},
	"if_false": {vi: "Điều kiện của bước {0} luôn sai.", en: "The condition of step {0} is always false.",
		hintVI: "Sửa điều kiện hoặc bỏ bước.", hintEN: "mend the condition or remove the step"},
	"if_true": {vi: "Điều kiện của bước {0} luôn đúng.", en: "The condition of step {0} is always true.",
		hintVI: "Bỏ điều kiện.", hintEN: "remove the condition", warning: true},
	"guard_false": {vi: "Điều kiện của {0} luôn sai: {1}", en: "A condition of {0} is always false: {1}",
		hintVI: "Sửa điều kiện.", hintEN: "mend the condition"},
	"guard_true": {vi: "Điều kiện của {0} luôn đúng: {1}", en: "A condition of {0} is always true: {1}",
		hintVI: "Bỏ điều kiện, hoặc sửa nó.", hintEN: "remove the condition, or mend it", warning: true},
	"targets_overlap": {vi: "Thao tác {0} có thể khớp cả hai đích {1} và {2}: luôn lấy đích trước.", en: "Action {0} may match both {1} and {2}: the first is taken.",
		hintVI: "Viết các điều kiện loại trừ nhau.", hintEN: "write conditions that exclude each other", warning: true},
	"ambiguous": {vi: "{0} và {1} cùng chờ một việc ở {2} ({3}): luôn lấy thao tác đầu.", en: "{0} and {1} wait for the same thing in {2} ({3}): the first is always taken.",
		hintVI: "Giữ một thao tác, với nhiều đích nếu cần.", hintEN: "keep one action, with several targets if need be"},
	"deadline_unhandled": {vi: "Thời hạn của {0} trôi qua vô ích: {1} luôn bị điều kiện chặn.", en: "The deadline of {0} passes in vain: {1} is always refused by its condition.",
		hintVI: "Bỏ điều kiện, hoặc thêm đích {else}.", hintEN: "drop the condition, or give it an {else} target"},
	"deadline_lost": {vi: "Thời hạn của {0} có thể trôi qua vô ích: {1} bị điều kiện chặn.", en: "The deadline of {0} may pass in vain: {1} can be refused by its condition.",
		hintVI: "Bỏ điều kiện, hoặc thêm đích {else}.", hintEN: "drop the condition, or give it an {else} target"},
	"no_deadline": {vi: "Ở {0} chỉ công dân đi tiếp được, mà không có thời hạn nào.", en: "In {0} only citizens can go on, and no deadline ends the wait.",
		hintVI: "Thêm after.", hintEN: "add after", warning: true},
	"role_unheld": {vi: "Không ai giữ vai trò {0} ở cơ quan {1}, nên không ai làm được {2}.", en: "Nobody holds the role {0} at any office of {1}, so nobody can take {2}.",
		hintVI: "Giao vai trò cho một tài khoản, hoặc sửa by.", hintEN: "give the role to an account, or mend by"},
	"too_many_states": {vi: "Chưa kiểm hết {0}: dừng ở {1} trạng thái. Không điều gì được coi là đã chứng minh.", en: "{0} was not searched to the end: stopped at {1} states. Nothing is proven.",
		hintVI: "Chia dịch vụ nhỏ hơn, bớt điều kiện, hoặc tăng --max-states.", hintEN: "split the service, use fewer conditions, or raise --max-states"},
}
