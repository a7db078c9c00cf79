# Singer: `make run` starts a peer, `make test` proves that it works. `make help` lists the rest.
.DEFAULT_GOAL := help
.PHONY: help deps build release run test check demo measure simulate lint format proto install clean

PREFIX ?= /usr/local
SWIFT ?= swift
DEBIAN_PACKAGES = libsqlite3-dev libreadline-dev libopendht-dev
ARGS ?=

help: ## What can be made
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

deps: ## Install the C libraries that are missing (Debian, Ubuntu)
	@missing=""; for p in $(DEBIAN_PACKAGES); do dpkg -s $$p >/dev/null 2>&1 || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then \
	  echo "installing$$missing"; \
	  sudo=""; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	  $$sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -qq -y $$missing; \
	fi

build: deps ## Build everything for development
	$(SWIFT) build --build-tests

release: deps ## Build singerd for use
	$(SWIFT) build -c release --product singerd

run: release ## Start a peer on the defaults (ARGS='--gateway 127.0.0.1:6668' for options)
	.build/release/singerd $(ARGS)

# OpenDHT waits with select(2), which ends a process whose sockets have numbers over 1,023. singerd opens it first; among the
# many sockets of the other tests it would come late, so tests that have a DHT node in their own process run by themselves.
WITH_DHT = SingerDHTTests|ForgedRecordTests|FloodTests|HostileTests

test: deps ## Build, and pass every test
	$(SWIFT) build --build-tests
	$(SWIFT) test --skip-build --skip '$(WITH_DHT)'
	$(SWIFT) test --skip-build --filter '$(WITH_DHT)'

check: deps ## The fast tests: no processes, seconds
	$(SWIFT) build --build-tests
	$(SWIFT) test --skip-build --skip IntegrationTests --skip SingerDHTTests --skip SingerPeerTests

demo: release ## Three peers, three people, and what they see
	examples/three-peers.sh .build/release/singerd

measure: release ## Start-up, push latency, posts a second, memory
	python3 Tests/measure.py .build/release/singerd

simulate: ## A network under faults, in virtual time (ARGS='--peers 10000 --seed 3'; --help says more)
	$(SWIFT) build -c release --product singer-sim
	.build/release/singer-sim $(ARGS)

lint: ## Style and layout
	$(SWIFT) format lint --strict -r Sources Tests Package.swift --configuration .swift-format

format: ## Lay the sources out
	$(SWIFT) format -i -r Sources Tests Package.swift --configuration .swift-format

# Generated code is committed, so that a build needs neither protoc nor its plugin.
proto: ## Regenerate Sources/SingerWire/singer.pb.swift (needs protoc)
	$(SWIFT) build --product protoc-gen-swift
	protoc --plugin=.build/debug/protoc-gen-swift --proto_path=Sources/SingerWire --swift_out=Sources/SingerWire \
	  --swift_opt=Visibility=Public --swift_opt=UseAccessLevelOnImports=true singer.proto

install: release ## Install below PREFIX (default /usr/local), staged in DESTDIR
	install -D -m 755 .build/release/singerd $(DESTDIR)$(PREFIX)/bin/singerd
	install -D -m 644 man/singerd.8 $(DESTDIR)$(PREFIX)/share/man/man8/singerd.8
	install -D -m 644 bootstrap.txt $(DESTDIR)$(PREFIX)/share/doc/singer/bootstrap.txt

clean: ## Remove what was built
	rm -rf .build
