// Package sandbox is a local Atlassian site: Jira and Confluence with their REST interfaces, webhooks and pages, and the host of
// Connect apps, on one loopback address. It is stateful, it can be kept in a folder, and it can be made to fail.
//
// It knows nothing of the app that is tested against it: it imports only packages of its own.
package sandbox
