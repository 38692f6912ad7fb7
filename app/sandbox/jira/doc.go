// Package jira is the sandbox site's Jira: projects, issues with a workflow and a changelog, comments, entity properties, remote
// links and search, answered over REST v2 (rich text as wiki markup) and v3 (rich text as Atlassian Document Format) with
// Atlassian's own statuses and error shapes, and told to listeners as Atlassian's webhook payloads.
//
// Sources: the OpenAPI document of Jira Cloud REST v3 (April 2026) for shapes; the platform's behaviour where it says nothing.
package jira
