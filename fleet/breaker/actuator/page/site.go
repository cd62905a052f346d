package page

import (
	"errors"
	"html"
	"net/url"
	"regexp"
	"strings"
)

// Links reads the actuator's index: the path of each endpoint by its name. The
// link circuitbreakers-name is there only where orders can be given.
func Links(data []byte) (map[string]string, error) {
	top, err := readObject(data)
	if err != nil {
		return nil, err
	}
	all := top.get("links")
	if all.Form() != '{' {
		return nil, errors.New("it has no _links")
	}
	links := map[string]string{}
	for _, m := range inside(all) {
		links[m.Name] = "" // whatever its href is, the endpoint is there
		if u, err := url.Parse(inside(m.Value).text("href")); err == nil {
			links[m.Name] = u.Path
		}
	}
	return links, nil
}

// Registration is what serviceregistry says of an instance's entry.
type Registration struct {
	Status   string // UP, DOWN, OUT_OF_SERVICE, ...
	Override string // what replaces it; UNKNOWN where nothing does, empty where the registry knows no overrides
}

// ReadRegistration reads GET serviceregistry: an object from Eureka's client, a
// bare word from Consul's.
func ReadRegistration(data []byte) (Registration, error) {
	doc, err := read(data)
	if err != nil {
		return Registration{}, err
	}
	if word, ok := doc.Text(); ok && word != "" {
		return Registration{Status: word}, nil
	}
	o := inside(doc)
	r := Registration{Status: o.text("status"), Override: o.text("overriddenstatus")}
	if r.Status == "" {
		return Registration{}, errors.New("it has no status")
	}
	return r, nil
}

// Instance is one entry of a Spring Boot Admin server.
type Instance struct {
	ID        string
	Name      string   // of its service
	URLs      []string // service, management, health: those it has
	Endpoints []string // those of its actuator that the server has found
}

var errNoList = errors.New("it is no list of instances")

// Instances reads GET /instances of Spring Boot Admin.
func Instances(data []byte) ([]Instance, error) {
	doc, err := read(data)
	if err != nil {
		return nil, err
	}
	all, ok := doc.Array()
	if !ok {
		return nil, errNoList
	}
	list := []Instance{}
	for _, one := range all {
		o := inside(one)
		if o == nil {
			return nil, errNoList
		}
		in := Instance{ID: o.text("id")}
		r := o.get("registration")
		if in.ID == "" || r.Form() != '{' {
			continue // one that was deregistered, or nothing we know
		}
		in.Name = inside(r).text("name")
		for _, key := range []string{"serviceurl", "managementurl", "healthurl"} {
			if at := inside(r).text(key); at != "" {
				in.URLs = append(in.URLs, at)
			}
		}
		endpoints, _ := o.get("endpoints").Array()
		for _, e := range endpoints {
			in.Endpoints = append(in.Endpoints, inside(e).text("id"))
		}
		list = append(list, in)
	}
	return list, nil
}

// The ways Spring's pages carry a token, or the login form itself.
var (
	inputTag = regexp.MustCompile(`(?is)<(?:input|meta)\b[^<>]*>`)
	attrName = regexp.MustCompile(`(?is)\bname\s*=\s*["']([^"']*)["']`)
	attrData = regexp.MustCompile(`(?is)\b(?:value|content)\s*=\s*["']([^"']*)["']`)
)

// maxForm bounds what is looked at of a page.
const maxForm = 256 << 10

// Form reads what a page of Spring Security holds: the token against forged
// requests, and whether it is a form to log in with.
func Form(data []byte) (token string, login bool) {
	fields := map[string]string{}
	for _, tag := range inputTag.FindAllString(string(data[:min(len(data), maxForm)]), 200) {
		name, value := attrName.FindStringSubmatch(tag), attrData.FindStringSubmatch(tag)
		if name == nil {
			continue
		}
		if value == nil {
			value = []string{"", ""}
		}
		if _, twice := fields[name[1]]; !twice {
			fields[name[1]] = html.UnescapeString(value[1])
		}
	}
	_, login = fields["password"]
	return fields["_csrf"], login
}

// IsHTML says whether an answer is a page for people.
func IsHTML(contentType string, data []byte) bool {
	start := strings.ToLower(strings.TrimSpace(string(data[:min(len(data), 512)])))
	return strings.HasPrefix(contentType, "text/html") || strings.HasPrefix(start, "<!doctype html") || strings.HasPrefix(start, "<html")
}
