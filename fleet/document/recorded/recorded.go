// Package recorded has the document of what a recording holds: the answer of
// replay where no command is to be run.
package recorded

import (
	"iter"

	"github.com/midwatch-cli/midwatch/fleet/document"
)

// Doc says what a recording holds. Its items are the services of its last pass,
// and those that were gone by then.
type Doc struct {
	document.Head
	File            string                  `json:"file" doc:"where it is"`
	SizeBytes       int64                   `json:"sizeBytes" doc:"of the file"`
	Version         string                  `json:"version" doc:"of the midwatch that recorded it"`
	Contexts        []string                `json:"contexts" doc:"that were recorded; one without a name is empty"`
	Selection       []string                `json:"selection" doc:"what chose the services; empty where all were recorded"`
	First           document.Time           `json:"first" doc:"when its first pass was over; null where it has none"`
	Last            document.Time           `json:"last" doc:"when its last pass was over"`
	IntervalSeconds document.Seconds        `json:"intervalSeconds" doc:"between passes, as the recorder was told"`
	Ended           string                  `json:"ended" doc:"why the recorder ended, in words; empty where it was ended by force"`
	Cut             string                  `json:"cut" doc:"where the file ends, where the recorder was ended by force; empty otherwise"`
	Counts          Counts                  `json:"counts" doc:"how many there are of what"`
	Events          map[string]int          `json:"events" doc:"how many events of each kind there are"`
	Items           document.Items[Service] `json:"items" doc:"services, sorted by key"`
	Errors          []document.Error        `json:"errors" doc:"registries that did not answer in the last pass"`
}

// Split is described at document.Document.
func (d Doc) Split() (any, iter.Seq[any]) {
	items := d.Items.Any()
	d.Items = document.Items[Service]{}
	return d, items
}

// Counts is how many there are of what.
type Counts struct {
	Passes    int `json:"passes" doc:"over all contexts"`
	Services  int `json:"services" doc:"in the last pass"`
	Instances int `json:"instances" doc:"in the last pass"`
	Events    int `json:"events" doc:"of all kinds"`
	Series    int `json:"series" doc:"of metrics"`
	Samples   int `json:"samples" doc:"of series"`
}

// Service is one service of a recording.
type Service struct {
	document.Ref
	Status    *document.Status `json:"status" doc:"in the last pass; null where it is not in it"`
	Up        int              `json:"up" doc:"instances that served then"`
	Total     int              `json:"total" doc:"instances there were then"`
	Events    int              `json:"events" doc:"of it and its instances"`
	LastEvent document.Time    `json:"lastEvent" doc:"when the last of them was; null where there was none"`
}
