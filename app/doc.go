// Package app composes the rooms below it into one running service, and holds nothing else.
package app
