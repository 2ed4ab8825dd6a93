# The two commands that people need: `make demo` and `make test`. Both do all set-up on a bare Debian machine.
SHELL := /bin/bash
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

.PHONY: help setup demo test check unit integration chaos explore simulate nightly guest bench bundle image image-test release clean pictures

help:
	@echo 'make demo         a realtime VM on this host: planned, run, proven, removed (KEEP=1: stays up)'
	@echo 'make test         everything that CI checks'
	@echo 'make check        types and lint only'
	@echo 'make unit         tests that need no libvirt'
	@echo 'make integration  tests against a real libvirtd and real QEMU (root)'
	@echo 'make chaos        controllers, agents and an API server killed at random (CHAOS_SEED, CHAOS_KILLS, CHAOS_ROLLBACKS)'
	@echo 'make explore      every state of small worlds, by the tables of the protocol'
	@echo 'make simulate     histories of a cluster on a virtual clock, drawn from a seed and judged (SEED, STEPS, HISTORIES, MIX, SHRINK=1)'
	@echo 'make nightly      what does not fit into make test: more chaos, benches, tests beside load (NIGHTLY_STEPS: only those); test/results/'
	@echo 'make guest        rebuild the guest ROM from its source'
	@echo 'make bench        all benches'
	@echo 'make bundle       the product as one file, build/bundle/rtvm.mjs'
	@echo 'make image        the container image, with buildah'
	@echo 'make image-test   only the test that builds the image with no registry, and looks into it (Debian, root)'
	@echo 'make release      the kubectl plugin as krew installs it, build/release/'
	@echo 'make pictures     the pictures in the docs, and those of the page in build/screenshots/'

setup:
	@scripts/setup

demo: setup
	@demo/run

test: setup
	@scripts/test

check: setup
	tsc
	tsc -p src/cli/ui/page
	eslint .

unit: setup
	vitest run --project unit

explore: setup
	vitest run --project exploration

chaos: setup
	vitest run --project chaos

simulate: setup
	@node test/simulation/main.ts

integration: setup
	vitest run --project idle
	vitest run --project integration
	vitest run --project once

guest: setup
	guest/build

nightly: setup
	@scripts/image-tools
	@node scripts/nightly/main.ts

bench: setup
	@scripts/bench

bundle: setup
	node scripts/bundle/main.ts

image:
	buildah build --build-arg REVISION=$$(git rev-parse HEAD) -t ghcr.io/rtvm-dev/rtvm:$$(node -p "require('./package.json').version") .

image-test: setup
	@scripts/image-test

release: setup
	node scripts/release/main.ts

clean:
	rm -rf build

pictures: setup
	node scripts/pictures/main.ts
	vitest run --project integration test/integration/ui.test.ts
	cp build/screenshots/two-hosts-finding-light.png docs/ui.png
