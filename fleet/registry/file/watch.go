package file

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/midwatch-cli/midwatch/fleet/registry"
)

// How a change is waited for. A writer that truncates and writes is in the
// middle of it for a moment: the file is read once it was quiet, and what is
// malformed is read again for a while before it is believed.
const (
	quiet      = 50 * time.Millisecond
	hesitation = 500 * time.Millisecond // of a writer between truncating and writing, on a busy machine
	longest    = 500 * time.Millisecond // of changes without a pause
	grace      = time.Second
	again      = 100 * time.Millisecond
	polled     = 5 * time.Second // where the system cannot announce changes
)

// errClosed ends what watches when the registry is closed.
var errClosed = errors.New("file: closed")

// Watch reads the files at once and whenever they change. The folder is
// watched, not the file, so that one put in place by a rename is seen, and so are
// the folders of all symbolic links on the way, which may be swapped. A file
// that stays missing or malformed for a second ends it.
func (f *files) Watch(ctx context.Context, emit func(registry.Set) error) error {
	n := f.announce()
	defer n.close()
	last, err := f.List(ctx)
	if err != nil {
		return err
	}
	if err := emit(last); err != nil {
		return err
	}
	for {
		if err := n.change(ctx, f); err != nil {
			return err
		}
		n.refollow(f) // the link may lead elsewhere now
		set, err := f.settled(ctx, n)
		if err != nil {
			return err
		}
		if registry.Equal(last, set) {
			continue
		}
		last = set
		if err := emit(set); err != nil {
			return err
		}
	}
}

// settled reads the files, again and again for a moment if they are malformed.
func (f *files) settled(ctx context.Context, n *notifier) (registry.Set, error) {
	deadline := time.Now().Add(grace)
	for {
		set, err := f.List(ctx)
		if err == nil || time.Now().After(deadline) {
			return set, err
		}
		if err := f.wait(ctx, again); err != nil {
			return registry.Set{}, err
		}
		n.refollow(f) // a folder that was put back is a new one
	}
}

// wait waits, unless there is nothing to wait for any more.
func (f *files) wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return registry.Explain("file "+clean(f.path), ctx.Err())
	case <-f.closed:
		return errClosed
	case <-timer.C:
		return nil
	}
}

// notifier is told of changes by the system, or by nothing but time.
type notifier struct {
	watcher *fsnotify.Watcher // nil where the system has none to give
	slow    *time.Ticker
	dir     string   // the real folder that is watched under the name of f.dir
	names   []string // base names of links on the way, and of the file behind them
	far     []string // the folders they are in, where those are others
}

// announce starts to be told of changes. It never fails: at worst the files
// are read every few seconds.
func (f *files) announce() *notifier {
	n := &notifier{}
	watcher, err := fsnotify.NewWatcher()
	if err == nil {
		n.watcher = watcher
		err = n.follow(f)
	}
	n.slow = time.NewTicker(f.options.Refresh)
	if err != nil {
		n.unannounced(f, err)
	}
	return n
}

// refollow follows what may lead elsewhere by now. A folder that cannot be watched
// any more must not cost a minute: its files are read more often instead.
func (n *notifier) refollow(f *files) {
	if err := n.follow(f); err != nil {
		n.unannounced(f, err)
	}
}

func (n *notifier) unannounced(f *files, err error) {
	f.log.Debug("changes of files are not announced; reading them every few seconds", "error", err)
	n.slow.Reset(min(f.options.Refresh, polled))
}

// follow watches the folder, those of the links on the way to it, and the one of
// the real file behind a link. What leads nowhere for a moment changes nothing.
func (n *notifier) follow(f *files) error {
	if n.watcher == nil {
		return nil
	}
	path := f.path
	if strings.Contains(f.name, "*") {
		path = f.dir
	}
	folder, err := behind(f.dir)
	if err == nil && folder != n.dir && n.dir != "" {
		_ = n.watcher.Remove(f.dir) // it stays with the folder that had this name
	}
	if target, failed := behind(path); err == nil && failed == nil {
		n.dir = folder
		n.reach(append(links(path), target))
	}
	return n.watcher.Add(f.dir)
}

// reach watches the folders in which these are, and no others beside n.dir.
func (n *notifier) reach(paths []string) {
	var names, far []string
	for _, p := range paths {
		dir, base := filepath.Split(p)
		names = append(names, base)
		// The same folder under two names would be told of under either of them.
		if dir, err := behind(dir); err == nil && dir != n.dir && !slices.Contains(far, dir) {
			far = append(far, dir)
		}
	}
	for _, dir := range n.far {
		if !slices.Contains(far, dir) {
			_ = n.watcher.Remove(dir)
		}
	}
	n.names, n.far = names, far
	for _, dir := range far {
		_ = n.watcher.Add(dir) // one that may not be read is looked at now and then, as all are
	}
}

// behind is where a path leads, by the one name that has no links in it.
func behind(path string) (string, error) {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", err
	}
	return filepath.Abs(path)
}

// links lists the symbolic links that a path leads over.
func links(path string) (found []string) {
	const most = 40 // as the kernel has it, for links that run in a circle
	path, err := filepath.Abs(path)
	if err != nil {
		return nil
	}
	separator := string(filepath.Separator)
	at := filepath.VolumeName(path) + separator
	for rest := strings.Split(path[len(at):], separator); len(rest) > 0 && len(found) < most; {
		next := filepath.Join(at, rest[0])
		rest = rest[1:]
		target, err := os.Readlink(next)
		if err != nil {
			at = next
			continue
		}
		found = append(found, next)
		if filepath.IsAbs(target) {
			at = filepath.VolumeName(target) + separator
			target = target[len(at):]
		}
		rest = append(strings.Split(target, separator), rest...)
	}
	return found
}

func (n *notifier) close() {
	n.slow.Stop()
	if n.watcher != nil {
		_ = n.watcher.Close()
	}
}

// change waits for a change and then until it is quiet.
func (n *notifier) change(ctx context.Context, f *files) error {
	var events chan fsnotify.Event
	var faults chan error
	if n.watcher != nil {
		events, faults = n.watcher.Events, n.watcher.Errors
	}
	var settle <-chan time.Time
	var latest time.Time
	for {
		select {
		case <-ctx.Done():
			return registry.Explain("file "+clean(f.path), ctx.Err())
		case <-f.closed:
			return errClosed
		case <-n.slow.C:
			n.refollow(f)
			return nil
		case err := <-faults:
			f.log.Debug("events of files were lost; reading them again", "error", err)
			return nil
		case <-settle:
			return nil
		case e := <-events:
			if !n.about(f, e) {
				continue
			}
			now := time.Now()
			if latest.IsZero() {
				latest = now.Add(longest)
			}
			settle = time.After(min(quiet, latest.Sub(now)))
		}
	}
}

// about says whether an event can mean our files. Names with two leading dots
// are how Kubernetes swaps all files of a mounted ConfigMap at once.
func (n *notifier) about(f *files, e fsnotify.Event) bool {
	base := filepath.Base(e.Name)
	if filepath.Clean(e.Name) == f.dir {
		n.refollow(f)
		return true
	}
	return f.matches(base) || slices.Contains(n.names, base) || strings.HasPrefix(base, "..")
}
