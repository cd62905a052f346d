package exposition

import "slices"

// handOn gives the visitor all that was read.
func (r *reading) handOn(v Visitor) {
	r.name(v)
	for i := range r.staged {
		s := &r.staged[i]
		switch id := r.lines[s.line].id; {
		case id >= firstNot:
			continue
		case s.hist != nil:
			v.Histogram(id, s.at, s.hist)
		default:
			v.Value(id, s.at, s.value)
		}
		r.report.Samples++
	}
	if len(r.staged) == 0 && r.report.Dropped == 0 {
		r.add("it holds no samples")
	}
	r.odd.tell(&r.report)
}

// name gets ids for the series that have none. Two that are written differently
// may be the same.
func (r *reading) name(v Visitor) {
	if len(r.fresh) == 0 {
		return
	}
	has := r.ids()
	for _, f := range r.fresh {
		here := &r.lines[f.line]
		raw := r.text[here.raw:here.end]
		id, ok := v.New(f.labels)
		switch {
		case !ok:
			for _, rest := range r.fresh {
				if r.lines[rest.line].id == unread {
					r.drop(&r.odd.full, raw) // to be tried again
				}
			}
			return
		case has(id):
			here.id = repeated
			r.note(&r.odd.repeated, raw)
			r.report.Dropped++
		default:
			here.id = id
		}
	}
}

// ids says whether a line has an id, of those that are given out meanwhile too.
func (r *reading) ids() func(id uint32) bool {
	const few = 8
	if len(r.fresh) <= few { // to look through them costs less
		return func(id uint32) bool { return slices.ContainsFunc(r.lines, func(l line) bool { return l.id == id }) }
	}
	has := make(map[uint32]bool, len(r.lines))
	for i := range r.lines {
		has[r.lines[i].id] = true
	}
	return func(id uint32) bool {
		was := has[id]
		has[id] = true
		return was
	}
}

// drop counts a sample that is not kept and will be tried again.
func (r *reading) drop(o *oddity, raw []byte) {
	r.note(o, raw)
	r.report.Dropped++
	r.same = false
	r.kept = r.done
}
