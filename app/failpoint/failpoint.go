// Package failpoint marks the places before and after every commit and every call to a site, where a crash may leave the most unequal
// of two worlds. A build with the tag failpoint can be killed at each of them; in any other build On is false, and the compiler
// leaves nothing of them behind.
package failpoint

// When says on which side of a commit or call a place lies.
type When string

// The sides.
const (
	Before When = "before"
	After  When = "after" // it is done, and nobody here knows yet
)

// Folder is the environment variable that names the folder by which a build with the tag is told where to die. Each time a place is
// reached, its file NAME.reached grows by one byte. While there is a file NAME.armed that holds a number not above that size, the process
// renames it to NAME.fired and kills itself, so that a place kills once. NAME is the place's, escaped as in a URL's path.
const Folder = "THROUGHLINE_FAILPOINTS"
