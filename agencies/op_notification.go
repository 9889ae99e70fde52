package agencies

import (
	"fmt"
	"time"
)

// notification sends messages; here it keeps them in an outbox to be read.
func notification() *registry {
	return &registry{
		id: "notification",
		operations: map[string]operation{
			"send": {
				changes:  true,
				needs:    []need{"to object", "channels list", "subject text", "text text"},
				refusals: []string{"no_channel"}, perform: send,
			},
		},
	}
}

// send delivers by every channel that reaches the recipient: portal and VNeID
// need a personal number, SMS a phone, e-mail an address.
func send(t *tx, in object) (object, error) {
	reaches := map[string]string{"portal": "to.id", "vneid": "to.id", "sms": "to.phone", "email": "to.email"}
	delivered := []any{}
	channels, _ := in["channels"].([]any)
	for _, c := range channels {
		name, _ := c.(string)
		if path, ok := reaches[name]; ok && in.str(path) != "" {
			delivered = append(delivered, name)
		}
	}
	if len(delivered) == 0 {
		return nil, refuse("no_channel")
	}
	n, err := t.next("message")
	if err != nil {
		return nil, err
	}
	message := in.with(object{"key": t.key, "delivered": delivered, "at": t.now.UTC().Format(time.RFC3339)})
	return object{"delivered": delivered}, t.put("message", fmt.Sprintf("%012d", n), in.str("to.id"), message)
}
