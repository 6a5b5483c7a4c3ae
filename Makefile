# Everything that is built, tested and measured here. `make help` lists it.

GO     ?= go
DIST   := web/dist
BUILD  := build
GOROOT := $(shell $(GO) env GOROOT)

# The bundle: no symbols, no inlining (smaller by 9% with brotli, no slower).
WASM       := ./wasm
WASM_FLAGS := -trimpath -ldflags "-s -w" -gcflags=all=-l
STANDINS   := -overlay $(BUILD)/overlay.json -modfile $(BUILD)/go.mod
SCRIPTS    := $(GOROOT)/lib/wasm/wasm_exec.js web/boot.js web/listen.js web/picture.js web/frame.js web/share.js web/post.js web/embed.js web/embed.d.ts \
  $(wildcard web/embed/*.js)
WASM_LIMIT := 800000 # bytes with brotli

# The linters have a go.mod of their own, so that theirs is not ours.
TOOLS := .ci/tools/go.mod
LINT  := $(GO) tool -modfile=$(CURDIR)/$(TOOLS) golangci-lint

# So has what drives the simulator with a client that is not ours.
FOREIGN := internal/providersim/foreign

# And so has what reads docs/install as Kubernetes and Compose do.
INSTALL := docs/install/verify

# The race detector watches everything but what only computes: SQLite, translated from C,
# the arithmetic of RSA, and compression. They took two thirds of the tests' time under it.
# The translation's pointers are not checked either.
COMPUTING  := modernc.org/sqlite/lib github.com/andybalholm/brotli github.com/andybalholm/brotli/matchfinder \
  crypto/internal/fips140/bigmod crypto/internal/fips140/sha512
TRANSLATED := modernc.org/sqlite modernc.org/libc modernc.org/memory
RACE       := -race $(foreach p,$(COMPUTING),-gcflags=$(p)=-race=false) $(foreach p,$(TRANSLATED),-gcflags=$(p)=-d=checkptr=0)

# What takes long is begun first. The browsers of the last would crowd out the others'.
SLOWEST := ./app ./web ./internal/scenario ./internal/store/postgres
BROWSER := ./internal/e2e

# How much make stress does, and of how many mutants make test tries a sample.
CUTS ?= 100000
MUTANTS ?= 10
SEEDS ?= 1 2 3
FUZZ ?= 10000000x

.DEFAULT_GOAL := help
.PHONY: help run build dist wasm wasm-stock standins check rules vet lint fmt tidy verify vuln deps test mutants stress bench gallery size clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## build all, then start the server, simulated providers and a demo storefront
	bin/morepay demo

build: wasm ## build bin/morepay with everything embedded
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w" -o bin/morepay .
	@echo "the loader's addresses, and their hashes for the attribute integrity:"
	@$(GO) run ./internal/tools/loader

dist: ## make the archives of a release from the last commit, with bills of materials and checksums, twice, and compare
	$(GO) run ./internal/tools/dist

wasm: standins ## build the browser's bundle to web/dist, without what the browser never calls
	GOOS=js GOARCH=wasm $(GO) build $(WASM_FLAGS) $(STANDINS) -o $(BUILD)/app.wasm $(WASM)
	$(GO) run ./internal/tools/publish -o $(DIST) $(BUILD)/app.wasm $(SCRIPTS)

wasm-stock: ## build the bundle from unchanged packages, to the same place
	GOOS=js GOARCH=wasm $(GO) build $(WASM_FLAGS) -o $(BUILD)/app.wasm $(WASM)
	$(GO) run ./internal/tools/publish -o $(DIST) $(BUILD)/app.wasm $(SCRIPTS)

standins:
	$(GO) run ./internal/tools/standins -o $(BUILD) wasm/stub $(WASM)

check: vet lint rules ## vet, lint and the quick tests; installs nothing
	$(GO) test -short ./...
	cd $(FOREIGN) && $(GO) test ./...
	cd $(INSTALL) && $(GO) test ./...

# They read documents and what go list says, of which Go's cache of results knows nothing.
rules:
	$(GO) test -count 1 ./internal/rules

vet:
	$(GO) vet ./...
	GOOS=js GOARCH=wasm $(GO) vet ./app ./wasm
	cd $(FOREIGN) && $(GO) vet ./...
	cd $(INSTALL) && $(GO) vet ./...

lint: ## staticcheck and its kin, see .golangci.yaml
	$(LINT) run
	cd $(FOREIGN) && $(LINT) run
	cd $(INSTALL) && $(LINT) run

fmt: ## format all Go files
	$(LINT) fmt
	cd $(FOREIGN) && $(LINT) fmt
	cd $(INSTALL) && $(LINT) fmt

tidy: ## make go.mod and go.sum say what is imported
	$(GO) mod tidy
	cd $(dir $(TOOLS)) && $(GO) mod tidy
	cd $(FOREIGN) && $(GO) mod tidy
	cd $(INSTALL) && $(GO) mod tidy

verify: ## fail if go.mod, go.sum or the downloaded modules are not what they should be
	$(GO) mod tidy -diff
	$(GO) mod verify
	cd $(dir $(TOOLS)) && $(GO) mod tidy -diff
	cd $(FOREIGN) && $(GO) mod tidy -diff
	cd $(INSTALL) && $(GO) mod tidy -diff

vuln: ## look for known vulnerabilities in what our code reaches; needs the network, and fails without
	$(GO) build -modfile=$(TOOLS) -o $(BUILD)/govulncheck golang.org/x/vuln/cmd/govulncheck
	@$(BUILD)/govulncheck ./... && GOOS=js GOARCH=wasm $(BUILD)/govulncheck $(WASM) || { \
	  [ $$? = 3 ] || echo "vuln: NOTHING WAS LOOKED AT: the database of vulnerabilities was not reached (GOVULNDB names a mirror)"; exit 1; }

deps: ## install what the tests need (Chromium, Firefox, WebKit, fonts, PostgreSQL, pgbouncer, nginx, Node, Java, PHP, axe-core), where it may
	.ci/needs

# With CI set, a test that lacks a tool fails instead of being skipped.
test: export CI = 1
test: deps vet lint verify rules ## everything CI runs
	$(MAKE) wasm-stock
	$(GO) test -count 1 -run 'TestBrowser/^(desktop|phone|in-app|friend|goes-back|says-paid)$$' $(BROWSER)
	$(MAKE) wasm
	$(GO) test $(RACE) -timeout 20m $(SLOWEST) $$($(GO) list ./... | grep -v '$(BROWSER:.%=%)$$')
	$(GO) test $(RACE) -timeout 30m $(BROWSER)
	cd $(FOREIGN) && $(GO) test $(RACE) ./...
	cd $(INSTALL) && $(GO) test ./...
	$(GO) test -run Model ./internal/pay
	$(GO) run ./internal/tools/mutants -sample $(MUTANTS)
	$(MAKE) size

gallery: ## draw every screen onto the sheets of docs/gallery
	$(GO) test -count 1 -run TestBrowserDrawsGallery ./app -gallery ../docs/gallery

size: ## print how large the assets are; fail if the bundle is over its budget
	$(GO) run ./internal/tools/sizes -budget $(WASM_LIMIT) $(DIST)/app.wasm $(addprefix $(DIST)/,$(notdir $(SCRIPTS)))

mutants: ## break each line that a rule about money or secrets hangs on; fail if no test notices
	$(GO) run ./internal/tools/mutants

stress: ## storms, crashes, hostile clients, all scenarios, all languages, mutants, power cuts and fuzzing at full scale; prints a table with target and result
	$(GO) run ./internal/tools/stress
	$(MAKE) wasm-stock
	$(GO) test -count 1 -timeout 30m -run 'TestBrowser$$' $(BROWSER)
	$(MAKE) wasm
	for seed in $(SEEDS); do $(GO) run . qa run --seed $$seed || exit 1; done
	$(GO) test -count 1 -timeout 30m -run 'TestBrowser(KeepsWCAG|Fits)' ./app -every-language
	$(GO) run ./internal/tools/mutants -scenarios
	$(GO) test -count 1 -timeout 2h -run PowerCut ./internal/store/sqlite -cuts $(CUTS)
	@for p in $$($(GO) list ./...); do for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz'); do \
	  echo "$$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZ) -fuzzminimizetime 20x $$p || exit 1; done; done

bench: ## Go benchmarks, then what is fast under load; prints a table with target and result
	$(GO) test -count 1 -run TestPageIsOneSmallRequest -v ./internal/e2e
	$(MAKE) wasm size
	$(GO) test -run '^$$' -bench . -benchmem ./...
	$(GO) run ./internal/tools/stress -bench

clean: ## remove what was built
	rm -rf bin $(BUILD) $(filter-out $(DIST)/README.md,$(wildcard $(DIST)/*))
