package cmd_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// shellWords takes a command line apart as a shell does, as far as our examples
// go: quotes, and substitutions as one word. It ends where the command does: at
// a pipe, a redirection, a list, or the remark behind two blanks.
func shellWords(line string) (words []string) {
	var word strings.Builder
	in, quote, depth := false, rune(0), 0
	end := func() {
		if in {
			words = append(words, word.String())
		}
		word.Reset()
		in = false
	}
	for i, c := range line {
		switch {
		case depth > 0:
			if c == ')' {
				depth--
			}
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(c)
		case c == '\'' || c == '"':
			quote, in = c, true
		case c == '$' && strings.HasPrefix(line[i:], "$("):
			in = true
			word.WriteString("SUBSTITUTED")
			depth++
		case c == '|' || c == '>' || c == '&' || c == ';':
			end()
			return words
		case c == ' ' && strings.HasPrefix(line[i:], "  "):
			end()
			return words
		case c == ' ':
			end()
		default:
			in = true
			word.WriteRune(c)
		}
	}
	end()
	return words
}

// wrong holds a command line against the tree: there is such a command, it has
// those flags, and, where the line is whole, takes such arguments. What is wrong
// is returned; empty is nothing.
func wrong(line string, whole bool) string {
	words := shellWords(line)
	words[0] = "midwatch"
	var behind []string // -- of demo: a command line of its own
	if i := slices.Index(words, "--"); i > 0 {
		words, behind = words[:i], append([]string{"midwatch"}, words[i+1:]...)
	}
	root := tree()
	root.InitDefaultHelpCmd()
	found, rest, err := root.Find(words[1:])
	if err == nil {
		err = found.ParseFlags(rest)
	}
	switch args := found.Flags().Args(); {
	case err != nil:
		return err.Error()
	case len(args) > 0 && args[0] != "-" && found.HasSubCommands() && !strings.Contains(found.Use, "...") && !strings.Contains(found.Use, "["):
		return "there is no command " + args[0]
	case whole && found.ValidateArgs(args) != nil:
		return found.ValidateArgs(args).Error()
	case len(behind) > 1:
		return wrong(strings.Join(behind, " "), whole)
	}
	return ""
}

func TestWrongExamplesAreFound(t *testing.T) {
	for line, whole := range map[string]bool{
		"midwatch chek": true, "midwatch check --no-such-flag": true, "midwatch changes shwo 1K9": true, "midwatch wait order --timeout soon": true,
		"midwatch breakers show": true, "midwatch config shwo": false, "midwatch demo -- chek": true,
		"midwatch breakers trip order/payment --ttl 10m | cat": false, // nothing is wrong with it
	} {
		if got := wrong(line, whole); (got == "") != strings.HasSuffix(line, "cat") {
			t.Errorf("%s: %q", line, got)
		}
	}
	if got := shellWords(`./midwatch trip 'a b' --reason "it's so" $(midwatch x)   and why`); strings.Join(got, "|") != "./midwatch|trip|a b|--reason|it's so|SUBSTITUTED" {
		t.Errorf("%q", got)
	}
}

// TestEveryExampleParses: no example of a help page is one that the command
// refuses.
func TestEveryExampleParses(t *testing.T) {
	n := 0
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		for line := range strings.SplitSeq(c.Example, "\n") {
			if line = strings.TrimSpace(line); line == "" {
				continue
			}
			before, at, ok := strings.Cut(line, "midwatch ")
			if !ok {
				t.Errorf("%s: example %q is no command of ours", c.CommandPath(), line)
				continue
			}
			if strings.HasSuffix(before, "$(") {
				at, _, _ = strings.Cut(at, ")")
			}
			if bad := wrong("midwatch "+at, true); bad != "" {
				t.Errorf("%s --help: %s: %s", c.CommandPath(), line, bad)
			}
			n++
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(tree())
	if n < 60 {
		t.Errorf("%d examples were read, want all of them", n)
	}
}

// typed finds command lines in pages: in blocks that are indented or fenced, and
// in backticks.
var typed = regexp.MustCompile("(?m)(?:^(?: {4,})?(?:\\$ )?(?:curl \"http://\\$\\()?|`)(?:\\./)?(midwatch [a-z][^`\n]*)")

// TestDocsCommandsParse: what the pages tell people to type can be typed.
func TestDocsCommandsParse(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join("..", "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, name := range append(pages, filepath.Join("..", "README.md")) {
		name := strings.TrimPrefix(filepath.ToSlash(name), "../")
		for _, m := range typed.FindAllStringSubmatch(page(t, name), -1) {
			line := strings.TrimSuffix(m[1], ")/pay\"")
			if bad := wrong(line, !strings.HasPrefix(m[0], "`")); bad != "" {
				t.Errorf("%s: %s: %s", name, line, bad)
			}
			n++
		}
	}
	if n < 30 {
		t.Errorf("%d commands were read in the pages, want all of them", n)
	}
}

// block is the lines from one that begins so to the next empty one, with their
// common indentation taken off.
func block(t *testing.T, text, first string) string {
	t.Helper()
	for _, m := range regexp.MustCompile("(?m)^( *)"+regexp.QuoteMeta(first)+"(?s:.*?)\n *\n").FindAllStringSubmatch(text, -1) {
		return strings.ReplaceAll(m[0], "\n"+m[1], "\n")[len(m[1]):]
	}
	t.Fatalf("there is no block that begins with %q", first)
	return ""
}

// TestReadmeInventory: the registry that the README tells people to write is
// one.
func TestReadmeInventory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fleet.yaml")
	if err := os.WriteFile(path, []byte(block(t, page(t, "README.md"), "services:")), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := run(t, "instances", "-o", "name", "--registry", "file://"+path); code != 0 || out != "payment/payment-1\n" {
		t.Errorf("%d: %s%s", code, out, errs)
	}
}

// TestDocsJSON: what stands as JSON in the contract's page is JSON.
func TestDocsJSON(t *testing.T) {
	n := 0
	for _, m := range regexp.MustCompile(`(?m)^    \{(?s:.*?)\n\n`).FindAllString(page(t, "docs/breaker-api.md"), -1) {
		if n++; !json.Valid([]byte(m)) {
			t.Errorf("docs/breaker-api.md: no JSON: %s", m)
		}
	}
	if n < 4 {
		t.Errorf("%d blocks of JSON were read, want all of them", n)
	}
}
