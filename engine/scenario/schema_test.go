package scenario

import (
	"bytes"
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write the published schema")

const published = "../../workflows/scenario.schema.json"

// The published schema is what the language is.
func TestPublishedSchema(t *testing.T) {
	want, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *update {
		if err := os.WriteFile(published, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(published)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the language is; go test ./engine/scenario -update", published)
	}
}

// No form of a word is a form of another one.
func TestWordsAreDistinct(t *testing.T) {
	for name, table := range map[string]map[string][]string{"keys": keys, "roles": roles, "manners": manners, "channels": channels, "standings": standings} {
		seen := map[string]string{}
		for word, forms := range table {
			for _, f := range append([]string{word}, forms...) {
				if fold(f) != f {
					t.Errorf("%s: %q is not written as it is looked up", name, f)
				}
				if other, twice := seen[f]; twice {
					t.Errorf("%s: %q means %s and %s", name, f, word, other)
				}
				seen[f] = word
			}
		}
	}
}
