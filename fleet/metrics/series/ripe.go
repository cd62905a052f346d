package series

import "github.com/midwatch-cli/midwatch/fleet/metrics/series/loose"

// ripe is what a target has that should be packed. It is packed without the
// store's lock: what is visible does not change.
type ripe struct {
	pages []page
	block *block
	tails map[*tail]*loose.Packing
}

// ripe finds what should be packed. The store's lock is held.
func (t *Target) ripe() ripe {
	var r ripe
	// The newest page stays as it is: the next one is compared with it.
	if len(t.pages) > t.due {
		r.pages = t.pages[:t.due]
	}
	for _, l := range t.pending {
		of := t.loose[l.slot]
		if of == nil {
			continue // it has left the window at once
		}
		if p, ok := of.Ripe(); ok {
			if r.tails == nil {
				r.tails = map[*tail]*loose.Packing{}
			}
			r.tails[of] = &p
		}
	}
	return r
}

// pack packs it; false where there is nothing.
func (r *ripe) pack(s *Store) bool {
	if len(r.pages) > 0 {
		scratch, _ := s.scratch.Get().(*[]byte)
		if scratch == nil {
			scratch = new([]byte)
		}
		r.block, *scratch = pack(r.pages, *scratch)
		s.scratch.Put(scratch)
	}
	for _, p := range r.tails {
		p.Pack()
	}
	return r.block != nil || len(r.tails) > 0
}

// replace puts packed samples in the place of those they were made of. The
// store's lock is held, by the goroutine that appends.
func (t *Target) replace(r ripe) {
	if t.gone {
		return
	}
	if r.block != nil {
		t.blocks = append(t.blocks, r.block)
		t.pages = drop(t.pages, len(r.pages))
		t.due = blockPages
	}
	for of, p := range r.tails {
		of.Replace(*p)
	}
}
