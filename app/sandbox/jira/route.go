package jira

import (
	"fmt"
	"net/http"

	"github.com/throughline/throughline/app/sandbox/site"
)

type handler func(*call) (status int, body any, refused *Error)

// route is one call of the REST API below /rest/api/2 and /rest/api/3, with the scope that a Connect app needs for it
// (x-atlassian-connect-scope of the OpenAPI document).
type route struct {
	method, path, scope string
	serve               handler
}

func (j *Jira) table() []route {
	const issue = "/issue/{issueIdOrKey}"
	return []route{
		{"POST", "/issue", "WRITE", j.postIssue},
		{"POST", "/issue/bulk", "WRITE", j.postBulk},
		{"POST", "/issue/bulkfetch", "WRITE", j.postBulkFetch},
		{"GET", issue, "READ", j.getIssue},
		{"PUT", issue, "WRITE", j.putIssue},
		{"DELETE", issue, "DELETE", j.deleteIssue},
		{"PUT", issue + "/assignee", "WRITE", j.putAssignee},
		{"GET", issue + "/transitions", "READ", j.listTransitions},
		{"POST", issue + "/transitions", "WRITE", j.postTransition},
		{"GET", issue + "/editmeta", "READ", j.getEditMeta},
		{"GET", issue + "/changelog", "READ", j.getChangelog},
		{"GET", issue + "/comment", "READ", j.listComments},
		{"POST", issue + "/comment", "WRITE", j.postComment},
		{"GET", issue + "/comment/{id}", "READ", j.getComment},
		{"PUT", issue + "/comment/{id}", "WRITE", j.putComment},
		{"DELETE", issue + "/comment/{id}", "DELETE", j.deleteComment},
		{"GET", issue + "/properties", "READ", j.listProperties},
		{"GET", issue + "/properties/{propertyKey}", "READ", j.getProperty},
		{"PUT", issue + "/properties/{propertyKey}", "WRITE", j.putProperty},
		{"DELETE", issue + "/properties/{propertyKey}", "DELETE", j.deleteProperty},
		{"GET", issue + "/remotelink", "READ", j.listRemoteLinks},
		{"POST", issue + "/remotelink", "WRITE", j.postRemoteLink},
		{"DELETE", issue + "/remotelink", "DELETE", j.deleteRemoteLink},
		{"GET", issue + "/remotelink/{linkId}", "READ", j.getRemoteLink},
		{"PUT", issue + "/remotelink/{linkId}", "WRITE", j.putRemoteLink},
		{"DELETE", issue + "/remotelink/{linkId}", "DELETE", j.deleteRemoteLink},
		{"POST", issue + "/attachments", "WRITE", j.postAttachments},
		{"GET", "/attachment/{id}", "READ", j.getAttachment},
		{"DELETE", "/attachment/{id}", "DELETE", j.deleteAttachment},
		{"GET", "/attachment/content/{id}", "READ", j.getContent},
		{"GET", "/issue/createmeta", "READ", j.createMeta},
		{"GET", "/search/jql", "READ", j.getSearch},
		{"POST", "/search/jql", "READ", j.postSearch},
		{"POST", "/search/approximate-count", "READ", j.approximateCount},
		{"GET", "/search", "READ", removedSearch},
		{"POST", "/search", "READ", removedSearch},
		{"GET", "/user", "READ", j.getUser},
		{"GET", "/user/bulk", "READ", j.bulkUsers},
		{"GET", "/user/search", "READ", j.searchUsers},
		{"GET", "/user/assignable/search", "READ", j.searchAssignable},
		{"GET", "/user/assignable/multiProjectSearch", "READ", j.searchMultiProject},
		{"GET", "/myself", "READ", j.getMyself},
		{"GET", "/mypermissions", "READ", j.myPermissions},
		{"GET", "/serverInfo", "READ", j.serverInfo},
		{"GET", "/project", "READ", j.listProjects},
		{"GET", "/project/search", "READ", j.searchProjects},
		{"GET", "/project/{projectIdOrKey}", "READ", j.getProject},
		{"GET", "/project/{projectIdOrKey}/components", "READ", j.projectComponents},
		{"GET", "/project/{projectIdOrKey}/component", "READ", j.pageComponents},
		{"GET", "/project/{projectIdOrKey}/statuses", "READ", j.projectStatuses},
		{"GET", "/project/{projectKeyOrId}/securitylevel", "READ", j.securityLevels},
		{"GET", "/component/{id}", "READ", j.getComponent},
		{"GET", "/issuetype", "READ", j.listTypes},
		{"GET", "/status", "READ", j.listStatuses},
		{"GET", "/statuscategory", "READ", j.listCategories},
		{"GET", "/priority", "READ", j.listPriorities},
		{"GET", "/resolution", "READ", j.listResolutions},
		{"GET", "/label", "READ", j.listLabels},
		{"GET", "/field", "READ", j.listFields},
	}
}

// createMetaTable stands apart because a mux cannot order createmeta/{…}/issuetypes and {issueIdOrKey}/comment/{id}.
func (j *Jira) createMetaTable() []route {
	const meta = "/issue/createmeta/{projectIdOrKey}/issuetypes"
	return []route{{"GET", meta, "READ", j.createMetaTypes}, {"GET", meta + "/{issueTypeId}", "READ", j.createMetaFields}}
}

func (j *Jira) mux(table []route, versions ...version) *http.ServeMux {
	mux := http.NewServeMux()
	for _, v := range versions {
		for _, r := range table {
			mux.HandleFunc(fmt.Sprintf("%s /rest/api/%d%s", r.method, v.number(), r.path), j.serve(v, r))
		}
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		c := &call{j: j, w: w, r: r}
		c.answer(http.StatusNotFound, object{"message": "null for uri: " + j.site.BaseURL() + r.URL.Path, "status-code": http.StatusNotFound}, nil)
	})
	return mux
}

func (j *Jira) serve(v version, rt route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c := &call{j: j, w: w, r: r, v: v, actor: j.site.Caller(r.Context())}
		if !site.Allowed(r.Context(), rt.scope) {
			c.answer(0, nil, refuse(http.StatusForbidden, "The app has not the scope %s that this call needs.", rt.scope))
			return
		}
		c.answer(rt.serve(c))
	}
}
