package bolt

import "unsafe"

// stretch is the part of the mapped file that some rows lie on. A walk over a whole ledger would keep all of it in the process's
// memory until the system wants it back: half a gigabyte for a million entries.
type stretch struct{ low, high unsafe.Pointer }

// widest is how long a stretch may be to be given back: rows that lie further apart are few among what others read.
const widest = 16 << 20

// read takes a row into the stretch. The row must be of the read transaction that is open.
func (r *stretch) read(row []byte) {
	if len(row) == 0 {
		return
	}
	first := unsafe.Pointer(unsafe.SliceData(row))
	last := unsafe.Pointer(&row[len(row)-1])
	if r.low == nil || uintptr(first) < uintptr(r.low) {
		r.low = first
	}
	if uintptr(last) > uintptr(r.high) {
		r.high = last
	}
}

// bytes is the stretch; nil when it is none, or too wide.
func (r *stretch) bytes() []byte {
	if r.low == nil {
		return nil
	}
	n := uintptr(r.high) - uintptr(r.low) + 1
	if n > widest {
		return nil
	}
	return unsafe.Slice((*byte)(r.low), n)
}
