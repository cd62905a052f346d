// Package registries is `midwatch registries`: what can be read and written
// where.
package registries

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/render"
	"github.com/midwatch-cli/midwatch/fleet/document"
	"github.com/midwatch-cli/midwatch/fleet/match"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/registry/all"
)

const example = `  midwatch registries
  midwatch registries etcd                         its options
  midwatch registries -o json`

// New returns the command.
func New(a *app.App) *cobra.Command {
	cmd := &cobra.Command{
		Use: "registries [NAME]", Short: "List the kinds of registry, what they can do and take", Example: example,
		Args: cobra.MaximumNArgs(1), ValidArgs: names(),
		RunE: func(_ *cobra.Command, args []string) error { return run(a, args) },
	}
	a.AddOutput(cmd, false)
	return cmd
}

func names() []string {
	var out []string
	for _, d := range all.Drivers() {
		out = append(out, d.Name)
	}
	return out
}

func run(a *app.App, args []string) error {
	drivers := all.Drivers()
	if len(args) == 1 {
		d := find(drivers, args[0])
		if d == nil {
			hint := "there are: " + strings.Join(names(), ", ")
			if near := match.Nearest(args[0], names()); len(near) > 0 {
				hint = "did you mean " + near[0] + "?"
			}
			return app.Usagef(hint, "no kind of registry is called %q", args[0])
		}
		drivers = []*registry.Driver{d}
	}
	v := render.View{Table: render.Table{Columns: []render.Column{{Name: "REGISTRY"}, {Name: "URL"}, {Name: "ABILITIES", Flex: true}, {Name: "SUMMARY", Flex: true}}}}
	if len(args) == 1 {
		v.Table = options(drivers[0])
	}
	var items []document.Registry
	for _, d := range drivers {
		item := describe(d)
		items = append(items, item)
		v.Names = append(v.Names, d.Name)
		if len(args) == 0 {
			v.Table.Rows = append(v.Table.Rows, render.Row{Cells: []render.Cell{
				render.Text(d.Name), render.Text(strings.Join(schemes(d), " ")), render.Text(strings.Join(item.Abilities, ", ")), render.Text(d.Summary),
			}})
		}
	}
	v.Document = document.Registries(a.Now(), items)
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

func schemes(d *registry.Driver) []string {
	var out []string
	for _, s := range d.Schemes {
		out = append(out, s+"://")
	}
	return out
}

func describe(d *registry.Driver) document.Registry {
	item := document.Registry{Name: d.Name, Schemes: d.Schemes, Summary: d.Summary, Abilities: []string{}, Options: []document.RegistryOption{}}
	for _, ability := range d.Abilities {
		item.Abilities = append(item.Abilities, string(ability))
	}
	for _, o := range registry.Describe(d.NewOptions()) {
		item.Options = append(item.Options, document.RegistryOption{Name: o.Name, Default: o.Default, Help: o.Help})
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
