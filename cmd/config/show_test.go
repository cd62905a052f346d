package config_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/fleet/config"
)

// whole is a file with a bit of everything.
const whole = `contexts:
  - name: prod
    registries:
      - etcd://10.0.0.5:2379
      - {name: green, url: "consul://ops@h:8501", token: file:token, tls: true}
    services:
      - {match: "ord*", profile: shop, dependsOn: [payment]}
    readOnly: true
profiles:
  shop:
    extends: spring
    ports: {admin: 9090}
    slow: 1500ms
    headers: {X-Odd: "true", X-Angle: "<b>&"}
    auth: {bearer: {cmd: [vault, read]}}
`

// TestShowAsJSON: the same as the YAML, in the same order, and what is shown
// reads as the same configuration, JSON being YAML.
func TestShowAsJSON(t *testing.T) {
	w := newWorld(t)
	path := w.write(t, whole)
	out, errs, err := w.run("show", "-o", "json")
	if err != nil || errs != "from "+path+"\n" || !json.Valid([]byte(out)) {
		t.Fatalf("%q, %q, %v", out, errs, err)
	}
	var doc struct {
		Contexts []struct {
			Name       string
			Registries []any
			ReadOnly   bool
		}
		Profiles map[string]struct {
			Slow    string
			Ports   map[string]int
			Headers map[string]string
		}
	}
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		t.Fatal(err)
	}
	shop := doc.Profiles["shop"]
	if len(doc.Contexts) != 1 || !doc.Contexts[0].ReadOnly || doc.Contexts[0].Registries[0] != "etcd://10.0.0.5:2379" || shop.Slow != "1.5s" || shop.Ports["admin"] != 9090 {
		t.Errorf("%+v", doc)
	}
	if shop.Headers["X-Odd"] != "true" || shop.Headers["X-Angle"] != "<b>&" {
		t.Errorf("texts are changed: %+v", shop.Headers)
	}
	if at := strings.Index; at(out, `"contexts"`) > at(out, `"profiles"`) || at(out, `"name": "prod"`) > at(out, `"readOnly"`) || !strings.HasSuffix(out, "}\n") {
		t.Errorf("in another order than the YAML:\n%s", out)
	}
	asYAML, _, err := w.run("show", "-o", "yaml")
	if err != nil {
		t.Fatal(err)
	}
	var read [2]*config.File
	for i, text := range []string{out, asYAML} {
		if read[i], err = config.Parse("shown", []byte(text), config.Known{}); err != nil {
			t.Fatalf("what is shown is refused: %v\n%s", err, text)
		}
	}
	if !reflect.DeepEqual(read[0], read[1]) {
		t.Errorf("two configurations:\n%+v\n%+v", read[0], read[1])
	}
	if plain, _, _ := w.run("show"); plain != asYAML {
		t.Error("YAML is not what is shown without -o")
	}
}

func TestShowFormats(t *testing.T) {
	for _, c := range []struct {
		file, format, out string
		code              app.Code
	}{
		{"", "json", "{}\n", app.OK},
		{"", "yaml", "{}\n", app.OK},
		{"contexts:\nprofiles:\n", "json", "{}\n", app.OK},
		{whole, "table", "", app.Usage},
		{whole, "JSON", "", app.Usage},
		{whole, "", "", app.Usage},
		{bad, "json", "", app.Usage},
		{bad, "yaml", "", app.Usage},
	} {
		w := newWorld(t)
		if c.file != "" {
			w.write(t, c.file)
		}
		out, _, err := w.run("show", "-o", c.format)
		if code(err) != c.code || out != c.out {
			t.Errorf("%.10q -o %s: code %d, %q", c.file, c.format, code(err), out)
		}
		if out, errs, err := w.run("show", "-q", "-o", c.format); code(err) != c.code || out != "" || errs != "" {
			t.Errorf("%.10q -q -o %s: code %d, %q, %q", c.file, c.format, code(err), out, errs)
		}
	}
}

// TestShowKeepsSecretsOut, whatever kind of reference leads to them, in both
// formats.
func TestShowKeepsSecretsOut(t *testing.T) {
	w := newWorld(t)
	path := w.write(t, "contexts: [{name: a, registries: [{url: 'consul://h', token: 'file:token', password: 'env:TOKEN'}]}]\nprofiles: {p: {auth: {bearer: 'env:SHOP'}}}\n")
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), "token"), []byte("s3cret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"yaml", "json"} {
		out, errs, err := w.run("show", "-o", format)
		if err != nil || strings.Contains(out+errs, "s3cret") || !strings.Contains(out, "env:SHOP") || !strings.Contains(out, "file:"+filepath.Join(filepath.Dir(path), "token")) {
			t.Errorf("%s: %v\n%s", format, err, out)
		}
	}
}

// TestTooManyArguments: commands that take none say so.
func TestTooManyArguments(t *testing.T) {
	w := newWorld(t)
	for _, args := range [][]string{{"show", "x"}, {"schema", "x"}, {"path", "x"}, {"validate", "a", "b"}, {"init", "a", "b"}} {
		out, _, err := w.run(args...)
		if err == nil || out != "" {
			t.Errorf("%v: %q, %v", args, out, err)
		}
	}
}

// TestWhichFile: the argument, else the flag, else the variable, else the
// user's own, for every command that reads one.
func TestWhichFile(t *testing.T) {
	w := newWorld(t)
	named := func(name string) string {
		path := filepath.Join(w.home, name+".yaml")
		if err := os.WriteFile(path, []byte("contexts: [{name: "+name+", registries: ['etcd://h']}]\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	flag, variable := named("by-flag"), named("by-variable")
	own := w.write(t, "contexts: [{name: own, registries: ['etcd://h']}]\n")
	for _, c := range []struct {
		variable string
		args     []string
		want     string
	}{
		{variable, []string{"--config", flag}, flag},
		{variable, nil, variable},
		{"", []string{"--config", flag}, flag},
		{"", nil, own},
	} {
		w.vars["MIDWATCH_CONFIG"] = c.variable
		out, errs, err := w.run(append([]string{"show"}, c.args...)...)
		if err != nil || errs != "from "+c.want+"\n" || !strings.Contains(out, "name: "+map[string]string{flag: "by-flag", variable: "by-variable", own: "own"}[c.want]) {
			t.Errorf("show %v: %q, %q, %v", c.args, out, errs, err)
		}
		if out, _, err := w.run(append([]string{"path"}, c.args...)...); err != nil || out != c.want+"\n" {
			t.Errorf("path %v: %q, %v", c.args, out, err)
		}
		if _, errs, err := w.run(append([]string{"validate"}, c.args...)...); err != nil || !strings.HasPrefix(errs, c.want+": 1 context") {
			t.Errorf("validate %v: %q, %v", c.args, errs, err)
		}
	}
	w.vars["MIDWATCH_CONFIG"] = filepath.Join(w.home, "none.yaml")
	for _, command := range []string{"show", "validate"} {
		if out, _, err := w.run(command); code(err) != app.Usage || command == "show" && out != "" {
			t.Errorf("%s of a file that was named and is missing: %q, %v", command, out, err)
		}
	}
}
