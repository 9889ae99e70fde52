package agencies

import "fmt"

// treasury collects fees, pays benefits out and gives fees back.
func treasury() *registry {
	return &registry{
		id:    "treasury",
		kinds: map[string]kind{"account": {"number", "holder.id"}},
		operations: map[string]operation{
			"collect": {
				changes: true, cancellable: true, waits: true,
				needs:    []need{"payer ref", "amount dong", "purpose text"},
				refusals: []string{"declined", "cancelled"}, perform: receipt("collected", "paid_on"),
			},
			"pay": {
				changes:  true,
				needs:    []need{"payee object", "payee.name text", "method method", "amount dong", "purpose text", "reference text"},
				refusals: []string{"account_unknown"}, perform: pay, clashes: paidOtherwise,
			},
			"refund": {
				changes: true, needs: []need{"receipt text", "reason text?"},
				refusals: []string{"unknown_receipt", "already_refunded"}, perform: refund,
			},
		},
	}
}

// receipt records a movement of money and numbers it.
func receipt(movement, dated string) func(*tx, object) (object, error) {
	return func(t *tx, in object) (object, error) {
		today := day(t.now)
		n, err := t.next("receipt/" + today[:4])
		if err != nil {
			return nil, err
		}
		out := object{"receipt": fmt.Sprintf("KB%s%07d", today[:4], n), dated: today, "amount": in.num("amount")}
		return out, t.put("receipt", out.str("receipt"), "", in.with(out).with(object{"movement": movement}))
	}
}

// paid is what was paid by the decision that a pay-out refers to.
func paid(t *tx, in object) (object, bool, error) {
	return t.get("payout", in.str("reference"))
}

// paidOtherwise finds that another amount was paid by the same decision: a person must
// look at it.
func paidOtherwise(t *tx, in object) error {
	earlier, ok, err := paid(t, in)
	if err == nil && ok && earlier.num("amount") != in.num("amount") {
		err = errClash
	}
	return err
}

// pay sends money, once by one decision: whoever asks again, under whatever key, is
// given the receipt of the first time. An account, as a number or as {bank, number},
// must exist when the money goes by bank.
func pay(t *tx, in object) (object, error) {
	if earlier, ok, err := paid(t, in); err != nil || ok {
		return earlier, err
	}
	if in.str("method") == "bank" {
		number := in.str("account")
		if number == "" {
			number = in.str("account.number")
		}
		if _, ok, err := t.get("account", number); err != nil {
			return nil, err
		} else if !ok {
			return nil, refuse("account_unknown")
		}
	}
	out, err := receipt("paid", "paid_on")(t, in)
	if err != nil {
		return nil, err
	}
	return out, t.put("payout", in.str("reference"), "", out)
}

func refund(t *tx, in object) (object, error) {
	old, ok, err := t.get("receipt", in.str("receipt"))
	if err != nil {
		return nil, err
	}
	if !ok || old.str("movement") != "collected" {
		return nil, refuse("unknown_receipt")
	}
	if old.str("refunded_by") != "" {
		return nil, refuseWith("already_refunded", object{"receipt": old.str("refunded_by")})
	}
	out, err := receipt("refunded", "refunded_on")(t, object{"amount": old.num("amount"), "of": in.str("receipt"), "reason": in.str("reason")})
	if err != nil {
		return nil, err
	}
	return out, t.put("receipt", in.str("receipt"), "", old.with(object{"refunded_by": out.str("receipt")}))
}
