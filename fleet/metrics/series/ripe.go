package series

// ripe is what a target has that should be packed. It is packed without the
// store's lock: what is visible does not change.
type ripe struct {
	pages  []page
	points map[*tail][]point
	block  *block
	chunks map[*tail][]chunk
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
		if n := of.full(); n > 0 {
			if r.points == nil {
				r.points = map[*tail][]point{}
			}
			r.points[of] = of.points[:n]
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
	for of, points := range r.points {
		chunks, err := packPoints(points)
		if err != nil {
			continue // they stay as they are
		}
		if r.chunks == nil {
			r.chunks = map[*tail][]chunk{}
		}
		r.chunks[of] = chunks
	}
	return r.block != nil || len(r.chunks) > 0
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
	for of, chunks := range r.chunks {
		of.chunks = append(of.chunks, chunks...)
		of.points = drop(of.points, len(r.points[of]))
	}
}
