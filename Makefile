# The two commands that people need: `make demo` and `make test`. Both do all set-up on a bare Debian machine.
SHELL := /bin/bash
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

.PHONY: help setup demo test check unit integration guest bench clean

help:
	@echo 'make demo         a realtime VM on this host: planned, run, proven, removed (KEEP=1: stays up)'
	@echo 'make test         everything that CI checks'
	@echo 'make check        types and lint only'
	@echo 'make unit         tests that need no libvirt'
	@echo 'make integration  tests against a real libvirtd and real QEMU (root)'
	@echo 'make guest        rebuild the guest ROM from its source'
	@echo 'make bench        all benches'

setup:
	@scripts/setup

demo: setup
	@demo/run

test: setup
	@scripts/test

check: setup
	tsc
	eslint .

unit: setup
	vitest run --project unit

integration: setup
	vitest run --project integration

guest: setup
	$(MAKE) -C guest

bench: setup
	@scripts/bench

clean:
	rm -rf build
