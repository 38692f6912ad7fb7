package evidence

// The tables of a pack, in its order. Whoever adds one adds it to Tables and fills it in collect.go.
var (
	threatsTable = Table{
		Name: "threats", Head: "Threats", About: "The population: every threat that counted at some instant of the window, one row each, as known at the instant of knowledge.",
		Columns: []Column{
			{"threat", "Threat", Text, 13, "identity, kept over all versions of its page"},
			{"title", "Title", Text, 42, "as the page states it"},
			{"state", "State", Text, 12, "proposed, dismissed, open, in progress, mitigated, verified, accepted or withdrawn"},
			{"stale", "Stale", Flag, 7, "its text changed after it was verified"},
			{"severity", "Severity", Text, 10, "critical, high, medium or low; none where the page states none"},
			{"stride", "STRIDE", List, 8, "kinds, by their letters"},
			{"owner", "Owner", Text, 24, "account id"},
			{"owner_name", "Owner's name", Text, 20, ""},
			{"owner_reason", "Why this owner", Text, 26, "for nobody: why nobody was found"},
			{"ticket", "Ticket", Text, 11, "key of its Jira issue"},
			{"ticket_url", "Ticket address", Address, 36, ""},
			{"ticket_status", "Ticket status", Text, 14, "as the site names it"},
			{"due", "Due", Day, 11, ""},
			{"criteria", "Criteria", List, 26, "of the pack's framework"},
			{"criteria_by", "Criteria chosen by", List, 18, "the mapping's version, or who chose"},
			{"exceptions", "Exceptions", List, 22, "kinds, see the sheet Exceptions"},
			{"page", "Page", Text, 32, "title of the design page"},
			{"page_id", "Page id", Text, 11, ""},
			{"page_version", "Page version", Number, 9, "that stated the threat, or last changed what it says"},
			{"page_url", "Page address", Address, 42, ""},
			{"space", "Space", Text, 9, ""},
			{"section", "Section", Text, 24, "headings above it"},
			{"element", "Element", Text, 20, "what it threatens"},
			{"quote", "Quote", Text, 60, "the page's words"},
			{"mitigations", "Mitigations", List, 50, "asked for, or in place"},
			{"weaknesses", "Weaknesses", List, 14, "CWE and CAPEC, as stated"},
			{"stated", "First stated (UTC)", Moment, 20, "occurred"},
			{"moved", "In this state since (UTC)", Moment, 20, "occurred"},
			{"verified_by", "Verified by", Text, 22, "account id; none while no verification holds"},
			{"verified", "Verified (UTC)", Moment, 20, "occurred; none while no verification holds"},
			{"accepted_until", "Risk accepted until", Day, 12, "of the newest acceptance"},
			{"entry", "Ledger entry", Number, 9, "number of the entry that stated it first"},
			{"state_entry", "Entry of its state", Number, 9, "number of the newest entry of the sheet States: what moved it to its state, or made it stale"},
		},
	}
	statesTable = Table{
		Name: "states", Head: "States", About: "Every move of a threat's state up to the instant of knowledge, with its three times.",
		Columns: append([]Column{
			{"threat", "Threat", Text, 13, ""},
			{"from", "From", Text, 12, "none where it begins"},
			{"to", "To", Text, 12, ""},
			{"stale", "Stale", Flag, 7, ""},
			{"why", "Why", Text, 44, ""},
			{"in_window", "In the window", Flag, 9, "recorded inside of it"},
		}, timeColumns...),
	}
	ticketsTable = Table{
		Name: "tickets", Head: "Tickets", About: "Every ticket of the population's threats, as known at the instant of knowledge.",
		Columns: []Column{
			{"ticket", "Ticket", Text, 11, "key"},
			{"ticket_id", "Jira id", Text, 10, "stable when an issue moves between projects"},
			{"ticket_url", "Address", Address, 36, ""},
			{"threat", "Threat", Text, 13, ""},
			{"status", "Status", Text, 14, "as the site names it"},
			{"category", "Status category", Text, 13, "new, indeterminate or done: the only thing that decides"},
			{"resolution", "Resolution", Text, 13, ""},
			{"declined", "Declined", Flag, 9, "closed without the work being done"},
			{"assignee", "Assignee", Text, 24, "account id"},
			{"due", "Due", Day, 11, ""},
			{"filed", "Filed (UTC)", Moment, 20, "occurred"},
			{"filed_by", "Filed by", Text, 14, "Throughline, or the page that named an issue"},
			{"done", "Done (UTC)", Moment, 20, "when its status category became done, by Jira's clock; none while it is not"},
			{"late_days", "Days late", Number, 9, "done, or still open, after its due date"},
			{"reopened", "Reopened", Number, 9, "how often it left the category done"},
			{"deleted", "Deleted", Flag, 8, "Jira says that it is gone"},
			{"hidden", "Not visible", Flag, 8, "Jira does not show it: what the row says is what was known before"},
			{"changes", "Changes", Number, 8, "recorded ones"},
			{"entry", "Ledger entry", Number, 9, "of the newest change"},
		},
	}
	ticketStepsTable = Table{
		Name: "ticket_steps", Head: "Ticket steps", About: "Every change of the population's tickets up to the instant of knowledge, as the ledger has it, with its three times.",
		Columns: append([]Column{
			{"threat", "Threat", Text, 13, ""},
			{"ticket", "Ticket", Text, 11, "key, as it was then"},
			{"ticket_id", "Jira id", Text, 10, "stable when an issue moves between projects"},
			{"kind", "Kind", Text, 15, "of the ledger's entry: filed by Throughline, bound because the page names it, or changed"},
			{"status", "Status", Text, 14, "as the site names it"},
			{"category", "Status category", Text, 13, "new, indeterminate or done"},
			{"resolution", "Resolution", Text, 13, ""},
			{"declined", "Declined", Flag, 9, "closed without the work being done"},
			{"assignee", "Assignee", Text, 22, "account id"},
			{"due", "Due", Day, 11, ""},
			{"deleted", "Deleted", Flag, 8, "Jira says that it is gone"},
			{"hidden", "Not visible", Flag, 8, "Jira does not show it"},
			{"why", "Why", Text, 36, ""},
			{"in_window", "In the window", Flag, 9, "recorded inside of it"},
		}, timeColumns...),
	}
	reviewsTable = Table{
		Name: "reviews", Head: "Reviews", About: "Every review of a design page in the window, failed ones and removals too.",
		Columns: append([]Column{
			{"page", "Page", Text, 36, "title"},
			{"page_id", "Page id", Text, 11, ""},
			{"space", "Space", Text, 9, ""},
			{"page_url", "Page address", Address, 42, ""},
			{"outcome", "Outcome", Text, 11, "reviewed, failed or removed"},
			{"found", "Threats found", Number, 9, ""},
			{"new", "New", Number, 7, ""},
			{"changed", "Changed", Number, 9, ""},
			{"gone", "Gone", Number, 7, ""},
			{"back", "Back", Number, 7, ""},
			{"why_failed", "Why it failed", Text, 44, ""},
			{"engine", "Rules", Text, 30, "version of the rules that read it"},
			{"hash", "Text's hash", Text, 20, "of the body without the panel"},
		}, timeColumns...),
	}
	verificationsTable = Table{
		Name: "verifications", Head: "Verifications", About: "Every verification of the population's threats: who says that a mitigation works, and on what evidence.",
		Columns: append([]Column{
			{"threat", "Threat", Text, 13, ""},
			{"ticket", "Ticket", Text, 11, ""},
			{"note", "Note", Text, 50, "in the words of who verified"},
			{"evidence", "Evidence", List, 44, "addresses; of an attachment its name, size, who attached it and when, too"},
			{"holds", "Holds", Flag, 8, "at the instant of knowledge: it is the newest, and its threat is verified (a stale one too, see Threats)"},
			{"assignee", "Assignee then", Text, 22, "account id"},
			{"by_assignee", "By the assignee", Flag, 9, "nobody else looked"},
			{"done_by", "Moved to done by", Text, 22, "account id, as known then; none where Jira did not say"},
			{"done", "Done then (UTC)", Moment, 20, "when the ticket was moved to done, by Jira's clock, as known then"},
			{"waived", "Rules waived", List, 14, ""},
			{"in_window", "In the window", Flag, 9, ""},
			{"by_name", "By, as Jira names them", Text, 20, ""},
		}, timeColumns...),
	}
	acceptancesTable = Table{
		Name: "acceptances", Head: "Acceptances", About: "Every acceptance of a residual risk: who approved it, why, and until when.",
		Columns: append([]Column{
			{"threat", "Threat", Text, 13, ""},
			{"ticket", "Ticket", Text, 11, ""},
			{"reason", "Reason", Text, 50, ""},
			{"until", "Until", Day, 11, "last day on which it holds"},
			{"holds", "Holds", Flag, 8, "at the instant of knowledge"},
			{"by_assignee", "By the assignee", Flag, 9, ""},
			{"waived", "Rules waived", List, 14, ""},
			{"in_window", "In the window", Flag, 9, ""},
			{"by_name", "By, as Jira names them", Text, 20, ""},
		}, timeColumns...),
	}
	exceptionsTable = Table{
		Name: "exceptions", Head: "Exceptions", About: "What an auditor asks about first. Nothing switches an exception off.",
		Columns: []Column{
			{"kind", "Exception", Text, 24, ""},
			{"threat", "Threat", Text, 13, ""},
			{"title", "Title", Text, 40, ""},
			{"ticket", "Ticket", Text, 11, ""},
			{"page", "Page", Text, 32, ""},
			{"space", "Space", Text, 9, ""},
			{"state", "State", Text, 12, ""},
			{"severity", "Severity", Text, 10, ""},
			{"owner", "Owner", Text, 22, "account id"},
			{"owner_name", "Owner's name", Text, 20, ""},
			{"since", "Since (UTC)", Moment, 20, ""},
			{"what", "What", Text, 70, ""},
			{"entry", "Ledger entry", Number, 9, ""},
		},
	}
	decisionsTable = Table{
		Name: "decisions", Head: "Decisions", About: "What people chose and said by command, refused commands and later edits of comments included, and what was found amiss with tickets.",
		Columns: append([]Column{
			{"threat", "Threat", Text, 13, ""},
			{"kind", "Kind", Text, 18, "of the ledger's entry"},
			{"what", "What", Text, 60, ""},
			{"why", "Why, or why refused", Text, 44, ""},
			{"in_window", "In the window", Flag, 9, ""},
		}, timeColumns...),
	}
	criteriaTable = Table{
		Name: "criteria", Head: "Criteria", About: "The framework's criteria, and how many threats of the population bear on each.",
		Columns: []Column{
			{"criterion", "Criterion", Text, 11, ""},
			{"words", "In our words", Text, 60, "not the framework's text"},
			{"group", "Group", Text, 26, ""},
			{"threats", "Threats", Number, 9, ""},
			{"open", "Open", Number, 9, "open or in progress"},
			{"mitigated", "Mitigated", Number, 10, "done, and not verified"},
			{"verified", "Verified", Number, 9, ""},
			{"accepted", "Accepted", Number, 9, ""},
			{"other", "Other", Number, 9, "proposed, dismissed or withdrawn"},
			{"chosen", "Chosen by a person", Number, 10, ""},
			{"excepted", "With exceptions", Number, 10, "threats that stand on the sheet Exceptions"},
		},
	}
	mappingTable = Table{
		Name: "mapping", Head: "Mapping", About: "Which threat bears on which criterion, by whose choice, and why.",
		Columns: []Column{
			{"threat", "Threat", Text, 13, ""},
			{"criterion", "Criterion", Text, 11, ""},
			{"framework", "Framework", Text, 16, ""},
			{"by", "By", Text, 18, "the mapping's version, or who chose"},
			{"why", "Why", Text, 60, "the mapping's reason; of a person's choice, see Decisions"},
			{"suggested", "Also suggested by rule", Flag, 9, "by the present mapping"},
		},
	}
	sampleTable = Table{
		Name: "sample", Head: "Sample", About: "Threats drawn from the population for closer tests. The same seed draws the same again.",
		Columns: []Column{
			{"draw", "Draw", Number, 7, ""},
			{"threat", "Threat", Text, 13, ""},
			{"title", "Title", Text, 42, ""},
			{"state", "State", Text, 12, ""},
			{"ticket", "Ticket", Text, 11, ""},
			{"page", "Page", Text, 32, ""},
			{"digest", "Digest", Text, 20, "first eight bytes of SHA-256 over seed, colon and threat: the smallest are drawn"},
		},
	}
	timeColumns = []Column{
		{"by", "By", Text, 22, "account id; none for Throughline itself"},
		{"page_version", "Page version", Number, 9, ""},
		{"occurred", "Occurred (UTC)", Moment, 20, "by the source's clock"},
		{"observed", "Observed (UTC)", Moment, 20, "when Throughline heard of it"},
		{"recorded", "Recorded (UTC)", Moment, 20, "when the ledger's entry was committed"},
		{"entry", "Ledger entry", Number, 9, "its number"},
	}
)

// Tables lists the tables of a pack that are the same in all its formats.
func Tables() []Table {
	return []Table{
		threatsTable, ticketsTable, ticketStepsTable, reviewsTable, verificationsTable, acceptancesTable, exceptionsTable, criteriaTable, mappingTable, statesTable, decisionsTable, sampleTable,
	}
}

func (t Times) cells() []any {
	return []any{t.By, t.Version, t.Occurred, t.Observed, t.Recorded, int(t.Entry)}
}
