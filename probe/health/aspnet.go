package health

// readASPNET is the JSON of ASP.NET's health checks: `entries` by name, as the
// HealthChecks.UI writer makes it.
func readASPNET(d *document) (Verdict, bool) {
	if !d.says() || !d.has("entries", '{') {
		return Verdict{}, false
	}
	v := say("aspnet", d.status)
	v.Components = gather(d.object.Get("entries"))
	return v, true
}

// readASPNETText is what ASP.NET says without a writer: one word.
func readASPNETText(text string) (Verdict, bool) {
	switch text {
	case "Healthy", "Degraded", "Unhealthy":
		return say("aspnet", text), true
	}
	return Verdict{}, false
}
