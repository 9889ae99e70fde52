package machine_test

import (
	"bytes"
	"io/fs"
	"os"
	"path"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// TestPublishedSchema: every definition file follows the schema that editors
// use, and those that a careless author writes do not.
func TestPublishedSchema(t *testing.T) {
	const file = "../../workflows/definition.schema.json"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("definition.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("definition.json")
	if err != nil {
		t.Fatal(err)
	}
	check := func(data []byte) error {
		var v any
		if err := yaml.Unmarshal(data, &v); err != nil {
			return err
		}
		return schema.Validate(v)
	}
	for _, root := range []string{"testdata/base", "../../workflows"} {
		fsys := os.DirFS(root)
		for _, folder := range fuzzFolders {
			names, _ := fs.Glob(fsys, path.Join(folder, "*.yaml"))
			for _, name := range names {
				data, err := fs.ReadFile(fsys, name)
				if err == nil {
					err = check(data)
				}
				if err != nil {
					t.Errorf("%s/%s: %v", root, name, err)
				}
			}
		}
	}
	for _, bad := range []string{
		"form: x", "service: Birth", "x: 1", "[]", "procedure: a\nagency: b\nstates: {s: {portal: 11}}\nactions: {}",
		"procedure: a\nagency: b\nstates: {s: {portal: 1, clock: off}}\nactions: {}",
		"procedure: a\nagency: b\nstates: {s: {portal: 1, after: {soon: x}}}\nactions: {}",
		"procedure: a\nagency: b\nstates: {s: {portal: 1}}\nactions: {x: {from: s, by: king}}",
		"parameters: a\nannounced: soon\nvalues: {}",
	} {
		if check([]byte(bad)) == nil {
			t.Errorf("%q follows the schema", bad)
		}
	}
}
