package doctor

import (
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
)

// meaning says what a failed step means to the person who has to act, and the
// next command or thing to look at.
func meaning(step string, reason fleet.Reason, in *fleet.InstanceView) (words, next string) {
	instance := " " + in.Name + " --instance " + in.ID
	dialled := step == "tcp"
	switch reason {
	case probe.ReasonRefused:
		return "Nothing listens there: the process is gone, or listens elsewhere.",
			"restart it, or take its entry out: midwatch deregister " + in.Key.String()
	case probe.ReasonTimeout:
		if dialled {
			return "The connection is neither taken nor refused: the host is gone, or something drops the packets.",
				"is the host up, and may this machine reach it?"
		}
		return "The process accepts connections and does not answer: it is stuck or starved, not gone.",
			"midwatch check" + instance + " --explain · take it out: midwatch deregister " + in.Key.String()
	case probe.ReasonReset, probe.ReasonClosed:
		return "The process takes the connection and hangs up: it is overloaded, shutting down, or speaks another protocol.", "look at its log"
	case probe.ReasonResolve:
		return "The name does not resolve from here.", "does this machine use the DNS the fleet uses?"
	case probe.ReasonNoRoute:
		return "There is no way to that network from here.", "run it from inside the fleet's network"
	case probe.ReasonCertificate:
		return "Its certificate is not good: callers that verify are refused too.", "renew the certificate, or set tls.serverName in the profile if the name is another"
	case probe.ReasonExpiring:
		return "Its certificate ends soon.", "renew the certificate"
	case probe.ReasonUntrusted:
		return "Its certificate is signed by an authority that is not trusted here: that says nothing of its health.", "name the authority: tls.ca in the profile"
	case probe.ReasonScheme:
		return "TLS and plain are mixed up: that says nothing of its health.", "set scheme in the profile, or the label scheme"
	case probe.ReasonAuth:
		return "It answers and wants credentials: how it is is not known.", "set auth in the profile of " + in.Name
	case probe.ReasonNotFound, probe.ReasonAlike, probe.ReasonPage, probe.ReasonRedirect, probe.ReasonBody, probe.ReasonTCPOnly:
		return "It answers, but not to a question about its health.", "set health_path in its metadata, or health.path in its profile; midwatch check" + instance + " --explain shows what was tried"
	case probe.ReasonGateway:
		return "A gateway in front answers, and cannot reach it.", "ask the instance itself: does its entry name the gateway's address?"
	case probe.ReasonReported, probe.ReasonComponent, probe.ReasonStatus:
		return "It is alive, and says itself that it is not well.", "midwatch check" + instance + " --explain shows its components"
	case probe.ReasonStarting:
		return "It is alive and still starting.", "midwatch wait " + in.Name + " --for up --timeout 2m"
	case probe.ReasonProtocol:
		return "Something else than the expected protocol answers there.", "set probe or ports in the profile"
	default:
		return "It could not be found out how it is.", "midwatch check" + instance + " --explain"
	}
}
