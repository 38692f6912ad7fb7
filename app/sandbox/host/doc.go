// Package host is the Atlassian side of Connect: it installs apps by the signed handshake, gives each a client key and a secret for
// each product, checks the tokens that apps call with, signs the pages and webhooks that it sends them, and delivers events.
//
// It computes query string hashes and checks tokens with code of its own, so that an app's mistakes are not repeated here. Sources:
// "Understanding JWT for Connect apps" and "Security for Connect apps" (signed install, context-qsh) of Atlassian's documentation.
package host
