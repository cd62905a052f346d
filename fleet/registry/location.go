package registry

import "net/url"

// Location is a parsed registry URL:
//
//	[NAME=]SCHEME://[USER@]HOST[,HOST]/PREFIX?key=value
type Location struct {
	Name   string // the source's name; the scheme where none was given
	Scheme string
	User   string
	Hosts  []string   // host:port, as written
	Path   string     // prefix or file path, with its leading slash; empty where there is none
	Query  url.Values // options as written
}
