// Package static holds what browsers are given as it is: the page that says what answers here.
package static

import "embed"

// Files are served below "/"; index.html is the root's answer.
//
//go:embed index.html style.css
var Files embed.FS
