package record

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// What was cut or damaged is no error of reading: what stands before it counts.
var (
	errCut     = errors.New("it is cut off there")
	errDamaged = errors.New("it is damaged there")
)

// frame is a part of a file that is compressed by itself.
type frame struct{ offset, size int64 }

// frames finds the parts of a compressed file, without decompressing them. The
// last may be cut off. What is behind something that is no frame is one more,
// which cannot be read.
func frames(file io.ReaderAt, size int64) []frame {
	var all []frame
	r := bufio.NewReaderSize(io.NewSectionReader(file, 0, size), 1<<16)
	for at := int64(0); at < size; {
		n := frameSize(r)
		if n <= 0 || at+n > size {
			return append(all, frame{at, size - at})
		}
		all = append(all, frame{at, n})
		at += n
	}
	return all
}

// frameSize steps over one frame, and says how long it is; 0 where it cannot be
// told.
func frameSize(r *bufio.Reader) int64 {
	const longest, blockHead, checksum = zstd.HeaderMaxSize, 3, 4
	head, _ := r.Peek(longest)
	var h zstd.Header
	if h.Decode(head) != nil {
		return 0
	}
	n := int64(h.HeaderSize)
	if h.Skippable {
		n += int64(h.SkippableSize)
		return skip(r, n, n)
	}
	if skip(r, n, n) == 0 {
		return 0
	}
	for last := false; !last; {
		b, err := r.Peek(blockHead)
		if err != nil {
			return 0
		}
		block := uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16
		last = block&1 == 1
		length := int64(block >> 3)
		if block>>1&3 == 1 {
			length = 1 // one byte, many times
		}
		n += blockHead + length
		if skip(r, blockHead+length, n) == 0 {
			return 0
		}
	}
	if h.HasCheckSum {
		n += checksum
		return skip(r, checksum, n)
	}
	return n
}

// skip steps over some bytes; it returns whole, or 0 where the file ends before.
func skip(r *bufio.Reader, n, whole int64) int64 {
	for n > 0 {
		step, err := r.Discard(int(min(n, 1<<30)))
		if n -= int64(step); err != nil {
			return 0
		}
	}
	return whole
}

// compressed says whether a file begins as zstd does: with a frame, or one that
// is to be skipped.
func compressed(file io.ReaderAt) bool {
	var magic [4]byte
	if n, _ := file.ReadAt(magic[:], 0); n < len(magic) {
		return false
	}
	m := binary.LittleEndian.Uint32(magic[:])
	return m == 0xfd2fb528 || m&^0xf == 0x184d2a50
}

// text is what some frames hold, one after the other. It notes where in the text
// each begins.
type text struct {
	file   io.ReaderAt
	frames []frame // those to come
	zip    *zstd.Decoder
	now    io.Reader // the one that is read; nil: none yet
	read   int64     // bytes of text until now
	most   int64
	starts []int64 // of the frames that were begun
}

// newText reads a file from one of its frames on; a plain file is one frame.
func newText(file io.ReaderAt, from []frame, plain bool, most int64) (*text, error) {
	t := &text{file: file, frames: from, most: most}
	if !plain {
		const widest = 64 << 20
		var err error
		if t.zip, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(widest)); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// Read reads on.
func (t *text) Read(p []byte) (int, error) {
	for {
		if t.now == nil {
			if err := t.next(); err != nil {
				return 0, err
			}
		}
		n, err := t.now.Read(p)
		if t.read += int64(n); t.read > t.most {
			return n, fmt.Errorf("it holds more than %d bytes", t.most)
		}
		switch {
		case n > 0:
			return n, nil
		case err == nil:
		case errors.Is(err, io.EOF):
			t.now = nil
		case errors.Is(err, io.ErrUnexpectedEOF):
			return 0, errCut
		case t.zip != nil:
			return 0, fmt.Errorf("%w: %w", errDamaged, err)
		default:
			return 0, err
		}
	}
}

// next begins the next frame.
func (t *text) next() error {
	if len(t.frames) == 0 {
		return io.EOF
	}
	f := t.frames[0]
	t.frames, t.starts = t.frames[1:], append(t.starts, t.read)
	section := io.NewSectionReader(t.file, f.offset, f.size)
	if t.zip == nil {
		t.now = section
		return nil
	}
	t.now = t.zip
	return t.zip.Reset(section)
}

// close gives back what reading took.
func (t *text) close() {
	if t.zip != nil {
		t.zip.Close()
	}
}

// lines reads whole lines of a text. A line that is not ended is none.
type lines struct {
	text    *text
	scan    *bufio.Scanner
	number  int   // of the line that was read last
	offset  int64 // where in the text it begins
	next    int64 // where the next one does
	partial bool  // there was something behind the last line
}

func newLines(t *text, number, longest int) *lines {
	l := &lines{text: t, scan: bufio.NewScanner(t), number: number - 1}
	l.scan.Buffer(nil, longest)
	l.scan.Split(func(data []byte, end bool) (int, []byte, error) {
		if i := bytes.IndexByte(data, '\n'); i >= 0 {
			return i + 1, data[:i], nil
		}
		l.partial = end && len(data) > 0
		return 0, nil, nil
	})
	return l
}

// read returns the next line, good until the one after; io.EOF behind the last,
// errCut or errDamaged where the text is.
func (l *lines) read() ([]byte, error) {
	if !l.scan.Scan() {
		err := l.scan.Err()
		switch {
		case errors.Is(err, bufio.ErrTooLong):
			l.number++
			return nil, errors.New("the line is too long")
		case err == nil && l.partial:
			return nil, errCut
		case err == nil:
			return nil, io.EOF
		}
		return nil, err
	}
	data := l.scan.Bytes()
	l.number++
	l.offset, l.next = l.next, l.next+int64(len(data))+1
	return data, nil
}

// begins says whether the line that was read last begins a frame, and which of
// those the text was made of.
func (l *lines) begins() (which int, yes bool) {
	for i := len(l.text.starts) - 1; i >= 0 && l.text.starts[i] >= l.offset; i-- {
		if l.text.starts[i] == l.offset {
			return i, true
		}
	}
	return 0, false
}
