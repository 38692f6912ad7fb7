package bolt

import (
	"os"
	"syscall"
	"unsafe"
)

// release gives the stretch back to the system: the file has its bytes, and whoever reads them again finds them there. It must be
// called inside the read transaction that gave the rows, while the file is mapped.
func (r *stretch) release() {
	b := r.bytes()
	if b == nil {
		return
	}
	begin := unsafe.Pointer(unsafe.SliceData(b))
	into := uintptr(begin) % uintptr(os.Getpagesize()) // the mapping begins on a page, so the page's beginning is in it
	whole := unsafe.Slice((*byte)(unsafe.Add(begin, -int(into))), len(b)+int(into))
	_ = syscall.Madvise(whole, syscall.MADV_DONTNEED) // advice: nothing is lost when it is not taken
}
