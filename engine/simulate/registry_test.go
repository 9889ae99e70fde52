package simulate_test

import (
	"testing"

	"lienthong/engine/simulate"
	"lienthong/workflows"
)

// TestModelAnswersAsRegistersDo: what the model is asked and answers is what each
// operation's own description allows. agencies holds the simulated registries of a
// demonstration against the same descriptions.
func TestModelAnswersAsRegistersDo(t *testing.T) {
	set := definitions(t)
	answered := 0
	for _, r := range set.Registries() {
		for _, o := range r.Operations {
			name := r.ID + "/" + o.ID
			op, ok := set.Operation(r.ID, o.ID)
			if !ok || op.Reply == nil {
				t.Errorf("%s has no reply", name)
				continue
			}
			for seed := range uint64(20) {
				input, reply := simulate.AnswerOf(op, seed)
				workflows.AgreeReply(r.ID, o.ID, input, reply)
				for _, p := range op.Reply.Validate(reply) {
					t.Fatalf("%s answers %v: %s %s", name, reply, p.Pointer, p.Detail.EN)
				}
			}
			answered++
		}
	}
	if answered < 40 {
		t.Errorf("only %d operations", answered)
	}
}
