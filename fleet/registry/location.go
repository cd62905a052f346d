package registry

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
)

// SchemeFile is the scheme of locations that name a file: all that follows its
// slashes is a path.
const SchemeFile = "file"

// unixSuffix marks a location whose host is a unix socket.
const unixSuffix = "+unix"

// Location is a parsed registry URL:
//
//	[NAME=]SCHEME://[USER@]HOST[,HOST]/PREFIX?key=value
//	[NAME=]file:///absolute/path        file://./relative/path   file://relative/path
//	[NAME=]SCHEME+unix:///path/of/socket
//
// A relative file is relative to the working folder. Percent escapes are
// undone in user and path; a literal # is an error, because shells and people
// disagree about what it starts.
type Location struct {
	Name   string // the source's name; the scheme where none was given
	Scheme string
	User   string
	Hosts  []string   // host:port, as written; unix:///path of a socket
	Path   string     // prefix or file path, with its leading slash (a relative file has none); empty where there is none
	Query  url.Values // options as written
}

// ParseLocation reads a registry URL. Its errors wrap ErrConfig and never
// repeat what could be a credential.
func ParseLocation(s string) (Location, error) {
	name, rest, err := cutName(s)
	if err != nil {
		return Location{}, err
	}
	scheme, rest, ok := strings.Cut(rest, "://")
	if !ok {
		return Location{}, missingScheme(scheme)
	}
	loc := Location{Scheme: strings.ToLower(scheme)}
	socket := false
	loc.Scheme, socket = strings.CutSuffix(loc.Scheme, unixSuffix)
	if !isWord(loc.Scheme) {
		return Location{}, Misconfigured("", "a registry URL starts with a scheme of letters, as in consul://127.0.0.1:8500", "registry URL: the part before :// is no scheme")
	}
	loc.Name = name
	if name == "" {
		loc.Name = loc.Scheme
	}
	if err := loc.parseRest(rest, socket); err != nil {
		return Location{}, err
	}
	return loc, nil
}

// cutName splits NAME= off. An = behind the scheme belongs to the query.
func cutName(s string) (name, rest string, err error) {
	if strings.TrimSpace(s) == "" {
		return "", "", Misconfigured("", "give one as consul://127.0.0.1:8500, etcd://127.0.0.1:2379 or file:///path/fleet.yaml", "registry URL: empty")
	}
	if i := strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }); i >= 0 {
		return "", "", Misconfigured("", "", "registry URL: control character at byte %d", i+1)
	}
	head, _, _ := strings.Cut(s, "://")
	name, _, ok := strings.Cut(head, "=")
	if !ok || strings.ContainsAny(name, "/?@") {
		return "", s, nil
	}
	if !isWord(name) {
		return "", "", Misconfigured("", "letters, digits, dots, dashes and underscores; the first is a letter or digit", "registry URL: the name before = cannot be the name of a source")
	}
	return name, s[len(name)+1:], nil
}

// parseRest reads what follows the scheme.
func (l *Location) parseRest(rest string, socket bool) error {
	if strings.Contains(rest, "#") {
		return Misconfigured("", "write it as %23", "registry URL %s: a literal # is not allowed", l.stem())
	}
	rest, query, _ := strings.Cut(rest, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return Misconfigured("", "options are written ?key=value&key=value", "registry URL %s: the part after ? cannot be read", l.stem())
	}
	l.Query = values
	if len(values) == 0 {
		l.Query = nil
	}
	if l.Scheme == SchemeFile || socket {
		return l.setPath(rest, socket)
	}
	authority, path, hasPath := strings.Cut(rest, "/")
	if user, hosts, ok := cutLast(authority, "@"); ok {
		if l.User, err = cleanUser(user, l.stem()); err != nil {
			return err
		}
		authority = hosts
	}
	if hasPath {
		if l.Path, err = url.PathUnescape("/" + path); err != nil {
			return Misconfigured("", "a literal % is written %25", "registry URL %s: bad percent escape in the path", l.stem())
		}
		l.Path = strings.TrimRight(l.Path, "/")
	}
	if authority == "" {
		return nil
	}
	for i, host := range strings.Split(authority, ",") {
		if err := checkHost(host, strings.Contains(path, "@")); err != nil {
			return Misconfigured("", err.hint, "registry URL %s: host %d: %s", l.stem(), i+1, err.problem)
		}
		l.Hosts = append(l.Hosts, host)
	}
	return nil
}

// setPath reads the path of a file or a socket.
func (l *Location) setPath(raw string, socket bool) error {
	path, err := url.PathUnescape(raw)
	if err != nil {
		return Misconfigured("", "a literal % is written %25", "registry URL %s: bad percent escape in the path", l.stem())
	}
	switch {
	case path == "" || path == "/":
		return Misconfigured("", "write "+l.Scheme+":///absolute/path or file://./relative/path", "registry URL %s: no path", l.stem())
	case socket && !strings.HasPrefix(path, "/"):
		return Misconfigured("", "write "+l.Scheme+unixSuffix+":///path/of/socket, with three slashes", "registry URL %s: the path of a socket must be absolute", l.stem())
	case socket:
		l.Hosts = []string{"unix://" + path}
	default:
		l.Path = path
	}
	return nil
}

// stem is what of the location may always be shown.
func (l *Location) stem() string { return l.Scheme + "://" }

// cleanUser refuses a password, also behind an escaped colon, without repeating
// it.
func cleanUser(user, stem string) (string, error) {
	clean, err := url.PathUnescape(user)
	if strings.Contains(user, ":") || strings.Contains(clean, ":") {
		return "", Misconfigured("", "give a reference instead: ?password=env:NAME or ?token=file:PATH, as `midwatch registries` says for each kind",
			"registry URL %s: a password in a URL is refused: it would end up in histories and process lists", stem)
	}
	if err != nil || clean == "" {
		return "", Misconfigured("", "", "registry URL %s: the user before @ cannot be read", stem)
	}
	return clean, nil
}

// fault is a problem with a hint.
type fault struct{ problem, hint string }

// checkHost checks HOST or HOST:PORT. What is in place of a port may be the
// start of a password with a slash in it (suspect), so it is only repeated
// when it is a number and nothing looks like a user.
func checkHost(host string, suspect bool) *fault {
	if host == "" {
		return &fault{"empty", "hosts are written HOST:PORT,HOST:PORT"}
	}
	if strings.ContainsAny(host, " \t@\"'<>\\^`{|}") {
		return &fault{"not a host name or address", ""}
	}
	name, port := host, ""
	switch {
	case strings.HasPrefix(host, "["):
		end := strings.IndexByte(host, ']')
		if end < 0 || net.ParseIP(strings.SplitN(host[1:end], "%", 2)[0]) == nil {
			return &fault{"not an IPv6 address in brackets", "write [::1]:2379"}
		}
		name, port = host[:end+1], host[end+1:]
		if port != "" && !strings.HasPrefix(port, ":") {
			return &fault{"something follows the closing bracket", "write [::1]:2379"}
		}
	case strings.Count(host, ":") > 1:
		if net.ParseIP(host) != nil {
			return &fault{"an IPv6 address needs brackets", "write [" + host + "]"}
		}
		return &fault{"more than one colon", "write HOST:PORT, IPv6 as [::1]:PORT"}
	case strings.Contains(host, ":"):
		i := strings.IndexByte(host, ':')
		name, port = host[:i], host[i:]
	}
	if name == "" {
		return &fault{"a port without a host", "write 127.0.0.1" + port}
	}
	if port == "" {
		return nil
	}
	n, err := strconv.Atoi(port[1:])
	switch {
	case err == nil && n >= 1 && n <= 65535:
		return nil
	case suspect || err != nil && !errors.Is(err, strconv.ErrRange):
		return &fault{"the port is not a number", "a port is a number from 1 to 65535"}
	}
	return &fault{fmt.Sprintf("port %s is out of range", port[1:]), "a port is a number from 1 to 65535"}
}

// missingScheme says what was probably meant.
func missingScheme(s string) error {
	shown, _, _ := strings.Cut(s, "?")
	if strings.Contains(shown, "@") {
		return Misconfigured("", "write SCHEME://HOST:PORT, for example consul://127.0.0.1:8500", "registry URL: no scheme")
	}
	hint := "write SCHEME://HOST:PORT, for example consul://127.0.0.1:8500"
	if url := SuggestURL(shown); url != "" {
		hint = "did you mean " + url + "?"
	}
	return Misconfigured("", hint, "registry URL %q: no scheme", shown)
}

// SuggestURL guesses the registry URL that was meant by an address or a path
// without a scheme, by its usual port or its ending; empty where nothing is
// obvious.
func SuggestURL(s string) string {
	for _, ending := range []string{".yaml", ".yml", ".json"} {
		if strings.HasSuffix(s, ending) {
			return SchemeFile + "://" + s
		}
	}
	s = strings.TrimRight(s, "/")
	for _, usual := range [][2]string{{":8500", "consul"}, {":8501", "consul"}, {":2379", "etcd"}} {
		if strings.HasSuffix(s, usual[0]) && !strings.Contains(s, "/") {
			return usual[1] + "://" + s
		}
	}
	return ""
}

// cutLast cuts around the last sep.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return "", s, false
}

// isWord says whether s can name a source or a scheme.
func isWord(s string) bool {
	for i, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		if !letter && (i == 0 || !strings.ContainsRune("-_.", r)) {
			return false
		}
	}
	return s != ""
}

// String is the URL without the name. Values that may be credentials are
// shown only where they are references.
func (l Location) String() string {
	var b strings.Builder
	switch {
	case len(l.Hosts) == 1 && strings.HasPrefix(l.Hosts[0], "unix://"):
		b.WriteString(l.Scheme + unixSuffix + "://" + escapePath(strings.TrimPrefix(l.Hosts[0], "unix://")))
	default:
		b.WriteString(l.Scheme + "://")
		if l.User != "" {
			b.WriteString(url.PathEscape(l.User) + "@")
		}
		b.WriteString(strings.Join(l.Hosts, ",") + escapePath(l.Path))
	}
	sep := "?"
	for _, key := range sortedKeys(l.Query) {
		for _, value := range l.Query[key] {
			b.WriteString(sep + url.QueryEscape(key) + "=" + showValue(key, value))
			sep = "&"
		}
	}
	return b.String()
}

// escapePath escapes what would end a path or spoil a line, and nothing else: a
// glob stays readable.
func escapePath(path string) string {
	var b strings.Builder
	for i := range len(path) {
		if c := path[i]; c <= ' ' || c == 0x7f || strings.IndexByte("%?#", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
			continue
		}
		b.WriteByte(path[i])
	}
	return b.String()
}

// showValue hides what a person may have put in place of a reference.
func showValue(key, value string) string {
	low := strings.ToLower(key)
	for _, word := range []string{"token", "pass", "secret", "auth", "cred", "apikey", "api_key"} {
		if !strings.Contains(low, word) {
			continue
		}
		if ref, err := fleet.ParseSecretRef(value); err != nil || ref.IsZero() {
			return "***"
		}
		break
	}
	return strings.NewReplacer("%2F", "/", "%3A", ":", "%2C", ",").Replace(url.QueryEscape(value))
}

// Values are the options of the URL for Decode; what is given several times is
// joined by commas.
func (l Location) Values() map[string]any {
	values := make(map[string]any, len(l.Query))
	for key, all := range l.Query {
		values[key] = strings.Join(all, ",")
	}
	return values
}

// CheckNames refuses two locations of one name: every source is named on its
// own.
func CheckNames(locations []Location) error {
	seen := make(map[string]bool, len(locations))
	for _, l := range locations {
		if seen[l.Name] {
			return Misconfigured("", fmt.Sprintf("name them, as in %s2=%s", l.Name, l.String()), "two registries are called %q", l.Name)
		}
		seen[l.Name] = true
	}
	return nil
}

// sortedKeys returns the keys of a map in order.
func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
