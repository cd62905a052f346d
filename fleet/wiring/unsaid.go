package wiring

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
)

// mostRead is how much of an answer is looked through for secrets; what is
// longer no adapter takes.
const mostRead = 9 << 20

// secretsOf are the values that one header has and another, the public one, has
// not: credentials, with and without their scheme.
func secretsOf(header, public http.Header) (all []string) {
	for name, values := range header {
		if _, known := public[name]; known {
			continue
		}
		for _, v := range values {
			all = append(all, v)
			if _, bare, ok := strings.Cut(v, " "); ok {
				all = append(all, bare)
			}
			if _, password, ok := (&http.Request{Header: http.Header{"Authorization": {v}}}).BasicAuth(); ok {
				all = append(all, password)
			}
		}
	}
	const least = 4 // what is shorter is in every text
	return slices.DeleteFunc(all, func(s string) bool { return len(s) < least })
}

// unsaid takes what was sent as a secret out of an answer: servers and proxies
// that refuse a request are known to repeat it, and an error shows its first
// words.
func unsaid(resp *http.Response, secrets []string) error {
	if resp.Request != nil { // a token that was fetched for it
		if token := resp.Request.Header.Get("Authorization"); token != "" && !slices.Contains(secrets, token) {
			secrets = append(secretsOf(http.Header{"Authorization": {token}}, nil), secrets...)
		}
	}
	if len(secrets) == 0 {
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, mostRead))
	if closed := resp.Body.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	for _, s := range secrets {
		body = bytes.ReplaceAll(body, []byte(s), []byte("***"))
	}
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	resp.Header.Del("Content-Length")
	return nil
}
