// Command pictures takes the pictures of docs/pictures: the program runs on a
// terminal, on the recording of testdata where it can, so that they do not
// differ between runs; what stands there is drawn cell by cell. It is a module
// of its own, because fonts and pictures are nothing that the tool needs.
//
//	pictures PROGRAM FOLDER [NAME...]
package main

import (
	"bytes"
	"context"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"slices"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) < 2 {
		return fmt.Errorf("usage: pictures PROGRAM FOLDER [NAME...]")
	}
	program, folder, only := args[0], args[1], args[2:]
	for _, w := range walks() {
		for _, l := range looks() {
			wanted := slices.DeleteFunc(slices.Clone(w.shots), func(s shot) bool { return len(only) > 0 && !slices.Contains(only, s.name) })
			if len(wanted) == 0 {
				continue
			}
			w := w
			w.shots = wanted
			if err := w.take(ctx, program, folder, l); err != nil {
				return fmt.Errorf("%s, %s: %w", wanted[0].name, l.name, err)
			}
		}
	}
	return nil
}

// take takes all pictures of a walk, in one look.
func (w *walk) take(ctx context.Context, program, folder string, l look) error {
	home, err := os.MkdirTemp("", "pictures")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(home) }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t, err := start(ctx, program, home, w.command, l)
	if err != nil {
		return err
	}
	defer t.end(cancel)
	if err := t.do(w.steps...); err != nil {
		return err
	}
	for _, s := range w.shots {
		if err := t.resize(s.cols, s.rows); err != nil {
			return err
		}
		if err := t.do(s.steps...); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		picture, err := t.picture(l)
		if err != nil {
			return err
		}
		name := s.name + "-" + l.name + ".png"
		if err := os.WriteFile(filepath.Join(folder, name), picture, 0o644); err != nil {
			return err
		}
		fmt.Printf("%s: %d kB\n", name, (len(picture)+999)/1000)
		if err := t.do(s.after...); err != nil {
			return fmt.Errorf("after %s: %w", s.name, err)
		}
	}
	return nil
}

// picture is what stands on the terminal, as PNG.
func (t *terminal) picture(l look) ([]byte, error) {
	p, err := newPainter(l)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	var b bytes.Buffer
	e := png.Encoder{CompressionLevel: png.BestCompression}
	if err := e.Encode(&b, p.paint(t.vt)); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
