package task

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/throughline/throughline/app/atlassian/jira"
	"github.com/throughline/throughline/app/threat"
)

// maxProofs bounds how many links of one note are kept.
const maxProofs = 20

var (
	address  = regexp.MustCompile(`https?://[^\s<>"'|\[\]{}]+`)
	fileName = regexp.MustCompile(`[\pL\pN_-][\pL\pN_.-]*\.[A-Za-z0-9]{1,8}\b`)
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
	for _, f := range files {
		if f.Name != "" && strings.Contains(note, f.Name) {
			add(threat.Proof{Kind: "attachment", URL: f.URL, Name: f.Name})
		}
	}
	return out
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
