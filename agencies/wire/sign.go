package wire

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	webhook "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// Window is how far a signature's timestamp may lie from the verifier's clock.
const Window = 5 * time.Minute

// ErrSignature is the class of every verification failure.
var ErrSignature = errors.New("wire: signature refused")

// DeriveSecret makes the shared secret of one registry from a master phrase,
// in the form Standard Webhooks wants. Demo and tests need nothing more.
func DeriveSecret(master, registry string) string {
	mac := hmac.New(sha256.New, []byte(master))
	mac.Write([]byte(registry))
	return "whsec_" + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Sign sets the three Standard-Webhooks headers for body.
func Sign(h http.Header, secret, id string, at time.Time, body []byte) error {
	wh, err := open(secret)
	if err != nil {
		return err
	}
	sig, err := wh.Sign(id, at, body)
	if err != nil {
		return fmt.Errorf("wire: sign: %w", err)
	}
	h.Set(webhook.HeaderWebhookID, id)
	h.Set(webhook.HeaderWebhookTimestamp, strconv.FormatInt(at.Unix(), 10))
	h.Set(webhook.HeaderWebhookSignature, sig)
	return nil
}

// Verify checks the signature over body and that it was made within Window of
// now. The clock is the caller's: the library's own would be the wall clock.
func Verify(secret string, h http.Header, body []byte, now time.Time) error {
	wh, err := open(secret)
	if err != nil {
		return err
	}
	if err := wh.VerifyIgnoringTimestamp(body, h); err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	sec, err := strconv.ParseInt(h.Get(webhook.HeaderWebhookTimestamp), 10, 64)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	if d := now.Sub(time.Unix(sec, 0)); d > Window || d < -Window {
		return fmt.Errorf("%w: made %s away from now", ErrSignature, d.Round(time.Second))
	}
	return nil
}

// VerifyCallback verifies a callback as received and reads it. An error that
// is not ErrSignature means a genuine sender wrote something unreadable.
func VerifyCallback(secret string, h http.Header, body []byte, now time.Time) (Callback, error) {
	if err := Verify(secret, h, body, now); err != nil {
		return Callback{}, err
	}
	var cb Callback
	if err := Decode(body, &cb); err != nil {
		return Callback{}, fmt.Errorf("wire: callback: %w", err)
	}
	if cb.Key == "" || cb.Outcome != Done && cb.Outcome != Refused {
		return Callback{}, errors.New("wire: callback without key or outcome")
	}
	cb.Data = Integers(cb.Data)
	return cb, nil
}

// MessageID is the signed id of a message: the receiver's handle on repeats.
func MessageID(h http.Header) string { return h.Get(webhook.HeaderWebhookID) }

func open(secret string) (*webhook.Webhook, error) {
	if secret == "" {
		return nil, errors.New("wire: no secret for this registry")
	}
	wh, err := webhook.NewWebhook(secret)
	if err != nil {
		return nil, fmt.Errorf("wire: secret: %w", err)
	}
	return wh, nil
}
