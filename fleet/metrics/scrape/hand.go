package scrape

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
)

// The series of services that count by hand: they answer
//
//	{"request_count": 1234, "error_count": 21, "response_time_ms": 12.5}
//
// without labels; there are no buckets, so there are no quantiles.
const (
	HandRequests     = "hand_requests_total"             // request_count, a counter
	HandErrors       = "hand_errors_total"               // error_count, a counter: part of the requests
	HandResponseTime = "hand_response_time_milliseconds" // response_time_ms, a gauge: an average, of the service's own making
)

// translate makes a page of an answer that is none and says the same.
func translate(ctx context.Context, client *http.Client, url string, answer *Answer) error {
	start := bytes.TrimLeft(answer.Body, " \t\r\n")
	if len(start) == 0 || start[0] != '{' {
		return nil
	}
	if page, ok := handPage(start); ok {
		answer.Body, answer.Form, answer.Type = page, ByHand, plainText
	} else if names, ok := meterNames(start); ok {
		return fromActuator(ctx, client, url, answer, names)
	}
	return nil
}

// handPage writes the numbers of a service that counts by hand as a page of
// metrics. A number that is missing, or is none, is left out.
func handPage(body []byte) ([]byte, bool) {
	var said struct {
		Requests *float64 `json:"request_count"`
		Errors   *float64 `json:"error_count"`
		Time     *float64 `json:"response_time_ms"`
	}
	if json.Unmarshal(body, &said) != nil || said.Requests == nil || *said.Requests < 0 {
		return nil, false
	}
	var page []byte
	for _, row := range []struct {
		name string
		v    *float64
	}{{HandRequests, said.Requests}, {HandErrors, said.Errors}, {HandResponseTime, said.Time}} {
		if row.v != nil {
			page = append(strconv.AppendFloat(append(append(page, row.name...), ' '), *row.v, 'g', -1, 64), '\n')
		}
	}
	return page, true
}
