# make demo    build the binary and show the stack at work; needs only Go, neither root nor network
# make test    install what the tests need (asks first), then everything below and every test; under 15 minutes
# make check   formatting, vet, linters and the tests that need no namespace, with the race detector
# make fuzz    every fuzz target, FUZZTIME each      PKG=./wire FUZZTIME=1m
# make bench   measure the stack beside the kernel's and gVisor's, and renew docs/performance.md and its pictures; some 7 minutes
# make bench-curve   the same for up to 10,000 streams at once: docs/many.svg; some 5 minutes
# make bench-peers  build gVisor's contestant into bin, for antedon bench
# make microbench   Go benchmarks                    PKG=./wire BENCH=Checksum
# make benchcmp     the same of a revision and of the working tree, compared   BASE=main PKG=./tcp BENCH=. COUNT=10
# make lab-grade  mark the TCPs of all SDKs and two broken ones: build/lab-grade.json
# make lab-speed  a gigabyte up and down through the lab, and the time to the first byte; two minutes
# make lab-soak   mark every broken TCP there is, and the right ones twenty times: docs/lab/soak.md; a quarter of an hour
# make clean   remove what was built

GO       ?= go
PKG      ?= ./...
BENCH    ?= .
FUZZTIME ?= 10s
BASE     ?= main
COUNT    ?= 10
TOOL      = $(GO) tool -modfile=tools/go.mod

# Packages whose tests make no network namespace.
LIST = {{.ImportPath}} {{join .TestImports " "}} {{join .XTestImports " "}}
UNIT = $(GO) list -f '$(LIST)' ./... | grep -v /internal/netlab | cut -d ' ' -f 1

.DEFAULT_GOAL := help
.PHONY: help build demo test check format vet lint generated unit all peers packages bench bench-peers bench-curve bench-report microbench benchcmp fuzz lab-programs lab-grade lab-speed lab-soak clean

help:
	@sed -n 's/^# //p;/^$$/q' Makefile

build:
	CGO_ENABLED=0 $(GO) build -o bin/antedon ./cmd/antedon

demo: build
	./bin/antedon demo

test: packages format vet lint all peers

check: format vet lint unit

packages:
	@.ci/install

format:
	@out=$$(gofmt -l -s .) || exit 1; if [ -n "$$out" ]; then echo "gofmt -s -w is needed on:"; echo "$$out"; exit 1; fi

vet:
	$(GO) vet ./...

# In what users import, an error is handled or dropped in plain sight; what a failed Close could tell is of no use.
lint:
	$(TOOL) staticcheck ./...
	$(TOOL) errcheck -ignoretests -ignore '^Close$$' $$($(GO) list -deps . ./link/... | grep antedon)

# Of simnet, where nothing runs at the same time, only what comes of random seeds: see test.
# ANTEDON_RACE makes a test of internal/lattice fail unless the race detector is at work.
unit:
	ANTEDON_RACE=1 $(GO) test -race -count=1 -timeout 10m $$($(UNIT) | grep -v '/internal/simnet$$')
	$(GO) test -race -count=1 -timeout 3m -run Seeds ./internal/simnet

# The tests of PLAIN run without the race detector, which leaves them the speed for what they are for: more seeds, more
# cases, more bytes. With it everything runs but interop, which would take as long again as all the rest, and of simnet,
# where nothing runs at the same time, what comes of random seeds; `go test -race ./...` runs all, with smaller transfers.
PLAIN = ./internal/simnet ./internal/explore ./internal/interop ./cmd/antedon

all:
	$(GO) test -count=1 -timeout 8m $(PLAIN)
	ANTEDON_RACE=1 $(GO) test -race -count=1 -timeout 30m $$($(GO) list ./... | grep -v -e '/internal/interop$$' -e '/internal/simnet$$')
	$(GO) test -race -count=1 -timeout 3m -run Seeds ./internal/simnet

# The contestants that are modules of their own.
peers:
	cd bench && $(GO) vet ./... && $(GO) test -count=1 -timeout 3m ./...

bench-peers:
	cd bench && CGO_ENABLED=0 $(GO) build -o ../bin/antedon-bench-gvisor ./gvisor

# BENCHFLAGS, such as --rounds 10, are for bulk, rr and crr. The lines stay in dist.
BENCHES = core bulk rr crr idle poll

bench: build bench-peers
	@mkdir -p dist
	@for b in $(BENCHES); do \
		case $$b in bulk | rr | crr) flags='$(BENCHFLAGS)' ;; idle) flags='--stack antedon,kernel,gvisor' ;; *) flags= ;; esac; \
		./bin/antedon bench $$b --json $$flags >dist/bench-$$b.jsonl || exit 1; \
	done
	$(MAKE) bench-report

# The lines of bench-curve count too, where there are none of bench.
bench-report:
	./bin/antedon bench report --into docs/performance.md --svg docs/speed.svg \
		$(if $(wildcard dist/bench-poll.jsonl),--poll docs/poll.svg) \
		$(if $(wildcard dist/bench-curve.jsonl),--curve docs/many.svg dist/bench-curve.jsonl) \
		$(foreach b,$(BENCHES),$(wildcard dist/bench-$(b).jsonl))

# A contestant that fails, as may happen among 10,000 streams, takes nothing from the others.
bench-curve: build bench-peers
	@mkdir -p dist
	./bin/antedon bench bulk --json --streams 1,16,64,1000,10000 --rounds 3 $(BENCHFLAGS) >dist/bench-curve.jsonl; \
		status=$$?; $(MAKE) bench-report && exit $$status

microbench:
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem $(PKG)

benchcmp:
	@GO='$(GO)' PKG='$(PKG)' BENCH='$(BENCH)' COUNT='$(COUNT)' tools/benchcmp '$(BASE)'

# What the examiner marks. The SDKs are built as TestPrograms of internal/sdktest builds them.
LABPROGRAMS = --program go-reference=build/lab=./go-reference --small go-byhand=build/lab=./go-byhand \
	--program 'python-reference=sdk/python=python3 -B main.py reference' --program cpp-reference=sdk/cpp=build/reference/main \
	--program rust-reference=sdk/rust=target/release/antedon-sdk \
	--program 'java-reference=sdk/java=java -cp target/mytcp.jar reference.Main' \
	--program 'nodejs-reference=sdk/nodejs=node main.js reference'

lab-programs: build
	@mkdir -p build/lab
	$(GO) build -o build/lab/go-reference ./sdk/go/reference
	$(GO) build -o build/lab/go-byhand ./sdk/go/byhand
	$(MAKE) -s -C sdk/cpp OUTGOING=reference
	cd sdk/rust && cargo build -q --release --offline --locked
	cd sdk/java && mvn -q -B -ntp -DskipTests package
	cd sdk/nodejs && npm ci --silent --no-audit --no-fund

lab-grade: lab-programs
	$(GO) run ./lab/variant/soak --jobs 2 --results build/lab-grade.json $(LABPROGRAMS) --variant no-retransmission --variant ignores-fin

lab-speed:
	$(GO) test ./internal/sdktest -run '^$$' -bench Gigabyte -benchtime 1x
	$(GO) test ./internal/sdktest -run '^$$' -bench FirstByte -benchtime 200x

lab-soak: lab-programs
	$(GO) run ./lab/variant/soak --jobs 6 --load 2 --times 20 --variants $(LABPROGRAMS) > docs/lab/soak.md.new && mv docs/lab/soak.md.new docs/lab/soak.md

# go test fuzzes one target at a time. It would spend a minute on making each interesting input smaller.
fuzz:
	@targets=0; \
	for pkg in $$($(GO) list $(PKG)); do \
		for f in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
			echo "$$pkg $$f"; targets=$$((targets + 1)); \
			$(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x $$pkg || exit 1; \
		done; \
	done; \
	echo "$$targets fuzz targets held"; [ $$targets -gt 0 ]

clean:
	rm -rf bin build dist
