// Package registries is `midwatch registries`: what can be read and written
// where, services and circuit breakers.
package registries

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/render"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	breakers "github.com/midwatch-cli/midwatch/fleet/breaker/all"
	"github.com/midwatch-cli/midwatch/fleet/document"
	"github.com/midwatch-cli/midwatch/fleet/match"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	registries "github.com/midwatch-cli/midwatch/fleet/registry/all"
)

const example = `  midwatch registries
  midwatch registries etcd                         its options
  midwatch registries envoy                        an admin API of breakers
  midwatch registries -o json`

// New returns the command.
func New(a *app.App) *cobra.Command {
	cmd := &cobra.Command{
		Use: "registries [NAME]", Short: "List the kinds of registry and of breaker APIs, what they can do and take", Example: example,
		Long: `registries lists what midwatch can read and write: the kinds of registry, with the URLs
they answer to, and the admin APIs of circuit breakers, with what can be ordered there.
A breaker API is chosen by breakers.api of a profile, or by a built-in profile.`,
		Args: cobra.MaximumNArgs(1), ValidArgs: names(),
		RunE: func(_ *cobra.Command, args []string) error { return run(a, args) },
	}
	a.AddOutput(cmd, false)
	return cmd
}

func names() (out []string) {
	for _, item := range items() {
		out = append(out, item.Name)
	}
	return out
}

// items are all kinds: registries, then breaker APIs.
func items() (all []document.Registry) {
	for _, d := range registries.Drivers() {
		all = append(all, describe(d))
	}
	for _, d := range breakers.Drivers() {
		all = append(all, administration(d))
	}
	return all
}

func run(a *app.App, args []string) error {
	v := render.View{Table: render.Table{Columns: []render.Column{
		{Name: "REGISTRY"}, {Name: "OF", Spare: 1}, {Name: "URL", Spare: 3}, {Name: "ABILITIES", Flex: true}, {Name: "ORDERS", Flex: true, Spare: 2}, {Name: "SUMMARY", Flex: true},
	}}}
	var shown []document.Registry
	for _, item := range items() {
		if len(args) == 1 && item.Name != args[0] {
			continue
		}
		shown = append(shown, item)
		v.Names = append(v.Names, item.Name)
		v.Table.Rows = append(v.Table.Rows, render.Row{Cells: []render.Cell{
			render.Text(item.Name), render.Text(string(item.Of)), render.Text(urls(item.Schemes)),
			render.Text(strings.Join(item.Abilities, ", ")), render.Text(strings.Join(item.Verbs, ", ")), render.Text(item.Summary),
		}})
	}
	if len(shown) == 0 {
		hint := "there are: " + strings.Join(names(), ", ")
		if near := match.Nearest(args[0], names()); len(near) > 0 {
			hint = "did you mean " + near[0] + "?"
		}
		return app.Usagef(hint, "no kind of registry or breaker API is called %q", args[0])
	}
	if len(args) == 1 && len(shown[0].Options) > 0 {
		v.Table = options(find(registries.Drivers(), args[0]))
	}
	v.Document = document.Registries(a.Now(), shown)
	return render.Write(a.IO, a.Output, v)
}

func find(drivers []*registry.Driver, name string) *registry.Driver {
	for _, d := range drivers {
		if d.Name == name {
			return d
		}
	}
	return nil
}

func urls(schemes []string) string {
	var out []string
	for _, s := range schemes {
		out = append(out, s+"://")
	}
	return strings.Join(out, " ")
}

func describe(d *registry.Driver) document.Registry {
	item := document.Registry{Of: "services", Name: d.Name, Schemes: d.Schemes, Summary: d.Summary, Abilities: []string{}, Verbs: []string{}, Options: []document.RegistryOption{}}
	for _, ability := range d.Abilities {
		item.Abilities = append(item.Abilities, string(ability))
	}
	for _, o := range registry.Describe(d.NewOptions()) {
		item.Options = append(item.Options, document.RegistryOption{Name: o.Name, Default: o.Default, Help: o.Help})
	}
	return item
}

// administration is an admin API of breakers.
func administration(d *breaker.Driver) document.Registry {
	item := document.Registry{Of: "breakers", Name: d.Name, Schemes: d.Schemes, Summary: d.Summary, Abilities: []string{}, Verbs: []string{}, Options: []document.RegistryOption{}}
	for _, ability := range d.Abilities {
		item.Abilities = append(item.Abilities, string(ability))
	}
	for _, v := range d.Verbs {
		item.Verbs = append(item.Verbs, string(v))
	}
	return item
}

// options is the table of one kind: what its URL takes.
func options(d *registry.Driver) render.Table {
	t := render.Table{Columns: []render.Column{{Name: "OPTION"}, {Name: "TYPE"}, {Name: "DEFAULT"}, {Name: "MEANING", Flex: true}}}
	for _, o := range registry.Describe(d.NewOptions()) {
		t.Rows = append(t.Rows, render.Row{Cells: []render.Cell{render.Text(o.Name), render.Text(fmt.Sprint(o.Type)), render.Text(o.Default), render.Text(o.Help)}})
	}
	return t
}
