package config

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/midwatch-cli/midwatch/fleet/config/form"
)

// Getenv looks up an environment variable: os.Getenv, or a test's own.
type Getenv func(name string) string

// maxSize is far more than anybody writes by hand, and little enough that a
// wrong file cannot hold the program up.
const maxSize = 512 << 10

// Find returns the path of the configuration file: the flag, else
// $MIDWATCH_CONFIG (both explicit), else midwatch/midwatch.yaml in the user's
// configuration folder, whether or not it exists. The path is empty where the
// user has no such folder. The working folder is never looked into: a checkout
// must not be able to send tokens somewhere.
func Find(env Getenv, flag string) (path string, explicit bool) {
	if flag != "" {
		return flag, true
	}
	if p := env("MIDWATCH_CONFIG"); p != "" {
		return p, true
	}
	if dir := userConfigDir(env, runtime.GOOS); dir != "" {
		return filepath.Join(dir, "midwatch", "midwatch.yaml"), false
	}
	return "", false
}

// userConfigDir is os.UserConfigDir over a given environment, with the XDG
// variable honoured everywhere. A relative folder counts as not set, as the
// XDG specification wants it.
func userConfigDir(env Getenv, goos string) string {
	switch {
	case filepath.IsAbs(env("XDG_CONFIG_HOME")):
		return env("XDG_CONFIG_HOME")
	case goos == "windows":
		return absolute(env("AppData"))
	case goos == "darwin" || goos == "ios":
		return absolute(env("HOME"), "Library", "Application Support")
	}
	return absolute(env("HOME"), ".config")
}

// absolute joins a path below root; it is empty where root is not absolute.
func absolute(root string, below ...string) string {
	if !filepath.IsAbs(root) {
		return ""
	}
	return filepath.Join(append([]string{root}, below...)...)
}

// Open reads the file that Find names. Where nobody named one and there is
// none, the configuration is empty and that is no error.
func Open(env Getenv, flag string, known Known) (*File, error) {
	path, explicit := Find(env, flag)
	if path == "" {
		return &File{}, nil
	}
	f, err := Load(path, known)
	if err != nil && !explicit && errors.Is(err, fs.ErrNotExist) {
		return &File{}, nil
	}
	return f, err
}

// Load reads and checks a file. What is wrong with it is an *Error with all
// its problems; a file that is missing or cannot be read is one too.
func Load(path string, known Known) (*File, error) {
	data, err := read(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, data, known)
}

func read(path string) ([]byte, error) {
	refuse := func(message, hint string, cause error) error {
		return &Error{Problems: []Problem{{File: path, Message: message, Hint: hint, Cause: cause}}}
	}
	in, err := os.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, refuse("there is no such file", "`midwatch config init` writes one", fs.ErrNotExist)
	case err != nil:
		return nil, refuse("cannot be read: "+form.ReasonOf(err), "", err)
	}
	defer func() { _ = in.Close() }() // read only: nothing can be lost
	data, err := io.ReadAll(io.LimitReader(in, maxSize+1))
	switch {
	case err != nil:
		return nil, refuse("cannot be read: "+form.ReasonOf(err), "", err)
	case len(data) > maxSize:
		return nil, refuse("is larger than 512 KiB", "is it the right file?", nil)
	}
	return data, nil
}
