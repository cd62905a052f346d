// Package services is `midwatch services`: what the registries hold, by
// service.
package services

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/render"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/document"
)

const example = `  midwatch services
  midwatch services --registry etcd://127.0.0.1:2379 -o json
  midwatch services 'ord*' -l team=shop -o name
  midwatch services -w                             redrawn as the registries change`

// New returns the command.
func New(a *app.App) *cobra.Command {
	return a.Listing(&cobra.Command{
		Use: "services [SERVICE...]", Aliases: []string{"ls"}, Short: "List the services that the registries hold", Example: example,
		Long: "services lists what the registries hold and asks no instance: midwatch check does.",
	}, view)
}

func view(s *fleet.Snapshot) render.View {
	contexts, sources, namespaces := app.Several(s)
	v := render.View{Document: document.Services(s), Table: render.Table{Columns: []render.Column{
		{Name: "CONTEXT", Wide: !contexts},
		{Name: "SOURCE", Wide: !sources},
		{Name: "NAMESPACE", Wide: !namespaces},
		{Name: "SERVICE"},
		{Name: "INSTANCES", Right: true},
		{Name: "VERSIONS", Flex: true},
		{Name: "ZONES", Flex: true},
		{Name: "CLAIMED", Flex: true},
		{Name: "DEPENDS ON", Wide: true, Flex: true},
	}}}
	instances := 0
	for i := range s.Services {
		svc := &s.Services[i]
		instances += len(svc.Instances)
		v.Names = append(v.Names, svc.Name)
		v.Table.Rows = append(v.Table.Rows, render.Row{Cells: []render.Cell{
			render.Text(svc.Context), render.Text(svc.Source), render.Text(svc.Namespace), render.Text(svc.Name),
			render.Text(fmt.Sprint(len(svc.Instances))),
			render.Text(tally(svc, func(in *fleet.InstanceView) string { return in.Version })),
			render.Text(tally(svc, func(in *fleet.InstanceView) string { return in.Zone })),
			render.Text(tally(svc, claim)),
			render.Text(strings.Join(svc.DependsOn, ", ")),
		}})
	}
	v.Notes = []string{app.Count(len(s.Services), "service") + ", " + app.Count(instances, "instance")}
	return v
}

func claim(in *fleet.InstanceView) string {
	if in.Claimed == nil {
		return ""
	}
	return in.Claimed.String()
}

// tally says what values a field has and, where they differ, how often:
// "2.4.1 ×3, 2.4.0".
func tally(s *fleet.ServiceView, field func(*fleet.InstanceView) string) string {
	n := map[string]int{}
	var order []string
	for i := range s.Instances {
		f := field(&s.Instances[i])
		if f == "" {
			continue
		}
		if n[f] == 0 {
			order = append(order, f)
		}
		n[f]++
	}
	for i, f := range order {
		if len(order) > 1 && n[f] > 1 {
			order[i] = fmt.Sprintf("%s x%d", f, n[f])
		}
	}
	return strings.Join(order, ", ")
}
