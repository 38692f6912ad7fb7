// Package command reads what people tell Throughline in comments on a ticket: commands at the beginning of a line. It decides
// nothing: who may do what is the caller's to know.
package command

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
)

// Name is what a command is called, without its slash.
type Name string

// The commands.
const (
	Verify  Name = "verify"
	Accept  Name = "accept-risk"
	Dismiss Name = "dismiss"
	Owner   Name = "owner"
	Reopen  Name = "reopen"
)

// usage is how each is written, in the order in which they are explained.
var usage = [...]struct {
	name Name
	how  string
}{
	{Verify, "/verify what you checked, with links to the change or the run that proves it"},
	{Accept, "/accept-risk until 2027-01-31 why the risk is bearable until then"},
	{Dismiss, "/dismiss why this is no threat"},
	{Owner, "/owner @somebody"},
	{Reopen, "/reopen why it has to be looked at again"},
}

// Usage is an example of how a command is written; empty for none that there is.
func Usage(n Name) string {
	for _, u := range usage {
		if u.name == n {
			return u.how
		}
	}
	return ""
}

// Command is one command as it was written.
type Command struct {
	Name   Name
	Text   string // all of it, on one line and shortened to MaxText bytes
	Note   string // the note of verify, the reason of the others; never empty but for owner
	Until  string // accept-risk: ISO 8601 date
	Person string // owner: account id of who is mentioned
	Wrong  string // why it cannot be read, with how it is written; then Note, Until and Person mean nothing
}

// Bounds of what is read of one comment.
const (
	MaxText     = 2000
	MaxCommands = 5
)

var (
	word    = regexp.MustCompile(`^/([A-Za-z][A-Za-z_-]{2,24})(?:[\s:]|$)`)
	mention = regexp.MustCompile(`\[~(?:accountid:)?([A-Za-z0-9:._@-]{1,128})\]`)
	link    = regexp.MustCompile(`\[(?:[^|\[\]\n]*\|)?(https?://[^|\[\]\s]+)(?:\|[^\[\]\n]*)?\]`)
	day     = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)
	named   = regexp.MustCompile(`\[\^([^\[\]|\n]+)\]`) // an attachment
)

// Parse returns the commands of a comment's text, in wiki markup, in order; at most MaxCommands. Each begins a line, outside of
// quotations and code, and goes on to the next command or the comment's end. What looks like a command but is a misspelt one is
// returned as Wrong; any other line that begins with a slash is text.
func Parse(text string) []Command {
	var out []Command
	var body []string
	var name Name
	var wrong string
	end := func() {
		if name != "" && len(out) < MaxCommands {
			out = append(out, read(name, wrong, body))
		}
		name, wrong, body = "", "", nil
	}
	for _, line := range said(text) {
		line = strings.TrimSpace(line)
		if m := word.FindStringSubmatch(line); m != nil {
			if n, why := known(m[1]); n != "" {
				end()
				name, wrong, body = n, why, []string{line}
				continue
			}
		}
		if name != "" {
			body = append(body, line)
		}
	}
	end()
	return out
}

func read(name Name, wrong string, body []string) Command {
	c := Command{Name: name, Text: clean(strings.Join(body, " ")), Wrong: wrong}
	if wrong != "" {
		return c
	}
	_, rest, _ := strings.Cut(strings.Join(body, " "), body[0][:1+len(wordOf(body[0]))])
	rest = strings.TrimLeft(rest, ": \t")
	switch name {
	case Owner:
		c.Person, c.Wrong = person(rest)
		return c
	case Accept:
		if c.Until, rest, c.Wrong = until(rest); c.Wrong != "" {
			return c
		}
	}
	if c.Note = clean(plain(rest)); c.Note == "" {
		c.Wrong = fmt.Sprintf("it says no reason. Write it like this: %s", Usage(name))
		if name == Verify {
			c.Wrong = fmt.Sprintf("it does not say what was checked. Write it like this: %s", Usage(name))
		}
	}
	return c
}

func wordOf(line string) string { return word.FindStringSubmatch(line)[1] }

// until takes the date off what follows accept-risk.
func until(rest string) (date, reason, wrong string) {
	wrong = fmt.Sprintf("it does not say until when, as a date of the form 2027-01-31. Write it like this: %s", Usage(Accept))
	first, rest, _ := strings.Cut(strings.TrimSpace(rest), " ")
	if !strings.EqualFold(first, "until") {
		return "", "", wrong
	}
	date, reason, _ = strings.Cut(strings.TrimSpace(rest), " ")
	date = strings.Trim(date, "{}*_+,.;:")
	if _, err := time.Parse(time.DateOnly, date); err != nil {
		if day.MatchString(date) {
			wrong = fmt.Sprintf("there is no day %s. Write it like this: %s", date, Usage(Accept))
		}
		return "", "", wrong
	}
	return date, strings.TrimLeft(reason, " -–—:,;"), ""
}

// person is the one account that is mentioned.
func person(rest string) (account, wrong string) {
	for _, m := range mention.FindAllStringSubmatch(rest, -1) {
		if account != "" && account != m[1] {
			return "", fmt.Sprintf("it mentions several people. Mention one: %s", Usage(Owner))
		}
		account = m[1]
	}
	if account == "" {
		return "", fmt.Sprintf("it mentions nobody: type @ and choose a person from the list that appears, so that it becomes a mention. Write it like this: %s", Usage(Owner))
	}
	return account, ""
}

// plain writes links and names of attachments as they read.
func plain(text string) string {
	text = link.ReplaceAllString(text, " $1 ")
	return named.ReplaceAllString(text, "$1")
}

// clean makes foreign text one line of what can be seen, at most MaxText bytes.
func clean(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > MaxText {
		text = strings.ToValidUTF8(text[:MaxText-len("…")], "") + "…"
	}
	return text
}
