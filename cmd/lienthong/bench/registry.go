package bench

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"lienthong/agencies/seed"
	"lienthong/engine"
	"lienthong/engine/runtime"
	"lienthong/workflows"
)

// registries answer every operation of the linked birth at once, in process, with
// what the simulated ones would say. The answer follows from the request alone, so
// a request that comes twice is answered alike.
type registries struct {
	messages *workflows.Messages
	account  func(ctx context.Context, id string) (*engine.Account, error)
	now      func() time.Time
}

var _ runtime.Exchange = (*registries)(nil)

// Send performs an operation.
func (r *registries) Send(ctx context.Context, d engine.Delivery) runtime.Answer {
	if d.Registry == engine.NotificationRegistry {
		return r.notify(ctx, d)
	}
	op, ok := operations[d.Registry+"/"+d.Operation]
	if !ok {
		return runtime.Answer{Outcome: runtime.Incident, Code: "unknown_operation", Detail: engine.Text{EN: d.Registry + "/" + d.Operation}}
	}
	data, err := op(d.Input, r.now().Format(time.DateOnly))
	if err != nil {
		return runtime.Answer{Outcome: runtime.Incident, Code: "bad_input", Detail: engine.Text{EN: err.Error()}}
	}
	return runtime.Answer{Outcome: runtime.Done, Data: data, Status: 200}
}

// Ask is never needed: everything is answered when it is sent.
func (r *registries) Ask(context.Context, engine.Delivery) runtime.Answer {
	return runtime.Answer{Outcome: runtime.Unknown, Status: 404}
}

// notify renders the message for its receiver, as the wired system does before it
// hands it to the carrier.
func (r *registries) notify(ctx context.Context, d engine.Delivery) runtime.Answer {
	what, _ := d.Input["what"].(string)
	params, _ := d.Input["params"].(map[string]any)
	to, _ := d.Input["to"].(string)
	subject, text := r.messages.Render(what, params, "vi")
	if subject == "" || text == "" {
		return runtime.Answer{Outcome: runtime.Incident, Code: "no_words", Detail: engine.Text{EN: what}}
	}
	delivered := []any{"portal", "vneid"}
	if a, err := r.account(ctx, to); err == nil && a.Phone != "" {
		delivered = append(delivered, "sms")
	}
	return runtime.Answer{Outcome: runtime.Done, Data: map[string]any{"delivered": delivered}, Status: 200}
}

// operations are what the registers do, by registry and operation.
var operations = map[string]func(in map[string]any, today string) (map[string]any, error){
	"population/marriage":               marriage,
	"population/assign_personal_id":     assignNumber,
	"civil_status/register_birth":       registerBirth,
	"residence/entitled_to_consent":     entitled,
	"residence/add_member":              addMember,
	"social_insurance/issue_child_card": issueCard,
	"identity_card/issue":               issueIdentity,
	"small_book/enter":                  enterBook,
}

func marriage(map[string]any, string) (map[string]any, error) {
	return map[string]any{"married": true, "since": "2019-05-11"}, nil
}

// assignNumber makes the number from the notice, so that no two children share one.
func assignNumber(in map[string]any, _ string) (map[string]any, error) {
	i, ok := childOf(engine.Str(in, "notice"))
	u, known := seed.UnitByCode(engine.Str(in, "registered_in"))
	if !ok || !known {
		return nil, fmt.Errorf("notice %q in %q", engine.Str(in, "notice"), engine.Str(in, "registered_in"))
	}
	return map[string]any{"id": seed.ID(u.Province, engine.Str(in, "child", "sex"), 2026, i%1_000_000)}, nil
}

func registerBirth(in map[string]any, today string) (map[string]any, error) {
	id, err := personID(in, "child")
	if err != nil {
		return nil, err
	}
	commune := engine.Str(in, "commune")
	out := map[string]any{"number": id[6:] + "/2026/" + commune, "book": "0" + id[6:7] + "/2026", "page": id[9:], "registered_on": today,
		"version": int64(1), "child": in["child"], "commune": commune}
	for _, k := range []string{"mother", "father", "registrant", "notice"} {
		if v, ok := in[k]; ok {
			out[k] = v
		}
	}
	return out, nil
}

// entitled names the grandfather, whose household number tells the family.
func entitled(in map[string]any, _ string) (map[string]any, error) {
	var commune string
	var n int
	if _, err := fmt.Sscanf(engine.Str(in, "household"), "HK-%5s-%05d", &commune, &n); err != nil {
		return nil, fmt.Errorf("household %q: %w", engine.Str(in, "household"), err)
	}
	f := familyOf(n)
	head := map[string]any{"id": f.head.ID, "name": f.head.Name}
	return map[string]any{"head": head, "owners": []any{head}, "household": f.home, "commune": commune,
		"address": map[string]any{"province": f.commune.Province, "commune": commune, "detail": fmt.Sprintf("%d Lê Lợi", 1+n%300)}}, nil
}

func addMember(in map[string]any, today string) (map[string]any, error) {
	id, err := personID(in, "person")
	return map[string]any{"notice_number": id + "/TB-CT/2026", "household": engine.Str(in, "household"), "registered_on": today}, err
}

func issueCard(in map[string]any, _ string) (map[string]any, error) {
	id, err := personID(in, "child")
	if err != nil {
		return nil, err
	}
	child, _ := in["child"].(map[string]any)
	who := map[string]any{}
	for _, k := range []string{"id", "name", "birth_date", "sex"} {
		who[k] = child[k]
	}
	return map[string]any{"card_number": "TE1" + id[1:3] + id[2:], "insurance_number": id[2:], "valid_from": child["birth_date"], "valid_until": "2032-09-30",
		"clinic": engine.Str(in, "clinic"), "version": int64(1), "child": who}, nil
}

func issueIdentity(in map[string]any, today string) (map[string]any, error) {
	id, err := personID(in, "person")
	return map[string]any{"card_number": id, "issued_on": today, "valid_until": "2040-09-01", "version": int64(1)}, err
}

// enterBook numbers the note as its case is numbered.
func enterBook(in map[string]any, today string) (map[string]any, error) {
	number, _, ok := strings.Cut(engine.Str(in, "note"), " ")
	if !ok {
		return nil, errors.New("the note has no number")
	}
	return map[string]any{"number": number + "/" + today[:4]}, nil
}

func personID(in map[string]any, who string) (string, error) {
	id := engine.Str(in, who, "id")
	if len(id) != 12 {
		return "000000000000", fmt.Errorf("%s has no number", who)
	}
	return id, nil
}
