package machine

// text is what a finding of one code says. {0}, {1}, … are its arguments.
type text struct {
	vi, en         string
	hintVI, hintEN string
	warning        bool
}

// catalogue holds every finding code.
var catalogue = map[string]text{}

func init() {
	for _, part := range []map[string]text{fileFindings, nameFindings, procedureFindings, serviceFindings, expressionFindings} {
		for code, t := range part {
			catalogue[code] = t
		}
	}
}

// fileFindings are about files and the shape of what stands in them.
var fileFindings = map[string]text{
	"read_failed":    {vi: "Không đọc được tệp: {0}.", en: "The file could not be read: {0}.", hintVI: "Kiểm tra tệp và quyền đọc.", hintEN: "check the file and its permissions"},
	"too_many_files": {vi: "Quá {0} tệp.", en: "There are more than {0} files.", hintVI: "Bỏ các tệp không dùng.", hintEN: "remove files that are not used"},
	"too_large":      {vi: "Tệp dài {0} byte, quá giới hạn {1}.", en: "The file has {0} bytes, more than {1}.", hintVI: "Chia tệp thành nhiều tệp.", hintEN: "split the file"},
	"too_many_keys":  {vi: "Tệp có hơn {0} khóa.", en: "The file has more than {0} keys.", hintVI: "Chia tệp thành nhiều tệp.", hintEN: "split the file"},
	"too_many":       {vi: "Có hơn {0} mục ở đây.", en: "There are more than {0} of these.", hintVI: "Chia thành nhiều thủ tục hoặc dịch vụ.", hintEN: "divide it into several procedures or services"},
	"too_deep":       {vi: "Lồng nhau quá sâu.", en: "Nested too deeply.", hintVI: "Giảm số tầng lồng nhau.", hintEN: "use fewer levels"},
	"yaml_syntax":    {vi: "YAML sai cú pháp: {0}.", en: "Not valid YAML: {0}.", hintVI: "Sửa cú pháp tại vị trí này; đặt trong dấu nháy những chữ có ký hiệu riêng.", hintEN: "mend the syntax here; quote text that holds special signs"},
	"yaml_alias":     {vi: "Không dùng neo, bí danh, nhãn hay chỉ thị YAML ({0}).", en: "YAML anchors, aliases, tags and directives are not used here ({0}).", hintVI: "Viết đầy đủ giá trị; đặt trong dấu nháy nếu là chữ.", hintEN: "write the value out; quote it if it is text"},
	"yaml_documents": {vi: "Mỗi tệp chỉ có một tài liệu YAML.", en: "A file holds one YAML document.", hintVI: "Chuyển phần sau --- sang tệp khác.", hintEN: "move what follows --- to a file of its own"},
	"empty_file":     {vi: "Tệp không có nội dung.", en: "The file is empty.", hintVI: "Viết định nghĩa hoặc xóa tệp.", hintEN: "write a definition or delete the file"},
	"wrong_folder":   {vi: "Tệp trong thư mục {0} phải có khóa {1}.", en: "A file in folder {0} must have the key {1}.", hintVI: "Thêm khóa, hoặc chuyển tệp sang thư mục đúng.", hintEN: "add the key, or move the file to its folder"},
	"unknown_key":    {vi: "Không có khóa {0} ở đây.", en: "There is no key {0} here.", hintVI: "Gần nhất: {2}. Các khóa: {1}.", hintEN: "nearest: {2}; the keys are {1}"},
	"missing_key":    {vi: "Thiếu {0}.", en: "{0} is missing.", hintVI: "Thêm {0}.", hintEN: "add {0}"},
	"wrong_type":     {vi: "Cần {0}, nhưng ở đây là {1}.", en: "Wanted {0}, found {1}.", hintVI: "Viết {0}.", hintEN: "write {0}"},
	"quote_it":       {vi: "{0} ở đây phải là chữ.", en: "{0} must be text here.", hintVI: "Đặt trong dấu nháy: \"{0}\".", hintEN: "quote it: \"{0}\""},
	"bad_id":         {vi: "{0} không phải định danh.", en: "{0} is not an identifier.", hintVI: "Dùng snake_case ASCII, bắt đầu bằng chữ thường, tối đa 40 ký tự.", hintEN: "use ASCII snake_case that begins with a letter, at most 40 characters"},
	"half_text":      {vi: "Thiếu văn bản {0}.", en: "The text lacks {0}.", hintVI: "Viết {vi: …, en: …}.", hintEN: "write {vi: …, en: …}", warning: true},
	"missing_title":  {vi: "Thiếu tên gọi của {0}.", en: "The {0} has no title.", hintVI: "Thêm title: {vi: …, en: …}.", hintEN: "add title: {vi: …, en: …}", warning: true},
	"bad_date":       {vi: "{0} không phải ngày.", en: "{0} is not a date.", hintVI: "Viết dạng \"2026-09-01\".", hintEN: "write \"2026-09-01\""},
	"bad_limit":      {vi: "{0} không phải thời hạn.", en: "{0} is not a duration.", hintVI: "Viết \"3 working days\", \"2 hours\", \"same working day\" hoặc \"param TÊN\".", hintEN: "write \"3 working days\", \"2 hours\", \"same working day\" or \"param NAME\""},
	"bad_expected":   {vi: "{0} không phải khoảng thời gian máy trả lời.", en: "{0} is not a machine's answering time.", hintVI: "Viết \"30 seconds\", \"1 minute\", \"2 hours\" hoặc \"1 day\".", hintEN: "write \"30 seconds\", \"1 minute\", \"2 hours\" or \"1 day\""},
	"bad_calendar":   {vi: "Lịch sai: {0}.", en: "The calendar is wrong: {0}.", hintVI: "Sửa theo thông báo.", hintEN: "mend what it names"},
	"bad_schema":     {vi: "JSON Schema sai: {0}.", en: "Not a valid JSON Schema: {0}.", hintVI: "Xem JSON Schema 2020-12.", hintEN: "see JSON Schema 2020-12"},
	"bad_ref":        {vi: "$ref {0} không dùng được.", en: "$ref {0} cannot be used.", hintVI: "Dùng form:ID, form:ID#/$defs/x hoặc #/$defs/x.", hintEN: "use form:ID, form:ID#/$defs/x or #/$defs/x"},
	"bad_bound":      {vi: "{0} không nói được ngày nào.", en: "{0} names no day.", hintVI: "Dùng today, một ngày như \"1900-01-01\", hoặc tên trường ngày bên cạnh.", hintEN: "write today, a day like \"1900-01-01\", or the name of a date beside it"},
	"unknown_format": {vi: "Không kiểm tra được format {0}.", en: "Format {0} would not be checked.", hintVI: "Gần nhất: {1}; hoặc dùng pattern.", hintEN: "nearest: {1}; or use pattern"},
	"bad_unit":       {vi: "{0} không phải mã đơn vị hành chính.", en: "{0} is not a code of an administrative unit.", hintVI: "Tỉnh 2 chữ số, xã 5 chữ số, trong dấu nháy.", hintEN: "provinces have 2 digits, communes 5, quoted"},
	"duplicate_id":   {vi: "{0} đã có.", en: "{0} is already there.", hintVI: "Đổi tên hoặc bỏ một trong hai.", hintEN: "rename or remove one of the two"},
}

// nameFindings are about names that lead nowhere or mean something else.
var nameFindings = map[string]text{
	"unknown_form":      {vi: "Không có biểu mẫu {0}.", en: "There is no form {0}.", hintVI: "Gần nhất: {1}; hoặc thêm tệp trong forms/.", hintEN: "nearest: {1}; or add a file to forms/"},
	"unknown_registry":  {vi: "Không có cơ sở dữ liệu {0}.", en: "There is no registry {0}.", hintVI: "Gần nhất: {1}; hoặc thêm tệp trong registries/.", hintEN: "nearest: {1}; or add a file to registries/"},
	"unknown_operation": {vi: "Cơ sở dữ liệu {1} không có thao tác {0}.", en: "Registry {1} has no operation {0}.", hintVI: "Gần nhất: {2}.", hintEN: "nearest: {2}"},
	"unknown_reply":     {vi: "{1} không trả lời {0}.", en: "{1} does not answer {0}.", hintVI: "Gần nhất: {2}; hoặc khai mã từ chối trong registries/.", hintEN: "nearest: {2}; or declare the refusal in registries/"},
	"unknown_state":     {vi: "Không có trạng thái {0}.", en: "There is no state {0}.", hintVI: "Gần nhất: {1}.", hintEN: "nearest: {1}"},
	"unknown_action":    {vi: "Không có thao tác {0}.", en: "There is no action {0}.", hintVI: "Gần nhất: {1}.", hintEN: "nearest: {1}"},
	"unknown_party":     {vi: "Không có nhóm người {0}.", en: "There is no party {0}.", hintVI: "Gần nhất: {1}; khai trong parties.", hintEN: "nearest: {1}; declare it under parties"},
	"unknown_parameter": {vi: "Không có tham số {0}.", en: "There is no parameter {0}.", hintVI: "Thêm vào parameters/.", hintEN: "add it to parameters/"},
	"unknown_agency":    {vi: "Không cơ quan nào thuộc loại {0}.", en: "No office is of agency {0}.", hintVI: "Gần nhất: {1}; hoặc thêm cơ quan trong offices/. Đã có: {2}.", hintEN: "nearest: {1}; or add an office to offices/; there are {2}"},
	"unknown_office":    {vi: "Không có cơ quan {0}.", en: "There is no office {0}.", hintVI: "Gần nhất: {1}.", hintEN: "nearest: {1}"},
	"unknown_unit":      {vi: "Đơn vị {0} chưa được khai.", en: "Unit {0} is not declared.", hintVI: "Thêm vào units hoặc communes.", hintEN: "add it to units or communes"},
	"unknown_role":      {vi: "Không có vai trò {0}.", en: "There is no role {0}.", hintVI: "Các vai trò: {1}, hoặc {party: …}.", hintEN: "the roles are {1}, or {party: …}"},
	"unknown_input":     {vi: "Thủ tục {1} không nhận giá trị {0}.", en: "Procedure {1} takes no value {0}.", hintVI: "Khai trong inputs của thủ tục. Gần nhất: {2}.", hintEN: "declare it under the procedure's inputs; nearest: {2}"},
	"unknown_step":      {vi: "Không có bước {0}.", en: "There is no step {0}.", hintVI: "Gần nhất: {1}.", hintEN: "nearest: {1}"},
	"unknown_procedure": {vi: "Không có thủ tục {0}.", en: "There is no procedure {0}.", hintVI: "Gần nhất: {1}; hoặc thêm tệp trong procedures/.", hintEN: "nearest: {1}; or add a file to procedures/"},
	"unknown_subform":   {vi: "Không có biểu mẫu con {0}.", en: "There is no subform {0}.", hintVI: "Gần nhất: {1}; hoặc thêm tệp trong subforms/.", hintEN: "nearest: {1}; or add a file to subforms/"},
	"reserved_word":     {vi: "{0} là từ dành riêng.", en: "{0} is a reserved word.", hintVI: "Chọn tên khác.", hintEN: "choose another name"},
	"id_mismatch":       {vi: "id {0} khác khóa {1}.", en: "The id {0} differs from the key {1}.", hintVI: "Viết id: {1}, hoặc bỏ id.", hintEN: "write id: {1}, or leave it out"},
	"name_collision":    {vi: "{0} đã là tên của {1}.", en: "{0} already names {1}.", hintVI: "Đổi một trong hai tên: cả hai cùng nằm trong một chỗ.", hintEN: "rename one of the two: both would stand in the same place"},
}

// procedureFindings are about a state machine.
var procedureFindings = map[string]text{
	"duplicate_transition":  {vi: "Trạng thái {0} đứng hai lần trong from của {1}.", en: "State {0} stands twice in the from of {1}.", hintVI: "Bỏ một.", hintEN: "remove one"},
	"unreachable_state":     {vi: "Không có đường tới trạng thái {0}.", en: "Nothing leads to state {0}.", hintVI: "Thêm thao tác tới đó, hoặc bỏ trạng thái.", hintEN: "add an action that leads there, or remove the state"},
	"dead_end":              {vi: "Từ trạng thái {0} không có đường tới kết thúc.", en: "No way leads from state {0} to an end.", hintVI: "Thêm thao tác, trả lời hoặc after; hoặc khai final.", hintEN: "add an action, a reply or an after; or declare it final"},
	"final_waits":           {vi: "Trạng thái kết thúc không có {0}.", en: "A final state has no {0}.", hintVI: "Bỏ {0}, hoặc đặt ở trạng thái trước.", hintEN: "remove {0}, or put it on the state before"},
	"bad_final":             {vi: "{0} không phải cách kết thúc.", en: "{0} is not a way to end.", hintVI: "Một trong: {1}.", hintEN: "one of {1}"},
	"bad_portal":            {vi: "Trạng thái cổng {0} không nằm trong 1–10.", en: "Portal status {0} is not in 1–10.", hintVI: "Dùng số từ 1 đến 10.", hintEN: "use a number from 1 to 10"},
	"bad_clock":             {vi: "{0} không phải chế độ đồng hồ.", en: "{0} is not a mode of the clock.", hintVI: "Một trong: {1}.", hintEN: "one of {1}"},
	"bad_review":            {vi: "{0} không quyết định được mục rà soát.", en: "{0} decides no review item.", hintVI: "Dùng keep, amend hoặc annul.", hintEN: "use keep, amend or annul"},
	"bad_answer":            {vi: "{0} không phải câu trả lời.", en: "{0} is not an answer.", hintVI: "Dùng agree hoặc decline.", hintEN: "use agree or decline"},
	"bad_need":              {vi: "{0} không nói được cần bao nhiêu người.", en: "{0} does not say how many are needed.", hintVI: "Dùng all hoặc any.", hintEN: "use all or any"},
	"else_missing":          {vi: "Danh sách đích của {0} thiếu {else: …} ở cuối.", en: "The targets of {0} have no last {else: …}.", hintVI: "Thêm {else: trạng_thái}.", hintEN: "add {else: state}"},
	"else_not_last":         {vi: "else phải đứng một mình, ở cuối.", en: "else must stand alone, and last.", hintVI: "Chuyển {else: …} xuống cuối.", hintEN: "move {else: …} to the end"},
	"reply_actor":           {vi: "Thao tác {0} không phải do cơ sở dữ liệu thực hiện.", en: "Action {0} is not taken by a registry.", hintVI: "Thêm by: registry.", hintEN: "give it by: registry"},
	"reply_from":            {vi: "Thao tác {0} không đi từ trạng thái {1}.", en: "Action {0} does not start in state {1}.", hintVI: "Thêm {1} vào from.", hintEN: "add {1} to its from"},
	"reply_missing":         {vi: "Trả lời {0} không dẫn tới thao tác nào.", en: "No action takes the reply {0}.", hintVI: "Thêm {0}: thao_tác vào replies.", hintEN: "add {0}: action to replies"},
	"timer_actor":           {vi: "Thao tác {0} không phải do bộ hẹn giờ thực hiện.", en: "Action {0} is not taken by the timer.", hintVI: "Thêm by: timer.", hintEN: "give it by: timer"},
	"timer_from":            {vi: "Thao tác {0} không đi từ trạng thái {1}.", en: "Action {0} does not start in state {1}.", hintVI: "Thêm {1} vào from.", hintEN: "add {1} to its from"},
	"result_not_final":      {vi: "Chỉ trạng thái kết thúc mới có kết quả.", en: "Only a final state has a result.", hintVI: "Thêm final, hoặc bỏ result.", hintEN: "add final, or remove result"},
	"result_data_missing":   {vi: "Kết quả của {0} không có dữ liệu.", en: "The result of {0} has no data.", hintVI: "Thêm data: {tên: CEL}.", hintEN: "add data: {name: CEL}"},
	"supplement_unanswered": {vi: "{0} dẫn tới {1}, nơi không trả lời bổ sung được.", en: "{0} leads to {1}, where no supplement can be answered.", hintVI: "Thêm thao tác từ {1} với input: supplement_answer.", hintEN: "add an action from {1} with input: supplement_answer"},
	"taken_for_ever":        {vi: "{0} tự chạy khi đủ ý kiến hoặc đủ bổ sung, mà ở lại {1}: nó sẽ chạy mãi.", en: "{0} is taken by itself once all have agreed or answered, and stays in {1}: it would be taken for ever.", hintVI: "Cho mọi đích là trạng thái khác.", hintEN: "let every target be another state"},
	"annuls_nothing":        {vi: "{0} hủy kết quả mà vẫn ở lại {1}, nơi kết quả còn hiệu lực.", en: "{0} annuls a result and stays in {1}, where the result stands.", hintVI: "Dẫn tới trạng thái thu hồi hoặc kết thúc annulled.", hintEN: "lead to a state that takes it back, or to an end of kind annulled"},
	"param_not_duration":    {vi: "Tham số {0} có giá trị {1} không phải thời hạn.", en: "Parameter {0} has the value {1}, which is no duration.", hintVI: "Viết giá trị như \"3 days\".", hintEN: "write its values like \"3 days\""},
	"request_input_missing": {vi: "Yêu cầu tới {1} thiếu {0}.", en: "The request to {1} lacks {0}.", hintVI: "Thêm '{0}': … vào input.", hintEN: "add '{0}': … to the input"},
	"request_input_unknown": {vi: "{1} không nhận {0}.", en: "{1} takes no {0}.", hintVI: "Gần nhất: {2}. Nhận: {3}.", hintEN: "nearest: {2}; it takes {3}"},
	"request_input_type":    {vi: "{0} là {1}, cần {2}.", en: "{0} is {1}, wanted {2}.", hintVI: "Đưa giá trị theo biểu mẫu của thao tác.", hintEN: "give what the operation's form asks for"},
	"unused_parameter":      {vi: "Không định nghĩa nào dùng tham số {0}.", en: "No definition uses parameter {0}.", hintVI: "Dùng nó ở nơi luật quy định, hoặc bỏ nó.", hintEN: "use it where the law says, or remove it", warning: true},
	"unused_procedure":      {vi: "Không dịch vụ nào dùng thủ tục {0}.", en: "No service uses procedure {0}.", hintVI: "Thêm bước dùng nó, hoặc bỏ tệp.", hintEN: "add a step that uses it, or remove the file", warning: true},
	"returns_unbound":       {vi: "Không dịch vụ nào đưa kết quả của một bước vào {0} của {1}.", en: "No service gives {0} of {1} from a step's result.", hintVI: "Trong with của bước: {0}: steps.BƯỚC.result.…", hintEN: "in a step's with: {0}: steps.STEP.result.…"},
}

// serviceFindings are about a service and its steps.
var serviceFindings = map[string]text{
	"duplicate_version":    {vi: "{0} đã có phiên bản {1} trong {2}.", en: "{0} already has version {1} in {2}.", hintVI: "Đổi phiên bản: bản đã công bố không sửa.", hintEN: "give it another version: a published one does not change"},
	"version_overlap":      {vi: "Hai phiên bản của {0} cùng hiệu lực: {1} và {2}.", en: "Two versions of {0} are in force together: {1} and {2}.", hintVI: "Cho bản sau bắt đầu khi bản trước kết thúc (in_force).", hintEN: "let the later one begin where the earlier one ends (in_force)"},
	"bad_period":           {vi: "Hiệu lực từ {0} đến {1} là rỗng.", en: "In force from {0} to {1} is empty.", hintVI: "to phải sau from (không tính ngày to).", hintEN: "to must be after from (and is exclusive)"},
	"need_cycle":           {vi: "Các bước cần nhau thành vòng tròn: {0}.", en: "Steps need each other in a circle: {0}.", hintVI: "Bỏ một needs trong vòng.", hintEN: "remove one of the needs in the circle"},
	"no_procedure_version": {vi: "Thủ tục {0} chưa có phiên bản vào ngày {1}.", en: "Procedure {0} has no version on {1}.", hintVI: "Sửa since của thủ tục, hoặc in_force của dịch vụ.", hintEN: "mend the procedure's since or the service's in_force"},
	"missing_with":         {vi: "Bước này chưa đưa {0} cho thủ tục {1}.", en: "The step does not give {0} to procedure {1}.", hintVI: "Thêm {0} vào with, hoặc khai {0}? trong inputs.", hintEN: "add {0} to with, or declare the input as {0}?"},
	"with_optional":        {vi: "{0} có thể vắng, nhưng thủ tục {1} luôn cần.", en: "{0} may be absent, but procedure {1} always needs it.", hintVI: "Đọc không qua .?, hoặc khai {0}? trong inputs.", hintEN: "read it without .?, or declare the input as {0}?", warning: true},
	"with_type":            {vi: "{0} là {1}, thủ tục cần {2}.", en: "{0} is {1}, the procedure wants {2}.", hintVI: "Đưa giá trị theo biểu mẫu trong inputs.", hintEN: "give what the form under inputs asks for"},
	"each_not_list":        {vi: "{0} không phải danh sách của biểu mẫu {1}.", en: "{0} is not a list of form {1}.", hintVI: "Đặt tên một mục kiểu array.", hintEN: "name a property of type array"},
	"bad_else":             {vi: "{0} không nói được nghĩa của điều kiện sai.", en: "{0} does not say what a false condition means.", hintVI: "Dùng absent, not_applicable hoặc {refuse: {vi, en}}.", hintEN: "use absent, not_applicable or {refuse: {vi, en}}"},
	"limit_above_service":  {vi: "Thời hạn {0} của {1} dài hơn thời hạn {2} của dịch vụ.", en: "The limit {0} of {1} is longer than the service's {2}.", hintVI: "Kiểm tra căn cứ của cả hai.", hintEN: "check the basis of both", warning: true},
}

// expressionFindings are about CEL.
var expressionFindings = map[string]text{
	"expression_syntax": {vi: "Biểu thức sai cú pháp: {0}.", en: "The expression does not parse: {0}.", hintVI: "{1}", hintEN: "{1}"},
	"expression_type":   {vi: "Biểu thức sai kiểu: {0}.", en: "The expression does not fit its data: {0}.", hintVI: "{1}", hintEN: "{1}"},
	"expression_result": {vi: "Biểu thức cho {0}, cần {1}.", en: "The expression gives {0}, wanted {1}.", hintVI: "Sửa để cho {1}.", hintEN: "mend it to give {1}"},
	"expression_cost":   {vi: "Biểu thức có thể tốn hơn {0} đơn vị.", en: "The expression may cost more than {0} units.", hintVI: "Bỏ vòng lặp lồng nhau.", hintEN: "remove nested loops"},
	"step_not_needed":   {vi: "Bước {1} đọc {0} nhưng không chờ nó.", en: "Step {1} reads {0} but does not wait for it.", hintVI: "Thêm {0} hoặc {0}? vào needs.", hintEN: "add {0} or {0}? to its needs"},
	"step_too_early":    {vi: "Khi nộp chưa có bước {0}.", en: "At filing there is no step {0} yet.", hintVI: "Chỉ dùng application, requester, filed_at, now.", hintEN: "use application, requester, filed_at and now only"},
	"optional_result":   {vi: "Kết quả của {0} có thể vắng.", en: "The result of {0} may be absent.", hintVI: "Dùng has(steps.{0}.result) hoặc steps.{0}.?result.", hintEN: "use has(steps.{0}.result) or steps.{0}.?result"},
	"optional_field":    {vi: "{0} có thể vắng.", en: "{0} may be absent.", hintVI: "Dùng has({0}) hoặc .?", hintEN: "use has({0}) or .?", warning: true},
	"record_uncertain":  {vi: "dossier.{0} không chắc đã có ở đây.", en: "dossier.{0} is not certain to be there.", hintVI: "Dùng has(dossier.{0}) hoặc dossier.?{0}.", hintEN: "use has(dossier.{0}) or dossier.?{0}", warning: true},
}
