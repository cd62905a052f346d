package wiring

import (
	"net/url"
	"path/filepath"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet/config"
)

// WholeURL is what ParseRegistries reads as that registry: its name, and its URL
// with the options that stand beside it, a file by its whole path: it is opened
// from another folder. Secrets are references there too.
func WholeURL(r config.Registry) string {
	r.URL = wholePath(r.URL)
	if len(r.Options) == 0 {
		return r.Name + "=" + r.URL
	}
	values := url.Values{}
	for key, o := range r.Options {
		text := o.Text
		if !o.Ref.IsZero() {
			text = o.Ref.String()
		}
		values.Set(key, text)
	}
	joint := "?"
	if strings.Contains(r.URL, "?") {
		joint = "&"
	}
	return r.Name + "=" + r.URL + joint + values.Encode()
}

// wholePath makes the path of a file's URL whole.
func wholePath(u string) string {
	rest, file := strings.CutPrefix(u, "file://")
	path, query, more := strings.Cut(rest, "?")
	if !file || path == "" || filepath.IsAbs(filepath.FromSlash(path)) || strings.HasPrefix(path, "/") {
		return u
	}
	abs, err := filepath.Abs(filepath.FromSlash(path))
	if err != nil {
		return u
	}
	u = "file://" + filepath.ToSlash(abs)
	if more {
		u += "?" + query
	}
	return u
}
