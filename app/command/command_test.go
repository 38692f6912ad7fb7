package command_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/command"
)

func TestParse(t *testing.T) {
	type cmds []command.Command
	verify := func(note string) command.Command {
		return command.Command{Name: command.Verify, Text: "/verify " + note, Note: note}
	}
	tests := []struct {
		name, text string
		want       cmds
	}{
		{"nothing", "Looks good to me", nil},
		{"verify", "/verify tried it on staging", cmds{verify("tried it on staging")}},
		{"upper case", "/Verify tried it", cmds{{Name: command.Verify, Text: "/Verify tried it", Note: "tried it"}}},
		{"after other text", "Hello.\n\n  /verify tried it", cmds{verify("tried it")}},
		{"within a line", "please write /verify tried it", nil},
		{"over several lines", "/verify tried it\r\n\r\non staging", cmds{verify("tried it on staging")}},
		{"a link", "/verify see [the change|https://github.com/acme/x/pull/7|smart-link] and [https://x.test/a]", cmds{{
			Name: command.Verify, Text: "/verify see [the change|https://github.com/acme/x/pull/7|smart-link] and [https://x.test/a]",
			Note: "see https://github.com/acme/x/pull/7 and https://x.test/a",
		}}},
		{"an attachment", "/verify see [^scan report.pdf]", cmds{{Name: command.Verify, Text: "/verify see [^scan report.pdf]", Note: "see scan report.pdf"}}},
		{"accepting", "/accept-risk until 2027-01-31 nobody can reach it", cmds{{
			Name: command.Accept, Text: "/accept-risk until 2027-01-31 nobody can reach it", Until: "2027-01-31", Note: "nobody can reach it",
		}}},
		{"accepting, in the words of a person", "/accept-risk  Until *2027-01-31*: nobody can reach it", cmds{{
			Name: command.Accept, Text: "/accept-risk Until *2027-01-31*: nobody can reach it", Until: "2027-01-31", Note: "nobody can reach it",
		}}},
		{"two", "/dismiss a copy of T-2\n/owner [~accountid:5b10:ac]", cmds{
			{Name: command.Dismiss, Text: "/dismiss a copy of T-2", Note: "a copy of T-2"},
			{Name: command.Owner, Text: "/owner [~accountid:5b10:ac]", Person: "5b10:ac"},
		}},
		{"the same person twice", "/owner [~accountid:a1] yes, [~accountid:a1]", cmds{
			{Name: command.Owner, Text: "/owner [~accountid:a1] yes, [~accountid:a1]", Person: "a1"},
		}},
		{"a path is text", "/etc/passwd is read\n/usr is not\n/shrug", nil},
		{"in a quotation", "{quote}\n/verify tried it\n{quote}", nil},
		{"behind a quotation", "{quote}said{quote}/verify tried it", nil},
		{"after a quotation", "{quote}\n/dismiss it\n{quote}\n/verify tried it", cmds{verify("tried it")}},
		{"in a quoted line", "bq. /verify tried it", nil},
		{"in code", "{code:sh}\n/verify tried it\n{code}", nil},
		{"in preformatted text", "{noformat}\n/verify tried it\n{noformat}", nil},
		{"a quotation in code", "{code}\n{quote}\n/verify tried it\n{code}\n/verify again", cmds{verify("again")}},
		{"in a block that is never closed", "{code}\n/verify tried it", nil},
		{"a brace that is escaped", "\\{code}\n/verify tried it", cmds{verify("tried it")}},
		{"in a list", "* /verify tried it", nil},
		{"as code within a line", "{{/verify tried it}}", nil},
		{"what directs the reading is left out", "/verify tried \u202eit\u200b", cmds{{Name: command.Verify, Text: "/verify tried it", Note: "tried it"}}},
		{"hidden before its slash", "\u200b/verify tried it", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, cmds(command.Parse(tt.text))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct {
		name, text string
		is         command.Name
		says       string
	}{
		{"verify nothing", "/verify", command.Verify, "/verify what you checked"},
		{"no reason", "/dismiss  ", command.Dismiss, "/dismiss why"},
		{"no reason for accepting", "/accept-risk until 2027-01-31", command.Accept, "no reason"},
		{"no date", "/accept-risk nobody can reach it", command.Accept, "until when"},
		{"a date as in another country", "/accept-risk until 31.01.2027 nobody can reach it", command.Accept, "2027-01-31"},
		{"a day that there is not", "/accept-risk until 2027-02-30 nobody can reach it", command.Accept, "2027-01-31"},
		{"nobody", "/owner Kenji", command.Owner, "mentions nobody"},
		{"two people", "/owner [~accountid:a] [~accountid:b]", command.Owner, "several people"},
		{"misspelt", "/verfiy tried it", command.Verify, "no command /verfiy"},
		{"a letter too few", "/ownr [~accountid:a]", command.Owner, "/owner @somebody"},
		{"another word", "/approve", command.Verify, "/verify what you checked"},
		{"no such day", "/accept-risk until 2027-02-30 x", command.Accept, "there is no day 2027-02-30"},
		{"another dash", "/accept_risk until 2027-01-31 x", command.Accept, "/accept-risk until"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := command.Parse(tt.text)
			if len(got) != 1 || got[0].Name != tt.is || !strings.Contains(got[0].Wrong, tt.says) {
				t.Errorf("got %+v, want it refused with %q", got, tt.says)
			}
		})
	}
}

func TestParseIsBounded(t *testing.T) {
	if n := len(command.Parse(strings.Repeat("/verify x\n", 100))); n != command.MaxCommands {
		t.Errorf("%d commands", n)
	}
	got := command.Parse("/verify " + strings.Repeat("ü", 5000))
	if len(got) != 1 || len(got[0].Note) > command.MaxText || len(got[0].Text) > command.MaxText {
		t.Error("a long note was not shortened")
	}
}

func TestText(t *testing.T) {
	doc := func(content string) string { return `{"type":"doc","version":1,"content":[` + content + `]}` }
	paragraph := func(inline string) string { return `{"type":"paragraph","content":[` + inline + `]}` }
	const said = `{"type":"text","text":"/verify tried it"}`
	tests := []struct {
		name, body, want string
	}{
		{"wiki markup", `"/verify tried it"`, "/verify tried it"},
		{"a document", doc(paragraph(said)), "/verify tried it"},
		{"paragraphs", doc(paragraph(said) + "," + paragraph(`{"type":"text","text":"twice"}`)), "/verify tried it\n\ntwice"},
		{"a mention", doc(paragraph(`{"type":"text","text":"/owner "},{"type":"mention","attrs":{"id":"5b10","text":"@Kenji"}}`)), "/owner [~accountid:5b10]"},
		{"a date", doc(paragraph(`{"type":"text","text":"/accept-risk until "},{"type":"date","attrs":{"timestamp":"1801353600000"}},{"type":"text","text":" x"}`)), "/accept-risk until 2027-01-31 x"},
		{"a card", doc(paragraph(`{"type":"text","text":"/verify "},{"type":"inlineCard","attrs":{"url":"https://x.test/1"}}`)), "/verify [https://x.test/1]"},
		{"a link", doc(paragraph(`{"type":"text","text":"/verify "},{"type":"text","text":"it","marks":[{"type":"link","attrs":{"href":"https://x.test/1"}}]}`)), "/verify [it|https://x.test/1]"},
		{"a quotation", doc(`{"type":"blockquote","content":[` + paragraph(said) + `]}`), "\u00a4"},
		{"code", doc(`{"type":"codeBlock","content":[` + said + `]}`), "\u00a4"},
		{"code in a line", doc(paragraph(`{"type":"text","text":"/verify x","marks":[{"type":"code"}]}`)), "{{/verify x}}"},
		{"a list", doc(`{"type":"bulletList","content":[{"type":"listItem","content":[` + paragraph(said) + `]}]}`), "* /verify tried it"},
		{"nothing that is a comment", `[1,2]`, ""},
		{"null", `null`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := command.Text(json.RawMessage(tt.body)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add("/verify tried it\n{quote}\n/dismiss x\n{quote}\n/owner [~accountid:a]")
	f.Add("/accept-risk until 2027-01-31 {code}x{code}\n/verfiy y")
	f.Fuzz(func(t *testing.T, text string) {
		got := command.Parse(text)
		if len(got) > command.MaxCommands {
			t.Errorf("%d commands", len(got))
		}
		for _, c := range got {
			whole := c.Note != "" || c.Name == command.Owner && c.Person != ""
			if c.Text == "" || c.Text[0] != '/' || len(c.Text) > command.MaxText || len(c.Note) > command.MaxText || whole == (c.Wrong != "") && c.Wrong == "" {
				t.Errorf("%+v", c)
			}
		}
		if quoted := command.Parse("{quote}\n" + strings.ReplaceAll(text, "{quote}", "") + "\n{quote}"); len(quoted) > 0 {
			t.Errorf("quoted, it says %+v", quoted)
		}
	})
}

func FuzzText(f *testing.F) {
	f.Add([]byte(`{"type":"doc","version":1,"content":[{"type":"paragraph","content":[{"type":"text","text":"/verify x"}]}]}`))
	f.Add([]byte(`"/verify x"`))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, c := range command.Parse(command.Text(body)) {
			if command.Usage(c.Name) == "" {
				t.Errorf("%+v is no command", c)
			}
		}
	})
}
