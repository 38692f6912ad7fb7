package site

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
)

// Account ids of the people who work on the demo site. Pages that mention them and projects that they lead use these names.
const (
	Dana  = "712020:0b7c9f52-6f0e-4a39-9c1d-2a64d5a1f001" // site administrator
	Amir  = "712020:4f1d2c86-8a57-4be2-8f34-91c0e7b3a002" // software architect, writes most design pages
	Sofia = "712020:9e3a7b15-2c4d-4f68-b7a9-5d8e1f60c003" // security lead, leads project SEC
	Kenji = "5b10ac8d82e05b22cc7d4e04"                    // engineer; an account id of the older shape
	Lucia = "712020:c8d5e6f7-1b2a-4c3d-9e4f-7a8b9c0d1005" // engineer
	Grace = "712020:d2f4a6b8-3c5e-4d7f-8a9b-0c1d2e3f4006" // auditor: reads and comments, cannot be assigned and changes nothing
	Tom   = "712020:e1c3b5a7-9d8f-4e6c-b5a4-3f2e1d0c9007" // left the company: inactive
)

// People are the accounts of the demo site, administrator first.
func People() []User {
	return []User{
		{AccountID: Dana, Name: "Dana Whitfield", Email: "dana@example.com", Type: "atlassian", Active: true},
		{AccountID: Amir, Name: "Amir Haddad", Email: "amir@example.com", Type: "atlassian", Active: true},
		{AccountID: Sofia, Name: "Sofia Lindqvist", Email: "sofia@example.com", Type: "atlassian", Active: true},
		{AccountID: Kenji, Name: "Kenji Mori", Email: "kenji@example.com", Type: "atlassian", Active: true},
		{AccountID: Lucia, Name: "Lucia Ferreira", Email: "lucia@example.com", Type: "atlassian", Active: true},
		{AccountID: Grace, Name: "Grace Okafor", Email: "grace@example.com", Type: "atlassian", Active: true},
		{AccountID: Tom, Name: "Tom Becker", Email: "tom@example.com", Type: "atlassian", Active: false},
	}
}

// On Data Center a person has a username, which the products share where they share a user directory, and in each product a key of
// its own, which stays when the username changes.

// Username is what somebody signs in with on Data Center.
func (u User) Username() string {
	name, _, _ := strings.Cut(u.Email, "@")
	return name
}

// JiraKey is the key of a person in Jira Data Center: for those who came with Jira 8.4 or later JIRAUSER and a number, for those
// who were there before the username of that time.
func (u User) JiraKey() string {
	switch u.AccountID {
	case Dana, Kenji:
		return u.Username()
	}
	return "JIRAUSER" + u.digits()
}

// WikiKey is the key of a person in Confluence Data Center: 32 hexadecimal digits.
func (u User) WikiKey() string {
	sum := sha256.Sum256([]byte("confluence " + u.AccountID))
	return "8a808192" + hex.EncodeToString(sum[:12])
}

// digits are a number of five digits that follows from the account.
func (u User) digits() string {
	sum := sha256.Sum256([]byte("jira " + u.AccountID))
	n := 10100 + int(sum[0])*256 + int(sum[1])
	return strconv.Itoa(n)
}

// WithUsername finds the person of a username, in any case of letters.
func WithUsername(all []User, name string) (User, bool) {
	return find(all, func(u User) bool { return name != "" && strings.EqualFold(u.Username(), name) })
}

// WithWikiKey finds the person of a key of Confluence.
func WithWikiKey(all []User, key string) (User, bool) {
	return find(all, func(u User) bool { return u.WikiKey() == key })
}

func find(all []User, is func(User) bool) (User, bool) {
	if i := slices.IndexFunc(all, is); i >= 0 {
		return all[i], true
	}
	return User{}, false
}
