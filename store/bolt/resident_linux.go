package bolt

import (
	"go.etcd.io/bbolt"
	"golang.org/x/sys/unix"
)

// letGo tells the kernel that none of the mapped file is needed at once. What was read stays in its page cache, as long as it has
// room, and is mapped again when it is read again. Only who writes may call it, between transactions: nobody else moves the
// mapping, and it does not disturb who reads it.
func letGo(db *bbolt.DB, size int64) {
	if size > 0 {
		// It can only fail for a range that is not mapped; then nothing is let go of.
		_, _, _ = unix.Syscall(unix.SYS_MADVISE, db.Info().Data, uintptr(size), unix.MADV_DONTNEED)
	}
}
