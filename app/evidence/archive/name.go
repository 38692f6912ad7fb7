package archive

import (
	"path"
	"strings"
)

// badName says what is wrong with a file's name, as a pack may have it; empty when nothing is. What it admits can be unpacked
// anywhere, and names one file only on systems that do not tell upper from lower case apart.
func badName(name string) string {
	switch {
	case name == "" || len(name) > 200:
		return "it needs 1 to 200 bytes"
	case strings.Trim(name, letters) != "" || strings.ContainsFunc(name, func(r rune) bool { return !strings.ContainsRune(letters, r) }):
		return "only letters, digits, - _ . and / are allowed"
	case strings.HasPrefix(name, "/") || path.Clean(name) != name || strings.HasPrefix(name, ".."):
		return "it leads out of the folder that it is unpacked in, or is not its own shortest form"
	case strings.HasSuffix(name, ".") || strings.Contains(name, "./"):
		return "a part of it ends in a dot"
	}
	return ""
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./"
