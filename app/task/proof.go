package task

import (
	"cmp"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/throughline/throughline/app/atlassian/jira"
	"github.com/throughline/throughline/app/threat"
)

// maxProofs bounds how many links of one note are kept.
const maxProofs = 20

var (
	address  = regexp.MustCompile(`https?://[^\s<>"'|\[\]{}]+`)
	fileName = regexp.MustCompile(`[\pL\pN_-][\pL\pN_.-]*\.[A-Za-z0-9]{1,8}\b`)
	reports  = regexp.MustCompile(`(?i)\.(pdf|png|jpe?g|gif|webp|txt|log|csv|tsv|xlsx?|docx?|odt|ods|pptx?|sarif|har|pcap|zip|t?gz|eml|msg|mp4|mov|webm)$`)
)

// places are where hosts of code and of builds show a change or a run, by the address's host and path. A host that begins with a
// dot is any below it, an empty one any at all: self-hosted ones are known by their paths alone.
var places = [...]struct {
	kind, host string
	path       *regexp.Regexp
}{
	{"change", "github.com", regexp.MustCompile(`^/[^/]+/[^/]+/(pull/\d+|commit/[0-9a-f]{7,64})(/|$)`)},
	{"run", "github.com", regexp.MustCompile(`^/[^/]+/[^/]+/(actions/runs/\d+|runs/\d+)(/|$)`)},
	{"change", "bitbucket.org", regexp.MustCompile(`^/[^/]+/[^/]+/(pull-requests/\d+|commits/[0-9a-f]{7,64})(/|$)`)},
	{"run", "bitbucket.org", regexp.MustCompile(`^/[^/]+/[^/]+/(addon/)?pipelines/`)},
	{"change", "", regexp.MustCompile(`/-/(merge_requests/\d+|commit/[0-9a-f]{7,64})(/|$)`)}, // GitLab
	{"run", "", regexp.MustCompile(`/-/(pipelines|jobs)/\d+(/|$)`)},
	{"change", "", regexp.MustCompile(`/_git/[^/]+/(pullrequest/\d+|commit/[0-9a-f]{7,64})(/|$)`)}, // Azure DevOps
	{"run", "", regexp.MustCompile(`/_build/results$`)},
	{"change", "", regexp.MustCompile(`^/projects/[^/]+/repos/[^/]+/(pull-requests/\d+|commits/[0-9a-f]{7,64})(/|$)`)}, // Bitbucket Data Center
	{"change", "", regexp.MustCompile(`^/c/.+/\+/\d+(/|$)`)},                                                           // Gerrit
	{"run", "app.circleci.com", regexp.MustCompile(`^/(pipelines|jobs)/`)},
	{"run", "buildkite.com", regexp.MustCompile(`^/[^/]+/[^/]+/builds/\d+(/|$)`)},
	{"run", ".travis-ci.com", regexp.MustCompile(`/builds/\d+(/|$)`)},
	{"run", "", regexp.MustCompile(`/job/[^/]+/\d+(/|$)`)}, // Jenkins
}

// proofs are what a note points to: addresses in it, and files of its ticket that it names. The text is a person's: an address is
// kept as written, and called by the Jira it came through.
func proofs(note string, files []jira.Attachment) []threat.Proof {
	var out []threat.Proof
	add := func(p threat.Proof) {
		if len(out) < maxProofs && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	for _, raw := range address.FindAllString(note, -1) {
		raw = strings.TrimRight(raw, ".,;:!?)")
		if u, err := url.Parse(raw); err == nil && u.Hostname() != "" && u.User == nil {
			add(threat.Proof{Kind: kindOf(u), URL: raw})
		}
	}
	said := address.ReplaceAllString(note, " ")
	for _, f := range files {
		newer := func(o jira.Attachment) bool {
			return o.Name == f.Name && cmp.Or(o.At.Compare(f.At), cmp.Compare(o.ID, f.ID)) > 0
		}
		if names(said, f.Name) && !slices.ContainsFunc(files, newer) { // Jira lets files share a name, and means the newest by it
			add(threat.Proof{Kind: "attachment", URL: f.URL, Name: f.Name, By: f.By, At: f.At, Size: f.Size})
		}
	}
	return out
}

// names reports whether a note names a file, and not only one whose name is longer.
func names(note, file string) bool {
	for at := 0; file != ""; {
		i := strings.Index(note[at:], file)
		if i < 0 {
			return false
		}
		before, _ := utf8.DecodeLastRuneInString(note[:at+i])
		after := note[at+i+len(file):]
		next, _ := utf8.DecodeRuneInString(after)
		if next == '.' { // at a sentence's end, or before a further extension
			next, _ = utf8.DecodeRuneInString(after[1:])
		}
		if !ofName(before) && before != '.' && !ofName(next) {
			return true
		}
		at += i + len(file)
	}
	return false
}

func ofName(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' || r == '-')
}

// lost is what a note seems to mean by a file that its ticket has not; empty when nothing of the kind. Only names are meant that people give to
// reports, pictures and logs: a note may speak of hosts and of source files too.
func lost(note string, files []jira.Attachment) string {
	said := address.ReplaceAllString(note, " ")
	for _, name := range fileName.FindAllString(said, -1) {
		known := slices.ContainsFunc(files, func(f jira.Attachment) bool { return strings.HasSuffix(f.Name, name) && names(said, f.Name) })
		if reports.MatchString(name) && !known {
			return name
		}
	}
	return ""
}

func kindOf(u *url.URL) string {
	host := strings.ToLower(u.Hostname())
	for _, p := range places {
		fits := p.host == "" || host == p.host || strings.HasPrefix(p.host, ".") && strings.HasSuffix("."+host, p.host)
		if fits && p.path.MatchString(u.Path) {
			return p.kind
		}
	}
	return "link"
}

// namesFile reports whether a note may name a file of its ticket, so that looking for one is worth a call.
func namesFile(note string) bool { return fileName.MatchString(address.ReplaceAllString(note, " ")) }

// keptWith says what a verification rests on besides a person's word.
func keptWith(links []threat.Proof) string {
	if len(links) == 0 {
		return ""
	}
	n := map[string]int{}
	for _, l := range links {
		n[l.Kind]++
	}
	var parts []string
	for _, kind := range []string{"change", "run", "attachment", "link"} {
		switch {
		case n[kind] == 1:
			parts = append(parts, "1 "+kind)
		case n[kind] > 1:
			parts = append(parts, fmt.Sprintf("%d %ss", n[kind], kind))
		}
	}
	return ", with " + strings.Join(parts, ", ")
}
