package jira

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/throughline/throughline/app/sandbox/jql"
	"github.com/throughline/throughline/app/sandbox/site"
)

// NewDataCenter opens a site's Jira as Data Center serves it: REST 2 alone, people by key and name, search by startAt. No API
// description of Data Center is at hand, so its shapes are held, by tests, to those of Cloud's REST v2 where the calls are the same, and
// otherwise follow Atlassian's reference of Jira Data Center REST and payloads of Data Center webhooks that others published.
// It is not held to a running Data Center.
func NewDataCenter(s site.Site, projects []Project) (*Jira, error) {
	j, err := load(s, onDataCenter(projects))
	if err != nil {
		return nil, err
	}
	j.told = dc
	j.calls, j.meta = j.mux(j.dcTable(), dc), j.mux(j.dcMetaTable(), dc)
	return j, nil
}

// onDataCenter are the projects as Data Center has them: none is managed by its team, and what such a one has of its own is the site's there; only
// subtasks have parents, and a field names the epic of all others.
func onDataCenter(projects []Project) []Project {
	out := slices.Clone(projects)
	for i := range out {
		p := &out[i]
		if p.TeamManaged {
			p.TeamManaged, p.Types, p.Statuses = false, []string{"10000", "10001", "10004"}, []string{toDo, inProgress, done}
			p.flow = anyToAny(p.Statuses)
		}
		p.Custom = append(slices.Clone(p.Custom), Custom{ID: "customfield_10008", Name: "Epic Link", Type: "any"})
	}
	return out
}

// onCloudOnly reports whether Data Center has no such call.
func onCloudOnly(path string) bool {
	switch path {
	case "/issue/bulkfetch", "/issue/createmeta", "/issue/{issueIdOrKey}/changelog", "/search/jql", "/search/approximate-count",
		"/user/bulk", "/user/assignable/multiProjectSearch", "/project/search", "/project/{projectIdOrKey}/component", "/label", "/attachment/content/{id}":
		return true
	}
	return false
}

// dcTable are Data Center's calls: those that are Cloud's too, and those that take other words.
func (j *Jira) dcTable() []route {
	own := []route{
		{"PUT", "/issue/{issueIdOrKey}/assignee", "WRITE", j.dcPutAssignee},
		{"GET", "/search", "READ", j.dcGetSearch},
		{"POST", "/search", "READ", j.dcPostSearch},
		{"GET", "/user", "READ", j.dcGetUser},
		{"GET", "/user/search", "READ", j.dcSearchUsers},
		{"GET", "/user/assignable/search", "READ", j.dcSearchAssignable},
		{"GET", "/mypermissions", "READ", j.dcMyPermissions},
		{"GET", "/serverInfo", "READ", j.dcServerInfo},
	}
	replaced := map[string]bool{}
	for _, r := range own {
		replaced[r.method+" "+r.path] = true
	}
	for _, r := range j.table() {
		if !replaced[r.method+" "+r.path] && !onCloudOnly(r.path) {
			own = append(own, r)
		}
	}
	return own
}

func (j *Jira) dcMetaTable() []route {
	const meta = "/issue/createmeta/{projectIdOrKey}/issuetypes"
	return []route{{"GET", meta, "READ", dcPage(j.createMetaTypes, "issueTypes")}, {"GET", meta + "/{issueTypeId}", "READ", dcPage(j.createMetaFields, "fields")}}
}

// dcPage frames a list as Data Center does: below values, with whether it is the last of its pages.
func dcPage(serve handler, list string) handler {
	return func(c *call) (int, any, *Error) {
		status, body, refused := serve(c)
		if refused != nil {
			return status, body, refused
		}
		out := body.(object)
		shown := min(out["maxResults"].(int), max(out["total"].(int)-out["startAt"].(int), 0))
		out["values"], out["isLast"] = out[list], out["startAt"].(int)+shown >= out["total"].(int)
		delete(out, list)
		return status, out, nil
	}
}

// dcUser draws a person as Data Center does.
func (d renderer) dcUser(u site.User) object {
	avatar := d.j.site.BaseURL() + "/secure/useravatar?avatarId=10122"
	return object{
		"self": d.j.site.BaseURL() + "/rest/api/2/user?username=" + url.QueryEscape(u.Username()), "key": u.JiraKey(), "name": u.Username(),
		"emailAddress": u.Email, "displayName": u.Name, "active": u.Active, "timeZone": "Etc/UTC", "locale": "en_US",
		"avatarUrls": object{"48x48": avatar, "32x32": avatar, "24x24": avatar, "16x16": avatar},
	}
}

// dcAccount is the account id of a username; of a name that nobody has, the name, which is no account.
func (j *Jira) dcAccount(name string) string {
	if u, ok := site.WithUsername(j.site.Users(), name); ok {
		return u.AccountID
	}
	return name
}

// userKey is the key of an account; of one that nobody has, what was given.
func (j *Jira) userKey(account *string) *string {
	for _, u := range j.site.Users() {
		if account != nil && u.AccountID == *account {
			key := u.JiraKey()
			return &key
		}
	}
	return account
}

func (j *Jira) dcPutAssignee(c *call) (int, any, *Error) {
	var to ref
	if err := c.body(&to); err != nil {
		return 0, nil, err
	}
	_, err := j.assign(c.actor.AccountID, c.r.PathValue("issueIdOrKey"), j.dcAccount(to.Name))
	return http.StatusNoContent, nil, err
}

type dcSearch struct {
	JQL           string   `json:"jql"`
	StartAt       int      `json:"startAt"`
	MaxResults    *int     `json:"maxResults"`
	Fields        []string `json:"fields"`
	Expand        []string `json:"expand"`
	ValidateQuery *bool    `json:"validateQuery"` // what does not exist is an error, unless this is false
}

func (j *Jira) dcGetSearch(c *call) (int, any, *Error) {
	start, size, err := c.window(defaultPage, dcMaxPage)
	if err != nil {
		return 0, nil, err
	}
	strict := !strings.EqualFold(c.query("validateQuery"), "false")
	return j.dcFind(c, dcSearch{JQL: c.query("jql"), StartAt: start, MaxResults: &size, Fields: c.list("fields"), ValidateQuery: &strict})
}

func (j *Jira) dcPostSearch(c *call) (int, any, *Error) {
	var in dcSearch
	if err := c.body(&in); err != nil {
		return 0, nil, err
	}
	return j.dcFind(c, in)
}

// dcMaxPage is how many issues one answer holds (jira.search.views.default.max).
const dcMaxPage = 1000

func (j *Jira) dcFind(c *call, in dcSearch) (int, any, *Error) {
	q, err := jql.Parse(in.JQL)
	if err != nil {
		return 0, nil, refuse(http.StatusBadRequest, "%v", err)
	}
	size := defaultPage
	if in.MaxResults != nil {
		size = *in.MaxResults
	}
	if in.StartAt < 0 || size < 0 {
		return 0, nil, refuse(http.StatusBadRequest, "startAt and maxResults must not be negative.")
	}
	if q.Where == nil {
		q.Where = jql.And{} // all issues
	}
	found, refused := j.selected(matcher{j: j, caller: c.actor.AccountID, now: j.site.Now(), lax: in.ValidateQuery != nil && !*in.ValidateQuery}, q, nil)
	if refused != nil {
		return 0, nil, refused
	}
	if len(in.Fields) == 0 {
		in.Fields = []string{"*navigable"}
	}
	size = min(size, dcMaxPage)
	issues := []any{}
	for _, r := range window(found, in.StartAt, size) {
		drawn := c.draw().issue(r, selector(in.Fields))
		if slices.Contains(in.Expand, "changelog") {
			drawn["changelog"] = c.draw().changelog(r)
		}
		issues = append(issues, drawn)
	}
	c.count(len(issues), 0)
	return http.StatusOK, object{"expand": "schema,names", "startAt": in.StartAt, "maxResults": size, "total": len(found), "issues": issues}, nil
}

func (j *Jira) dcGetUser(c *call) (int, any, *Error) {
	for _, u := range j.site.Users() {
		if strings.EqualFold(u.Username(), c.query("username")) || c.query("key") != "" && u.JiraKey() == c.query("key") {
			c.count(0, 1)
			return http.StatusOK, c.draw().account(u), nil
		}
	}
	return 0, nil, refuse(http.StatusNotFound, "The user named '%s' does not exist", c.query("username")+c.query("key"))
}

func (j *Jira) dcSearchUsers(c *call) (int, any, *Error) {
	if c.query("username") == "" {
		return 0, nil, refuse(http.StatusBadRequest, "The username query parameter was not provided")
	}
	return c.dcPeople(j.site.Users())
}

func (j *Jira) dcSearchAssignable(c *call) (int, any, *Error) {
	p, ok := j.project(c.query("project"))
	if !ok {
		return 0, nil, refuse(http.StatusNotFound, "No project could be found with key '%s'.", c.query("project"))
	}
	return c.dcPeople(j.assignable(p))
}

// dcPeople answers with those whose username, name or address begins with what is asked for; a word of the name counts too.
func (c *call) dcPeople(from []user) (int, any, *Error) {
	start, size, err := c.window(defaultPage, 1000)
	if err != nil {
		return 0, nil, err
	}
	query := strings.ToLower(c.query("username"))
	var found []user
	for _, u := range from {
		name := strings.ToLower(u.Name)
		if strings.HasPrefix(u.Username(), query) || strings.HasPrefix(name, query) || strings.Contains(name, " "+query) || strings.HasPrefix(strings.ToLower(u.Email), query) {
			found = append(found, u)
		}
	}
	out := []any{}
	for _, u := range window(found, start, size) {
		out = append(out, c.draw().account(u))
	}
	c.count(0, len(out))
	return http.StatusOK, out, nil
}

// dcMyPermissions tells all permissions there are, whichever are asked for.
func (j *Jira) dcMyPermissions(c *call) (int, any, *Error) {
	all := []string{}
	for _, p := range permissions() {
		all = append(all, p.Key)
	}
	q := c.r.URL.Query()
	q.Set("permissions", strings.Join(all, ","))
	c.r.URL.RawQuery = q.Encode()
	return j.myPermissions(c)
}

func (j *Jira) dcServerInfo(*call) (int, any, *Error) {
	now := stamp(j.site.Now())
	return http.StatusOK, object{
		"baseUrl": j.site.BaseURL(), "version": "10.3.6", "versionNumbers": []int{10, 3, 6}, "deploymentType": "Server", "buildNumber": 10030006,
		"buildDate": now, "serverTime": now, "scmInfo": "sandbox", "serverTitle": "Jira",
	}, nil
}
