package registrytest

// cases is the suite: every case with its rule, in the order in which a red
// one is best looked at.
func cases() []oneCase {
	return []oneCase{
		{"options/defaults", "the defaults are valid, each option has help, each user gets options of their own", "", optionsDefaults},
		{"options/unknown", "an unknown option is refused, with the one that was probably meant", "blackbox_exporter, goreleaser", optionsUnknown},
		{"options/bad-value", "a bad value is refused by the option's name; a literal secret is not repeated", "blackbox_exporter", optionsBadValue},
		{"ability/declared", "what is declared is there, and what is there is declared", "benthos, whose undeclared cases were commented out", abilityDeclared},

		{"list/whole", "List returns exactly what the far end holds, sorted, the same on three calls", "", listWhole},
		{"list/all-or-error", "when a part of the answer cannot be had, List returns an error and nothing", "prometheus #2335, #2924", listAllOrError},
		{"list/one-bad-entry", "one entry that cannot be read does not cost the others; it is reported as a warning that names it", "prometheus #8438", listUnreadable},
		{"list/same-name-twice", "the same service name in two namespaces stays two services", "prometheus #9155", listSameName},
		{"list/cancel", "List returns within a second of being cancelled, and the error is the context's", "", listCancel},
		{"list/deadline", "List returns within a second of its deadline, and the error is the context's", "", listDeadline},
		{"list/empty", "an empty registry is an empty set, not an error", "prometheus #12948", listEmpty},
		{"list/denied", "missing rights are fleet.ErrDenied, never an empty set", "consul under default deny: 200 and an empty list", listDenied},
		{"list/reason", "every failure is a *fleet.Error with a reason of the closed list", "", listReason},

		{"watch/first", "the present set comes at once, before any change", "", watchFirst},
		{"watch/changes", "add, change, remove, remove the last instance, remove a service: always the whole new set", "prometheus #12436, #13147, #19031", watchChanges},
		{"watch/remove-all", "when everything is taken away, the set becomes empty", "prometheus #12436", watchRemoveAll},
		{"watch/outage", "an outage makes no empty and no partial set; afterwards the changes of the meantime are there", "prometheus #2924", watchOutage},
		{"watch/coalesce", "quick changes behind a slow reader are taken together, and the last set is right", "", watchCoalesce},
		{"watch/emit-error", "Watch returns the error of emit at once", "", watchEmitError},
		{"watch/cancel", "Watch returns with the context's error and leaves no goroutine", "", watchCancel},
		{"close/returns", "Close makes what still runs return with an error; closing twice is the same as once", "", closeReturns},

		{"ability/watch", "a driver that declares watch shows a change within 3 s", "", abilityWatch},
		{"register/shows", "what was registered shows up in List and Watch under the key that Register returned", "", registerShows},
		{"register/twice", "registering twice is the same as once; two instances are two", "", registerTwice},
		{"register/other-id", "another id at an address that is taken costs nobody: both are there, or it is ErrTaken and said before", "etcd: the key of gRPC naming is the address", registerOtherID},
		{"deregister/gone", "what was deregistered leaves List and Watch, and nothing else does", "", deregisterGone},
		{"deregister/absent", "deregistering what is not there is fleet.ErrNotFound", "nacos answers ok", deregisterAbsent},
		{"deregister/comeback", "an instance that writes itself again can be seen to go and to come back", "go-zero on etcd", deregisterComeback},
		{"heartbeat/absent", "a heartbeat for an entry that is gone is fleet.ErrNotFound", "etcd: keep-alive of an unknown lease is 200", heartbeatAbsent},
		{"heartbeat/keeps", "heartbeats keep an entry alive beyond its lease; without them it is gone or claimed down", "", heartbeatKeeps},
		{"drain/works", "maintenance shows as a claim with its reason, twice is the same as once, and taking it back restores what was", "", drainWorks},
		{"drain/absent", "draining an instance nobody knows is fleet.ErrNotFound", "", drainAbsent},

		{"safe/concurrent", "a registry can be used by eight callers at once, and each gets whole sets", "nettest", safeConcurrent},
		{"safe/secret", "a credential is in no error, no log line, and nothing that is printed", "restic StripPassword", safeSecret},
	}
}
