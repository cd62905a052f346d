package cmd_test

import (
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDocsPictures: each picture is shown somewhere, on a dark and on a light
// ground, in words for who does not see it; none is large, and none is missing.
func TestDocsPictures(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "docs", "pictures", "*.png"))
	if err != nil || len(files) == 0 {
		t.Fatal("there are no pictures", err)
	}
	there := map[string]bool{}
	for _, path := range files {
		there[filepath.Base(path)] = true
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if info, err := f.Stat(); err != nil || info.Size() > 60_000 {
			t.Errorf("%s has %d bytes: %v", path, info.Size(), err)
		}
		if c, err := png.DecodeConfig(f); err != nil || c.Width < 800 {
			t.Errorf("%s: %v, %d wide", path, err, c.Width)
		}
		f.Close()
	}
	shown := map[string]bool{}
	for name, below := range map[string]string{"README.md": "docs/pictures/", "docs/dashboard.md": "pictures/"} {
		text := page(t, name)
		for _, m := range regexp.MustCompile(`(?:srcset|src)="([^"]+)"`).FindAllStringSubmatch(text, -1) {
			picture, ok := strings.CutPrefix(m[1], below)
			if !ok || !there[picture] {
				t.Errorf("%s shows %s, which is not there", name, m[1])
			}
			shown[picture] = true
		}
		if n, alt := strings.Count(text, "<img "), len(regexp.MustCompile(`<img alt="[^"]{10,}" `).FindAllString(text, -1)); n != alt {
			t.Errorf("%s: %d of %d pictures are told in words", name, alt, n)
		}
	}
	for picture := range there {
		if !shown[picture] {
			t.Errorf("%s is shown nowhere", picture)
		}
		other := strings.NewReplacer("-dark.", "-light.", "-light.", "-dark.").Replace(picture)
		if !there[other] {
			t.Errorf("%s is there, %s is not", picture, other)
		}
	}
}
