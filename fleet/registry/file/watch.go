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
	slow    *time.Ticker
	watcher *fsnotify.Watcher // nil where the system has none to give
	watched []folder          // by the watcher, as they were just before
	alive   int               // watches it had then
	names   []string          // base names of links on the way, and of the file behind them
	far     []string          // the folders they are in, where those are others than ours
}

// folder is what had a name; is is nil where nothing had.
type folder struct {
	name string
	is   os.FileInfo
}

// announce starts to be told of changes. It never fails: at worst the files
// are read every few seconds.
func (f *files) announce() *notifier {
	n := &notifier{slow: time.NewTicker(f.options.Refresh)}
	n.refollow(f)
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
	path := f.path
	if strings.Contains(f.name, "*") {
		path = f.dir
	}
	if target, err := behind(path); err == nil {
		n.reach(f.dir, append(links(path), target))
	}
	const most = 3 // of a folder that is swapped while it is being watched
	for range most {
		now := look(append([]string{f.dir}, n.far...))
		if n.watcher != nil && slices.EqualFunc(n.watched, now, folder.same) && len(n.watcher.WatchList()) == n.alive {
			return nil
		}
		if err := n.renew(now); err != nil {
			return err
		}
	}
	return nil
}

// reach takes down the folders in which these are, beside our own.
func (n *notifier) reach(own string, paths []string) {
	own, err := behind(own)
	if err != nil {
		return
	}
	n.names, n.far = nil, nil
	for _, p := range paths {
		dir, base := filepath.Split(p)
		n.names = append(n.names, base)
		// The same folder under two names would be told of under either of them.
		if dir, err := behind(dir); err == nil && dir != own && !slices.Contains(n.far, dir) {
			n.far = append(n.far, dir)
		}
	}
}

// renew watches folders, the first of which is our own, and no others. The watcher
// is a new one each time: one to which a name is added that leads elsewhere than
// before confuses the two folders, and may panic when either is removed
// (fsnotify/fsnotify#652). What happens meanwhile is read by whoever follows.
func (n *notifier) renew(folders []folder) error {
	n.unwatch()
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	n.watcher = watcher
	for i, d := range folders {
		// Another one that may not be read is looked at now and then, as all are.
		if err := watcher.Add(d.name); err != nil && i == 0 {
			return err
		}
	}
	n.watched, n.alive = folders, len(watcher.WatchList())
	return nil
}

func (n *notifier) unwatch() {
	if n.watcher != nil {
		_ = n.watcher.Close()
	}
	n.watcher, n.watched = nil, nil
}

// look finds out what these names are now.
func look(names []string) []folder {
	found := make([]folder, len(names))
	for i, name := range names {
		found[i].name = name
		found[i].is, _ = os.Stat(name) // what is not there is nil
	}
	return found
}

func (d folder) same(o folder) bool {
	if d.is == nil || o.is == nil {
		return d.name == o.name && d.is == nil && o.is == nil
	}
	return d.name == o.name && os.SameFile(d.is, o.is)
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
	n.unwatch()
}

// change waits for a change and then until it is quiet.
func (n *notifier) change(ctx context.Context, f *files) error {
	var settle <-chan time.Time
	var latest time.Time
	for {
		var events chan fsnotify.Event
		var faults chan error
		if n.watcher != nil { // it may be another one than before
			events, faults = n.watcher.Events, n.watcher.Errors
		}
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
