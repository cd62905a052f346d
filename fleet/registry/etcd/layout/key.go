package layout

import "strings"

// roots are the prefixes libraries put before everything of theirs, without
// slashes at the ends. They are no namespaces.
func roots() []string {
	return []string{"microservices", "services", "micro/registry", "kitex/registry-etcd"}
}

// PrefixOf is the prefix of all keys for a URL's path. The first slash of the
// path only separates it from the host, as etcd's keys need not start with
// one; two slashes mean one of the key's own. The prefixes of Kratos and
// go-micro always start with it.
func PrefixOf(path, layout string) string {
	prefix := strings.Trim(strings.TrimPrefix(path, "/"), "/")
	if prefix == "" {
		switch layout {
		case Kratos:
			return "/microservices/"
		case Micro:
			return "/micro/registry/"
		case Kitex:
			return "kitex/registry-etcd/"
		}
		return ""
	}
	slash := strings.HasPrefix(path, "//")
	for _, root := range []string{"microservices", "micro/registry"} {
		slash = slash || prefix == root || strings.HasPrefix(prefix, root+"/")
	}
	if slash {
		prefix = "/" + prefix
	}
	return prefix + "/"
}

// OtherSpelling is the prefix with its first slash taken away or added: what a
// user may have meant who sees nothing.
func OtherSpelling(prefix string) string {
	if rest, ok := strings.CutPrefix(prefix, "/"); ok {
		return rest
	}
	return "/" + prefix
}

// place is where a key stands: what its segments say.
type place struct {
	namespace string // what stands between the prefix and the service
	service   string
	last      string // the last segment: an address, an id or a lease
}

// placeOf reads a key below prefix. A key right below the prefix belongs to the
// service that the prefix names.
func placeOf(prefix, key string) (place, bool) {
	rest, ok := strings.CutPrefix(key, prefix)
	if !ok {
		return place{}, false
	}
	segments := strings.Split(strings.Trim(rest, "/"), "/")
	if prefix == "" {
		segments = dropRoot(segments)
	}
	if len(segments) == 1 {
		above := dropRoot(append(strings.Split(strings.Trim(prefix, "/"), "/"), segments...))
		segments = above[max(0, len(above)-2):]
	}
	for _, s := range segments {
		if s == "" {
			return place{}, false
		}
	}
	n := len(segments)
	if n < 2 {
		return place{}, false
	}
	return place{strings.Join(segments[:n-2], "/"), segments[n-2], segments[n-1]}, true
}

// dropRoot takes a library's own prefix away where a service and an instance
// still follow it.
func dropRoot(segments []string) []string {
	joined := strings.Join(segments, "/")
	for _, root := range roots() {
		if rest, ok := strings.CutPrefix(joined, root+"/"); ok && strings.Contains(rest, "/") {
			return strings.Split(rest, "/")
		}
	}
	return segments
}

// EscapeSegment makes a text one segment of a key.
func EscapeSegment(s string) string {
	return strings.NewReplacer("%", "%25", "/", "%2F").Replace(s)
}
