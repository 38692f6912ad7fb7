//go:build !linux

package bolt

// release does nothing: the system takes memory of mapped files back when it needs it.
func (r *stretch) release() {}
