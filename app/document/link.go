package document

import "strings"

// IssueKey is the Jira issue key that a URL leads to (".../browse/SEC-12", "...?selectedIssue=SEC-12"), "" when it leads to none.
func IssueKey(url string) string {
	for _, before := range []string{"/browse/", "selectedIssue=", "/issues/"} {
		if i := strings.Index(url, before); i >= 0 {
			if key := LeadingKey(url[i+len(before):]); key != "" {
				return key
			}
		}
	}
	return ""
}

// LeadingKey is the issue key that s begins with, "" when it begins with none: a capital letter, at least one more capital,
// digit or underscore, a hyphen, a number, and then no letter or digit.
func LeadingKey(s string) string {
	i := 0
	for i < len(s) && (isUpper(s[i]) || i > 0 && (isDigit(s[i]) || s[i] == '_')) {
		i++
	}
	if i < 2 || i >= len(s) || s[i] != '-' {
		return ""
	}
	digits := i + 1
	for i = digits; i < len(s) && isDigit(s[i]); i++ {
	}
	if i == digits || i < len(s) && (isUpper(s[i]) || s[i] >= 'a' && s[i] <= 'z' || s[i] == '_') {
		return ""
	}
	return s[:i]
}

func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }
