# Singer: `make run` starts a peer, `make test` proves that it works. `make help` lists the rest.
.DEFAULT_GOAL := help
.PHONY: help deps deps-test build release run test check demo bench bench-tools bench-deps bench-micro simulate lint format proto install install-files uninstall clean

PREFIX ?= /usr/local
# What is installed from.
BIN ?= .build/release
SWIFT ?= swift
DEBIAN_PACKAGES = libsqlite3-dev libreadline-dev libopendht-dev
# Programs that tests talk to or check with, IRC clients among them. Where one is missing its test is skipped.
DEBIAN_TEST_PACKAGES = irssi weechat-headless weechat-plugins ii python3-irc \
  bash-completion bsdutils fish iproute2 man-db mandoc netcat-openbsd procps python3 systemd tmux zsh
ARGS ?=

help: ## What can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 13

# Installs those of the packages in $(1) that are missing, with the options $(2) of apt-get, on Debian and its like; elsewhere that is left to the user.
define install_missing
	@command -v dpkg >/dev/null || exit 0; \
	missing=""; for p in $(1); do dpkg -s $$p >/dev/null 2>&1 || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then \
	  echo "installing$$missing"; \
	  sudo=""; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	  $$sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -qq -y $(2) $$missing; \
	fi
endef

deps: ## Install the C libraries that are missing (Debian, Ubuntu)
	$(call install_missing,$(DEBIAN_PACKAGES))

deps-test: deps ## Install the programs that tests use, IRC clients among them; without one its test is skipped
	$(call install_missing,$(DEBIAN_TEST_PACKAGES),--no-install-recommends) || echo "tests of the programs that are missing will be skipped"

build: deps ## Build everything for development
	$(SWIFT) build --build-tests

release: deps ## Build the peer and the client for use
	$(SWIFT) build -c release --product singerd
	$(SWIFT) build -c release --product singer

run: release ## Start a peer on the defaults (ARGS='--gateway 127.0.0.1:6668' for options)
	.build/release/singerd $(ARGS)

# OpenDHT waits with select(2), which ends a process whose sockets have numbers over 1,023. singerd opens it first; among the
# many sockets of the other tests it would come late, so tests that have a DHT node in their own process run by themselves.
# FaultTests run beside these few because they measure how soon the network is whole again.
APART = SingerDHTTests|ForgedRecordTests|FloodTests|HostileTests|FaultTests

# More tests at a time than this wait for each other longer than they may take.
export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH ?= 4

# Runs the tests that the options $(1) choose; what failed is said again at the end, where it is looked for.
define run_tests
	@rm -f .build/tests-failed; \
	{ $(SWIFT) test --skip-build $(1) 2>&1 || touch .build/tests-failed; } | tee .build/tests.log; \
	if [ -e .build/tests-failed ]; then \
	  rm .build/tests-failed; echo; echo "What failed:"; grep -A 4 -E '✘|Fatal error|Crash' .build/tests.log | tail -n 60; exit 1; \
	fi
endef

test: deps-test ## Build, and pass every test
	$(SWIFT) build --build-tests
	$(call run_tests,--skip '$(APART)')
	$(call run_tests,--filter '$(APART)')

check: deps ## The fast tests: no processes, seconds
	$(SWIFT) build --build-tests
	$(call run_tests,--skip IntegrationTests --skip '^ClientTests' --skip SingerDHTTests --skip SingerPeerTests)

demo: release ## Three peers, three people, and what they see
	examples/three-peers.sh .build/release/singerd

# The benchmarks that `make bench` can be told to run: `make bench fanout`.
BENCHES = fanout home request durable ingest push login reconnect store idle client

bench: release bench-tools ## Measure it beside other servers (make bench fanout: that one; ARGS='--rounds 3')
	python3 Benchmarks/run.py $(ARGS) $(filter $(BENCHES),$(MAKECMDGOALS))

.PHONY: $(BENCHES)
$(BENCHES): bench
	@:

bench-tools:
	@$(MAKE) --no-print-directory -s -C Benchmarks/load OUT=$(CURDIR)/.build/bench

bench-deps: ## Unpack the servers that it is measured beside (Debian, Ubuntu)
	Benchmarks/setup.sh

# Codecs and renderers are no part of the modules' faces, so these are built to be tested.
bench-micro: ## Measure codecs, signatures, the store and rendering by themselves
	cd Benchmarks/Micro && $(SWIFT) package -c release -Xswiftc -enable-testing benchmark $(ARGS)

simulate: ## A network under faults, in virtual time (ARGS='--peers 10000 --seed 3'; --help says more)
	$(SWIFT) build -c release --product singer-sim
	.build/release/singer-sim $(ARGS)

SWIFT_SOURCES = Sources Tests Package.swift Benchmarks/Micro/Benchmarks Benchmarks/Micro/Package.swift

lint: ## Style and layout
	$(SWIFT) format lint --strict -r $(SWIFT_SOURCES) --configuration .swift-format
	Tests/check-manual.sh

format: ## Lay the sources out
	$(SWIFT) format -i -r $(SWIFT_SOURCES) --configuration .swift-format

# Generated code is committed, so that a build needs neither protoc nor its plugin.
proto: ## Regenerate Sources/SingerWire/singer.pb.swift (needs protoc)
	$(SWIFT) build --product protoc-gen-swift
	protoc --plugin=.build/debug/protoc-gen-swift --proto_path=Sources/SingerWire --swift_out=Sources/SingerWire \
	  --swift_opt=Visibility=Public --swift_opt=UseAccessLevelOnImports=true singer.proto

install: release ## Install below PREFIX (default /usr/local), staged in DESTDIR
	@$(MAKE) --no-print-directory install-files

# Without building: BIN says where the programs are.
PROGRAMS = $(notdir $(wildcard $(BIN)/singer $(BIN)/singerd))
PAGES = $(notdir $(wildcard man/*.[1-9]))
SHARE = $(DESTDIR)$(PREFIX)/share

install-files:
	@set -e; for p in $(PROGRAMS); do \
	  install -D -m 755 $(BIN)/$$p $(DESTDIR)$(PREFIX)/bin/$$p; \
	  install -d $(SHARE)/bash-completion/completions $(SHARE)/zsh/site-functions $(SHARE)/fish/vendor_completions.d; \
	  $(BIN)/$$p --generate-completion-script bash >$(SHARE)/bash-completion/completions/$$p; \
	  $(BIN)/$$p --generate-completion-script zsh >$(SHARE)/zsh/site-functions/_$$p; \
	  $(BIN)/$$p --generate-completion-script fish >$(SHARE)/fish/vendor_completions.d/$$p.fish; \
	done
	@set -e; for page in $(PAGES); do install -D -m 644 man/$$page $(SHARE)/man/man$${page##*.}/$$page; done
	@install -D -m 644 bootstrap.txt $(SHARE)/doc/singer/bootstrap.txt
	@install -d $(SHARE)/systemd/user
	@sed 's|^ExecStart=/usr/local/bin/|ExecStart=$(PREFIX)/bin/|' examples/singerd.service >$(SHARE)/systemd/user/singerd.service

uninstall: ## Remove what install put there
	rm -f $(foreach p,singer singerd,$(DESTDIR)$(PREFIX)/bin/$(p) $(SHARE)/bash-completion/completions/$(p) \
	  $(SHARE)/zsh/site-functions/_$(p) $(SHARE)/fish/vendor_completions.d/$(p).fish)
	rm -f $(foreach page,$(PAGES),$(SHARE)/man/man$(lastword $(subst ., ,$(page)))/$(page))
	rm -f $(SHARE)/doc/singer/bootstrap.txt $(SHARE)/systemd/user/singerd.service
	-rmdir $(SHARE)/doc/singer 2>/dev/null

clean: ## Remove what was built
	rm -rf .build
