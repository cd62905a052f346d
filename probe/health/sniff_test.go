package health_test

import (
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/probe/health"
)

// TestPrecedence has bodies that two dialects could claim. Which one reads them
// decides what is shown, so it must not change by the way.
func TestPrecedence(t *testing.T) {
	for what, c := range map[string]struct {
		status     int
		kind, body string
		want       string
	}{
		"components win over a list of checks":               {200, "", `{"status":"UP","components":{"a":{"status":"UP"}},"checks":[{"name":"b","status":"DOWN"}]}`, "spring well a=well"},
		"components win over entries":                        {200, "", `{"status":"Healthy","components":{},"entries":{"a":{"status":"Unhealthy"}}}`, "spring well"},
		"components win over the media type of health+json":  {200, "application/health+json", `{"status":"pass","components":{"a":{"status":"fail"}}}`, "spring well lie a=ill"},
		"groups alone are Spring's":                          {503, "", `{"status":"DOWN","groups":["liveness"],"details":{"db":{"status":"DOWN"}}}`, "spring ill db=ill"},
		"groups that are no list are not":                    {200, "", `{"status":"UP","groups":{"a":1}}`, "status well"},
		"details in upper case are Spring's":                 {200, "", `{"status":"UP","details":{"db":{"status":"UP"}}}`, "spring well db=well"},
		"details in lower case are not":                      {200, "", `{"status":"up","details":{"db":{"status":"up"}}}`, "alexliesenfeld well db=well"},
		"info beside details is terminus'":                   {200, "", `{"status":"OK","info":{"db":{"status":"up"}},"error":{},"details":{"db":{"status":"up"}}}`, "terminus well db=well"},
		"an empty info is not enough":                        {200, "", `{"status":"up","info":{},"details":{"db":{"status":"up"}}}`, "alexliesenfeld well db=well"},
		"lists under details are health+json's, draft 01":    {200, "", `{"status":"pass","details":{"db":[{"status":"pass"}]}}`, "ietf well db=well"},
		"lists under checks are health+json's":               {200, "", `{"status":"pass","checks":{"db":[{"status":"warn"}]}}`, "ietf well lie db=warn"},
		"one check that is no list is not":                   {200, "", `{"status":"pass","checks":{"db":[{"status":"pass"}],"q":{"status":"fail"}}}`, "status well lie db=well q=ill"},
		"a list of checks wins over the media type":          {200, "application/health+json", `{"status":"UP","checks":[{"name":"a","status":"UP"}]}`, "microprofile well a=well"},
		"a list of checks without names is nobody's":         {200, "", `{"status":"UP","checks":[{"status":"DOWN"}]}`, "status well lie 1=ill"},
		"entries are ASP.NET's":                              {200, "", `{"status":"Healthy","entries":{},"results":{"a":{"status":"Unhealthy"}}}`, "aspnet well"},
		"results are ASP.NET's own sample, nobody's":         {503, "", `{"status":"Unhealthy","results":{"a":{"status":"Unhealthy","description":"gone"}}}`, "status ill a=ill(gone)"},
		"failures win over details":                          {200, "", `{"status":"OK","failures":{},"details":{"db":{"status":"DOWN"}},"timestamp":"x"}`, "spring well lie db=ill"},
		"flat words in upper case are Spring Boot 1's":       {200, "", `{"status":"UP","db":{"status":"UP"}}`, "spring well db=well"},
		"flat words in lower case are nobody's":              {200, "", `{"status":"up","db":{"status":"down"}}`, "status well"},
		"one fact beside flat words is enough":               {200, "", `{"status":"UP","db":{"status":"DOWN"},"version":"1"}`, "status well"},
		"a flag in each is Dropwizard's":                     {200, "", `{"a":{"healthy":true,"status":"DOWN"}}`, "dropwizard ill a=ill"},
		"a flag in some is not":                              {200, "", `{"a":{"healthy":true},"b":{"status":"UP"}}`, "- none"},
		"status wins over healthy":                           {200, "", `{"status":"DOWN","healthy":true}`, "status ill"},
		"health wins over state":                             {200, "", `{"state":"RUNNING","health":"red"}`, "status ill state=well"},
		"a number under status leaves it to the flag":        {200, "", `{"status":0,"ok":true}`, "status well"},
		"lower case wins over upper case":                    {200, "", `{"Status":"Down","status":"up"}`, "status well lie Status=ill"},
		"the outer word wins over the inner":                 {200, "", `{"status":"up","data":{"status":"DOWN"}}`, "status well"},
		"a word of checks wins over an error beside it":      {200, "", `{"status":"UP","error":"ignored"}`, "status well"},
		"Kubernetes' lines win over the list they look like": {200, "", "[+]a ok\n[+]b ok\nhealthz check passed", "kubernetes well a=well b=well"},
		"a list of numbers is no list of checks":             {200, "", "[-1,+1]", "- none unreadable"},
		"a quoted word is the word":                          {503, "application/json", `"DOWN"`, "text ill"},
		"a quoted page is no page":                           {200, "", `"<html>"`, "- none"},
		"ASP.NET's own spelling":                             {200, "text/plain", "Healthy", "aspnet well"},
		"and any other":                                      {200, "text/plain", "HEALTHY", "text well"},
	} {
		if got := summary(health.Read(answered(c.status, c.body, "Content-Type", c.kind))); got != c.want {
			t.Errorf("%s: %s\n got %s\nwant %s", what, c.body, got, c.want)
		}
	}
}

// TestComponents has the trees: nested, grouped, in lists, under the names that
// are in use, and what in them is no component.
func TestComponents(t *testing.T) {
	for _, c := range []struct{ body, want string }{
		// Spring: contributors inside contributors, hidden details, groups on composites.
		{
			`{"status":"UP","components":{"broker":{"status":"UP","components":{"eu":{"status":"UP","components":{"n1":{"status":"DOWN","details":{"error":"refused"}}}},"us":{"status":"UP"}}}}}`,
			"spring well lie broker=well broker/eu=well broker/eu/n1=ill(refused) broker/us=well",
		},
		{`{"status":"UP","components":{"db":{"status":"UP","groups":["readiness"]}},"groups":["readiness"]}`, "spring well db=well"},
		{`{"status":"DOWN","components":{"db":{"status":"DOWN"},"ping":{"status":"UP"},"cache":{"status":"UNKNOWN"},"mq":{"status":"OUT_OF_SERVICE"}}}`, "spring ill cache=unknown db=ill mq=ill ping=well"},
		{`{"status":"UP","details":{"db":{"status":"UP","details":{"main":{"status":"UP","details":{"database":"H2"}},"ro":{"status":"DOWN","details":{"error":"x"}}}}}}`, "spring well lie db=well db/main=well db/ro=ill(x)"},
		{`{"status":"DOWN","components":{"db":{"status":"DOWN","description":"main","details":{"error":"a","message":"b"}}}}`, "spring ill db=ill(main)"},
		{`{"status":"UP","components":{"disk":{"status":"UP","details":{"free":10,"exists":true}}}}`, "spring well disk=well"},
		{`{"status":"UP","components":{"x":{"details":{}},"y":null,"z":3,"w":"UP"}}`, "spring well w=well"},
		{`{"status":"UP","components":{"":{"status":"DOWN"}}}`, "spring well lie =ill"},
		// Lists: names under other keys, no names at all, several of one name.
		{`{"status":"UP","checks":[{"name":"b","status":"UP"},{"name":"a","status":"DOWN","data":{"why":1}}]}`, "microprofile well lie a=ill b=well"},
		{`{"status":"UP","checks":[{"name":"a","status":"UP"},{"name":"a","status":"DOWN"}]}`, "microprofile well lie a=well a=ill"},
		{`{"status":"ok","services":[{"id":"x","state":"up"},{"key":"y","ok":false,"reason":"z"}]}`, "status well lie x=well y=ill(z)"},
		{`{"status":"ok","dependencies":[{"healthy":true},{"healthy":false}]}`, "status well lie 1=well 2=ill"},
		{`{"status":"ok","dependencies":["db: ok",7,null,"mq: down"]}`, "status well"},
		{`{"status":"ok","dependencies":["ok","down: refused"]}`, "status well lie 1=well 2=ill(refused)"},
		// health+json: several measurements of one name; one alone keeps it.
		{`{"status":"pass","checks":{"cpu:utilization":[{"componentId":"a","status":"pass"},{"status":"warn"}],"uptime":[{"observedValue":1,"observedUnit":"s","status":"pass"}]}}`, "ietf well lie cpu:utilization/2=warn cpu:utilization/a=well uptime=well(1 s)"},
		{`{"status":"pass","checks":{"a":[{"observedValue":0.25}],"b":[]}}`, "ietf well"},
		// Words with their reason behind a colon, flags, and what is a fact.
		{`{"status":"ok","checks":{"db":"up","mq":"error: refused: port 5672","since":"yesterday","size":3}}`, "status well lie db=well mq=ill(refused: port 5672)"},
		{`{"status":"ok","checks":{"db":true,"mq":false,"list":[],"more":{}}}`, "status well lie db=well mq=ill"},
		{`{"status":"ok","checks":{},"details":{"db":{"state":"red"}}}`, "status well lie db=ill"},
		{`{"status":"ok","checks":"all fine","details":[]}`, "status well"},
		{`{"status":"ok","db":"ok","build":"1.2.3"}`, "status well"},
		{`{"db":{"healthy":false,"error":"gone"},"mq":{"healthy":false,"message":"late"},"up":{"healthy":true}}`, "dropwizard ill db=ill(gone) mq=ill(late) up=well"},
	} {
		if got := summary(health.Read(answered(200, c.body))); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.body, got, c.want)
		}
	}
}

// TestComplaints puts what is wrong into few words.
func TestComplaints(t *testing.T) {
	for _, c := range []struct{ body, want string }{
		{`{"status":"DOWN"}`, "says DOWN"},
		{`{"status":"DOWN","error":"down"}`, "says DOWN"},
		{`{"status":"DOWN","error":"no space left"}`, "DOWN: no space left"},
		{`{"status":"DOWN","components":{"db":{"status":"DOWN"}}}`, "db down"},
		{`{"status":"DOWN","components":{"a":{"status":"WARN","error":"late"},"b":{"status":"DOWN","error":"gone"}}}`, "b down: gone (and 1 more)"},
		{`{"status":"DOWN","components":{"a":{"status":"WARN"},"b":{"status":"DOWN"},"c":{"status":"FATAL"},"d":{"status":"WARN"}}}`, "b down (and 3 more)"},
		{`{"status":"WARN","components":{"a":{"status":"UP"},"b":{"status":"UNKNOWN"}}}`, "says WARN"},
		{`{"status":"DOWN","checks":{"queue":false,"disk":true}}`, "queue failed"},
		{`{"db":"OK","dns":"lookup failed"}`, "dns failed: lookup failed"},
	} {
		if got := health.Read(answered(503, c.body)).Complaint(); got != c.want {
			t.Errorf("%s: %q, want %q", c.body, got, c.want)
		}
	}
}

// TestWhole: where nothing speaks for the whole, the worst of the parts does.
func TestWhole(t *testing.T) {
	part := func(words ...string) (all []health.Component) {
		for _, text := range words {
			w, _, _ := health.ParseWord(text)
			all = append(all, health.Component{Name: text, Word: w, Text: text})
		}
		return all
	}
	for words, want := range map[string]string{
		"":                    "none ",
		"ok":                  "well ok",
		"ok up":               "well ok",
		"ok unknown":          "unknown unknown",
		"unknown warn ok":     "warn warn",
		"warn down unknown":   "ill down",
		"ok starting":         "unknown starting",
		"down out_of_service": "ill down",
	} {
		v := health.Whole("x", part(strings.Fields(words)...))
		if got := v.Word.String() + " " + v.Text; got != want || v.Draining || v.Starting != (v.Text == "starting") || v.Dialect != "x" {
			t.Errorf("%q: %q, draining %v, starting %v; want %q", words, got, v.Draining, v.Starting, want)
		}
	}
}
