package config

import "github.com/midwatch-cli/midwatch/fleet/config/form"

// Parse reads a configuration that is already in memory; path is for messages
// and for what the file's own relative paths start from. Wrong configuration
// is an *Error.
func Parse(path string, data []byte, known Known) (*File, error) {
	f := &File{Path: path}
	err := form.Parse(path, data, fileSlot(f), func(d *form.Decoder) { checker{d, known}.file(f) })
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Schema is the JSON Schema (2020-12) of the file, made of the same form that
// decodes it.
func Schema() []byte { return form.Schema("midwatch.yaml", fileSlot(&File{})) }

// Show is the configuration as canonical YAML: what was said, in the order of
// the form, with references and never what they refer to.
func Show(f *File) ([]byte, error) { return form.Encode(fileSlot(f).Value()) }

// ShowJSON is what Show is, as JSON.
func ShowJSON(f *File) ([]byte, error) { return form.JSON(fileSlot(f).Value()) }

// ShowRegistry is one registry as canonical YAML, as it stands in a list.
func ShowRegistry(r Registry) ([]byte, error) {
	return form.Encode([]any{registrySlot(&r).Value()})
}
