package api

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// rounds of PBKDF2-SHA-256 for new pass phrases (OWASP 2023). A secret names its
// own, so that the number may rise.
const rounds = 600_000

// MinPassphrase is how many characters a pass phrase has at least, as AccountFields say.
const MinPassphrase = 12

const hashName = "pbkdf2-sha256"

// HashPassphrase returns the stored form of a pass phrase: name$rounds$salt$hash.
func HashPassphrase(phrase string) (string, error) { return hashWith(phrase, rounds) }

func hashWith(phrase string, n int) (string, error) {
	salt := make([]byte, 16)
	if _, err := rand.Read(salt); err != nil {
		return "", fmt.Errorf("api: salt: %w", err)
	}
	key, err := pbkdf2.Key(sha256.New, phrase, salt, n, sha256.Size)
	if err != nil {
		return "", fmt.Errorf("api: pass phrase: %w", err)
	}
	e := base64.RawStdEncoding
	return strings.Join([]string{hashName, strconv.Itoa(n), e.EncodeToString(salt), e.EncodeToString(key)}, "$"), nil
}

// matchesPassphrase tells whether a pass phrase gives the stored secret.
func matchesPassphrase(secret, phrase string) (bool, error) {
	parts := strings.Split(secret, "$")
	if len(parts) != 4 || parts[0] != hashName {
		return false, errors.New("api: unknown form of secret")
	}
	n, err := strconv.Atoi(parts[1])
	if err != nil || n < 1 || n > 10*rounds {
		return false, errors.New("api: unreadable rounds of a secret")
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[2])
	want, err2 := base64.RawStdEncoding.DecodeString(parts[3])
	if err := errors.Join(err1, err2); err != nil {
		return false, fmt.Errorf("api: unreadable secret: %w", err)
	}
	got, err := pbkdf2.Key(sha256.New, phrase, salt, n, len(want))
	if err != nil {
		return false, fmt.Errorf("api: pass phrase: %w", err)
	}
	return len(want) == sha256.Size && subtle.ConstantTimeCompare(got, want) == 1, nil
}

// randomHex returns n random bytes as hex; crypto/rand never fails on a system
// that works (Go ends the process otherwise).
func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}

// newToken returns a bearer token and the hash under which it is stored.
func newToken() (token, hash string) {
	token = "lt_" + randomHex(32)
	return token, hashToken(token)
}

// hashToken is what the store keeps of a token. Tokens are random and long: a
// plain hash is enough.
func hashToken(token string) string {
	h := sha256.Sum256([]byte(token))
	return hex.EncodeToString(h[:])
}
