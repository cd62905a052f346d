package loose

import (
	"slices"

	"github.com/prometheus/prometheus/tsdb/chunkenc"
)

// How many samples wait unpacked, at most, and how many of them are then packed
// into one chunk. Histograms are large.
const (
	maxPoints, chunkPoints         = 24, 16
	maxHistograms, chunkHistograms = 10, 8
)

// Packing is samples of a tail that are packed while the tail is read, and even
// added to.
type Packing struct {
	points []point
	chunks []chunk
}

// Ripe finds the samples that should be packed now; false where there are none.
func (t *Tail) Ripe() (Packing, bool) {
	n := 0
	switch have := len(t.points); {
	case have >= maxPoints:
		n = chunkPoints
	case have >= maxHistograms && t.points[0].H != nil && t.points[have-1].H != nil:
		n = chunkHistograms
	}
	return Packing{points: t.points[:n]}, n > 0
}

// Pack packs them. Where that fails they stay as they are.
func (p *Packing) Pack() {
	chunks, err := pack(p.points)
	if err != nil {
		*p = Packing{}
		return
	}
	p.chunks = chunks
}

// Replace puts chunks in the place of the samples they were made of.
func (t *Tail) Replace(p Packing) {
	t.chunks = append(t.chunks, p.chunks...)
	t.points = slices.Clone(t.points[len(p.points):])
}

// pack makes chunks of samples: numbers and histograms apart, and a new
// one where histograms do not go on. The samples themselves stay as they are,
// for those who read them now.
func pack(points []point) ([]chunk, error) {
	var list []chunk
	var app chunkenc.Appender
	for _, p := range points {
		kind := chunkenc.EncXOR
		if p.H != nil {
			kind = chunkenc.EncFloatHistogram
		}
		if n := len(list); n == 0 || list[n-1].Encoding() != kind {
			c, err := chunkenc.NewEmptyChunk(kind)
			if err != nil {
				return nil, err
			}
			if app, err = c.Appender(); err != nil {
				return nil, err
			}
			list = append(list, chunk{Chunk: c, from: p.At})
		}
		if p.H == nil {
			app.Append(0, p.At, p.V)
		} else {
			next, again, with, err := app.AppendFloatHistogram(nil, 0, p.At, p.H.Copy(), false)
			if err != nil {
				return nil, err
			}
			app = with
			switch last := &list[len(list)-1]; {
			case next != nil && again:
				last.Chunk = next
			case next != nil:
				list = append(list, chunk{Chunk: next, from: p.At})
			}
		}
		list[len(list)-1].to = p.At
	}
	for i := range list {
		list[i].Compact()
	}
	return list, nil
}
