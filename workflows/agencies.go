package workflows

import (
	_ "embed"
	"fmt"

	"github.com/goccy/go-yaml"

	"lienthong/engine"
)

//go:embed agencies.yaml
var agencies []byte

// Agencies names the kinds of agency, by id.
func Agencies() (map[string]engine.Text, error) {
	var m map[string]engine.Text
	if err := yaml.UnmarshalWithOptions(agencies, &m, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("workflows/agencies.yaml: %w", err)
	}
	return m, nil
}
