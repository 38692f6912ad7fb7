# make test   everything, on a machine with Go and Debian's package manager; installs what the tests need
# make lint   formatting and static checks, with the pinned linter
# make soak   what is tried at random, in full: kills, forgeries, simulated outages; about half an hour
# make bench  the measurements that the README quotes
# make run    the demo

GO            ?= go
LINT_VERSION  := v2.15.0
BIN           := $(CURDIR)/bin
LINT          := $(BIN)/golangci-lint-$(LINT_VERSION)

.PHONY: build test race soak lint bench run tools

build:
	CGO_ENABLED=0 $(GO) build -trimpath -o $(BIN)/throughline ./cmd/throughline

test: tools
	$(GO) vet ./...
	$(GO) test -timeout 15m ./...

# The race detector needs cgo; it is run on the packages that have goroutines of their own.
race:
	CGO_ENABLED=1 $(GO) test -race -timeout 20m ./app/task/... ./app/atlassian/... ./store/... ./app/operate/... ./app/evidence

soak:
	THROUGHLINE_SOAK=10000 $(GO) test -timeout 60m -run 'EveryFlippedByte|MutationsAreNamed' ./app/evidence/archive
	SOAK=1 $(GO) test -timeout 120m ./app -run 'FirstReview|OneTicketAThreat|Outage|ThousandThreats|WebhooksInAnyOrder'
	SOAK=1 $(GO) test -timeout 120m ./cmd/throughline -run 'Kill|Failpoints'

lint: $(LINT)
	$(LINT) run ./...

bench:
	$(GO) test -run '^$$' -bench . -benchmem ./...

run:
	$(GO) run ./cmd/throughline demo

# The browser tests drive Debian's Chromium; openssl and python3 say what they think of packs and time stamps. Where one is missing and cannot
# be installed, its tests are skipped and say so.
tools:
	@for tool in chromium openssl python3; do \
	  command -v $$tool >/dev/null 2>&1 || \
	  { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 && apt-get update -qq && apt-get install -y -qq --no-install-recommends $$tool >/dev/null; } || \
	  echo "$$tool is not installed: the tests that ask it will be skipped (Debian: apt-get install $$tool)"; \
	done

$(LINT):
	GOBIN=$(BIN) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)
	mv $(BIN)/golangci-lint $(LINT)
