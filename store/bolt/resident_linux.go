package bolt

import (
	"go.etcd.io/bbolt"
	"golang.org/x/sys/unix"
)

// letGo tells the kernel that none of the mapped file is needed at once. What was read stays in its page cache, as long as it has
// room, and is mapped again when it is read again. It may be called inside a read transaction, with the transaction's own size: that
// keeps the mapping where it is; and by who writes, between transactions, for nobody else moves it. It does not disturb who reads. The
// range must be the mapping's from its beginning, never that of rows: bbolt copies small buckets to Go's own memory, which would be lost.
func letGo(db *bbolt.DB, size int64) {
	if size > 0 {
		// It can only fail for a range that is not mapped; then nothing is let go of.
		_, _, _ = unix.Syscall(unix.SYS_MADVISE, db.Info().Data, uintptr(size), unix.MADV_DONTNEED)
	}
}
