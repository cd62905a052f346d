package widget

// Cursor is a row that is chosen by its key: it goes where the key goes. One that
// vanishes leaves the cursor where it was, and takes it back when it returns,
// unless it was moved in between.
type Cursor[K comparable] struct {
	Row  int // of the key, as rows are now
	Top  int // first row that is seen
	want K
	set  bool
	gone bool // what is wanted is not there; Row is in its place
}

// Key is the key that is wanted; false before there ever was a row.
func (c *Cursor[K]) Key() (K, bool) { return c.want, c.set }

// Gone says that the row of the key is not there.
func (c *Cursor[K]) Gone() bool { return c.gone }

// On puts the cursor on a key, wherever its row will be.
func (c *Cursor[K]) On(key K) { c.want, c.set, c.gone = key, true, true }

// Settle finds the row of the key among rows that have changed, and keeps it
// within the rows that are seen.
func (c *Cursor[K]) Settle(keys []K, height int) {
	if len(keys) == 0 {
		c.Row, c.Top, c.gone = 0, 0, c.set
		return
	}
	at := -1
	for i := range keys {
		if c.set && keys[i] == c.want {
			at = i
			break
		}
	}
	c.gone = c.set && at < 0
	switch {
	case at >= 0:
		c.Row = at
	case !c.set:
		c.want, c.set, c.Row = keys[0], true, 0
	default:
		c.Row = min(c.Row, len(keys)-1)
	}
	c.scroll(len(keys), height)
}

// Move goes so many rows up or down and takes the key it comes to.
func (c *Cursor[K]) Move(by int, keys []K, height int) {
	if len(keys) == 0 {
		return
	}
	c.Row = max(0, min(c.Row+by, len(keys)-1))
	c.want, c.set, c.gone = keys[c.Row], true, false
	c.scroll(len(keys), height)
}

// Scroll moves what is seen by so many rows; the cursor goes along only where it
// would not be seen any more.
func (c *Cursor[K]) Scroll(by int, keys []K, height int) {
	height = max(height, 1)
	if len(keys) == 0 {
		return
	}
	c.Top = max(0, min(c.Top+by, len(keys)-height))
	if row := max(c.Top, min(c.Row, c.Top+height-1, len(keys)-1)); row != c.Row {
		c.Move(row-c.Row, keys, height)
	}
}

// scroll moves what is seen as little as it has to.
func (c *Cursor[K]) scroll(n, height int) {
	height = max(height, 1)
	c.Top = min(c.Top, c.Row)
	c.Top = max(c.Top, c.Row-height+1)
	c.Top = max(0, min(c.Top, n-height))
}
