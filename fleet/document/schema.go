package document

import "errors"

// Kinds lists the kinds of document, by name.
func Kinds() []KindItem { return nil }

// Schema is the JSON Schema of a kind.
func Schema(kind string) ([]byte, error) { return nil, errors.New(kind) }
