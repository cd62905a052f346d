package health

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
)

// toUTF8 takes a byte order mark off, and turns UTF-16 into what everything else
// here reads: without a mark it is known by the zero beside its first character
// (RFC 4627, section 3). Bytes of other encodings stay as they are.
func toUTF8(body []byte) []byte {
	if rest, ok := bytes.CutPrefix(body, []byte("\xef\xbb\xbf")); ok {
		return rest
	}
	if len(body) < 2 {
		return body
	}
	var order binary.ByteOrder
	switch {
	case body[0] == 0xff && body[1] == 0xfe, body[0] != 0 && body[1] == 0:
		order = binary.LittleEndian
	case body[0] == 0xfe && body[1] == 0xff, body[0] == 0 && body[1] != 0:
		order = binary.BigEndian
	default:
		return body
	}
	units := make([]uint16, 0, len(body)/2)
	for ; len(body) > 1; body = body[2:] {
		units = append(units, order.Uint16(body))
	}
	if units[0] == 0xfeff {
		units = units[1:]
	}
	return []byte(string(utf16.Decode(units)))
}
