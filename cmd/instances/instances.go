// Package instances is `midwatch instances`: what the registries hold, by
// instance.
package instances

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/render"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/document"
)

const example = `  midwatch instances
  midwatch instances payment -o wide               labels, leases, endpoints too
  midwatch instances --zone b --service-version 2.4.1 -o name
  midwatch instances -o json --jq '.items[].address'`

// New returns the command.
func New(a *app.App) *cobra.Command {
	return a.Listing(&cobra.Command{
		Use: "instances [SERVICE...]", Short: "List the instances that the registries hold", Example: example,
		Long: "instances lists what the registries hold and asks no instance: midwatch check does.",
	}, view)
}

func view(s *fleet.Snapshot) render.View {
	contexts, sources, namespaces := app.Several(s)
	v := render.View{Document: document.Instances(s, false), Table: render.Table{Columns: []render.Column{
		{Name: "CONTEXT", Wide: !contexts},
		{Name: "SOURCE", Wide: !sources},
		{Name: "NAMESPACE", Wide: !namespaces},
		{Name: "SERVICE"},
		{Name: "INSTANCE"},
		{Name: "ADDRESS"},
		{Name: "ZONE"},
		{Name: "VERSION"},
		{Name: "CLAIMED"},
		{Name: "WEIGHT", Wide: true, Right: true},
		{Name: "LEASE", Wide: true, Right: true},
		{Name: "SEEN", Wide: true},
		{Name: "ENDPOINTS", Wide: true, Flex: true},
		{Name: "LABELS", Wide: true, Flex: true},
	}}}
	var empty []string
	for i := range s.Services {
		svc := &s.Services[i]
		if len(svc.Instances) == 0 {
			empty = append(empty, svc.Name)
		}
		for j := range svc.Instances {
			v.Names = append(v.Names, svc.Instances[j].Key.String())
			v.Table.Rows = append(v.Table.Rows, row(&svc.Instances[j]))
		}
	}
	v.Notes = []string{app.Count(len(v.Table.Rows), "instance") + " of " + app.Count(len(s.Services), "service")}
	if len(empty) > 0 {
		v.Notes = append(v.Notes, "known but empty: "+strings.Join(empty, ", "))
	}
	return v
}

func row(in *fleet.InstanceView) render.Row {
	claimed, weight := "", ""
	if in.Claimed != nil {
		claimed = in.Claimed.String()
		if in.ClaimNote != "" {
			claimed += " (" + in.ClaimNote + ")"
		}
	}
	if in.Weight > 0 {
		weight = fmt.Sprint(in.Weight)
	}
	return render.Row{Cells: []render.Cell{
		render.Text(in.Context), render.Text(in.Source), render.Text(in.Namespace), render.Text(in.Name),
		render.Text(in.ID), render.Text(in.Addr), render.Text(in.Zone), render.Text(in.Version), render.Text(claimed),
		render.Text(weight), render.Took(in.Lease), render.Age(in.LastSeen), render.Text(pairs(in.Endpoints)), render.Text(pairs(in.Labels)),
	}}
}

func pairs(m map[string]string) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, k+"="+m[k])
	}
	return strings.Join(out, ",")
}
