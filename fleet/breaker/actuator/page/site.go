package page

import (
	"encoding/json"
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
	if !isObject(top["links"]) {
		return nil, errors.New("it has no _links")
	}
	var raw map[string]struct {
		Href string `json:"href"`
	}
	if err := json.Unmarshal(top["links"], &raw); err != nil {
		return nil, err
	}
	links := make(map[string]string, len(raw))
	for name, link := range raw {
		links[name] = "" // whoever wrote the href, the endpoint is there
		if u, err := url.Parse(link.Href); err == nil {
			links[name] = u.Path
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
	var word string
	if json.Unmarshal(data, &word) == nil && word != "" {
		return Registration{Status: word}, nil
	}
	o, err := readObject(data)
	if err != nil {
		return Registration{}, err
	}
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

// Instances reads GET /instances of Spring Boot Admin.
func Instances(data []byte) ([]Instance, error) {
	var raw []json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return nil, err
	}
	if raw == nil {
		return nil, errors.New("it is no list of instances")
	}
	list := []Instance{}
	for _, one := range raw {
		o, err := readObject(one)
		if err != nil {
			return nil, err
		}
		r, err := readObject(o["registration"])
		if err != nil || o.text("id") == "" {
			continue // an application that was deregistered, or nothing we know
		}
		in := Instance{ID: o.text("id"), Name: r.text("name")}
		for _, key := range []string{"serviceurl", "managementurl", "healthurl"} {
			if at := r.text(key); at != "" {
				in.URLs = append(in.URLs, at)
			}
		}
		var endpoints []struct {
			ID string `json:"id"`
		}
		if json.Unmarshal(o["endpoints"], &endpoints) == nil {
			for _, e := range endpoints {
				in.Endpoints = append(in.Endpoints, e.ID)
			}
		}
		list = append(list, in)
	}
	return list, nil
}

// The ways Spring's pages carry a token, or the login form itself.
var (
	inputTag = regexp.MustCompile(`(?is)<(?:input|meta)\b[^>]*>`)
	attrName = regexp.MustCompile(`(?is)\bname\s*=\s*["']([^"']*)["']`)
	attrData = regexp.MustCompile(`(?is)\b(?:value|content)\s*=\s*["']([^"']*)["']`)
)

// Form reads what a page of Spring Security holds: the token against forged
// requests, and whether it is a form to log in with.
func Form(data []byte) (token string, login bool) {
	fields := map[string]string{}
	for _, tag := range inputTag.FindAllString(string(data), 200) {
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
