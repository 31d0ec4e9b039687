# Lanner: `make run` shows it at work, `make test` proves it. Both install what they miss (Debian packages, cargo-nextest).
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

CARGO     ?= cargo
CAPTURE   ?= tests/captures/attack.scap.gz
RULES     ?= rules/syscall/lanner_rules.yaml
BUILT     := $(or $(CARGO_TARGET_DIR),target)
FUZZ_SECS ?= 24
DIFF_SECS ?= 60
FUZZ_BINS := capture event yaml_rules condition format audit cloudtrail gcpaudit
FUZZ_ARCH := $(shell rustc -vV 2>/dev/null | sed -n 's/^host: //p')
FUZZ_OUT  := tests/fuzz/target/$(FUZZ_ARCH)/release
# Coverage instrumentation that libFuzzer reads; plain codegen options, so that the stable compiler takes them.
FUZZ_FLAGS := --cfg fuzzing -Ccodegen-units=1 -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
  -Cllvm-args=-sanitizer-coverage-trace-compares

.PHONY: help deps run test lint wasm instructions bench fuzz fuzz-build fuzz-rules $(FUZZ_BINS:%=fuzz-%) clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

deps: ## install what is missing: C and C++ compilers, clang, git, valgrind, cargo-nextest
	@tests/install-deps

run: deps ## build Lanner; as root watch this machine, else replay a recorded attack; alerts are printed
	@echo "==> building lanner (release)"
	@$(CARGO) build --release --quiet -p lanner
	@if [ "$$(id -u)" = 0 ] && [ -s /sys/kernel/btf/vmlinux ]; then \
	  echo "==> lanner run -r $(RULES) (watching this machine; Ctrl-C ends it. Try in another terminal: cat /etc/shadow)"; \
	  exec $(BUILT)/release/lanner run -r $(RULES); \
	fi; \
	echo "==> lanner replay $(CAPTURE) -r $(RULES) (watching this machine needs root and /sys/kernel/btf/vmlinux)"; \
	$(BUILT)/release/lanner replay $(CAPTURE) -r $(RULES)

test: deps ## build everything and run all tests
	@echo "==> building and running all tests"
	@$(CARGO) nextest run --workspace --no-fail-fast
	@echo "==> examples in the documentation"
	@$(CARGO) test --workspace --doc --quiet

lint: wasm ## formatting, lints, documentation, and the engine for wasm32
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --quiet

wasm: ## the rule engine alone for wasm32, as an editor in a browser uses it; needs the target of rustup
	@if rustc --print target-libdir --target wasm32-unknown-unknown | xargs test -d || \
	  rustup target add wasm32-unknown-unknown 2>/dev/null; then \
	  echo "==> checking lanner-engine for wasm32"; \
	  $(CARGO) check --quiet -p lanner-engine --target wasm32-unknown-unknown; \
	else echo "skipped: the engine for wasm32: rustup cannot add the target wasm32-unknown-unknown"; fi

bench: deps ## measure: whole replays on a capture of 4 million events; as root what watching this machine costs
	@tests/bench
	@tests/bench-live

instructions: deps ## count the instructions that an event costs, against tests/instructions.baseline
	@echo "==> instructions per event"
	@LANNER_INSTRUCTIONS=1 $(CARGO) nextest run --workspace --test instructions --success-output immediate \
	  --config profile.dev.package.lanner.opt-level=2 --config profile.dev.package.lanner.codegen-units=1

fuzz-build:
	@echo "==> building the fuzz targets"
	@RUSTFLAGS="$(FUZZ_FLAGS)" $(CARGO) build --quiet --release --target $(FUZZ_ARCH) --target-dir tests/fuzz/target \
	  --manifest-path tests/fuzz/Cargo.toml

fuzz: deps fuzz-build ## run each fuzz target for FUZZ_SECS seconds, random rules for DIFF_SECS; one per processor at a time
	@$(MAKE) --no-print-directory --output-sync=target -j$$(nproc) fuzz-rules $(FUZZ_BINS:%=fuzz-%)

# All packages are named, so that they have the features that the tests were built with.
fuzz-rules:
	@echo "==> random rule files against the naive evaluator ($(DIFF_SECS) s)"; \
	LANNER_DIFFERENTIAL_SECONDS=$(DIFF_SECS) $(CARGO) test --workspace --quiet --test differential -- --nocapture

$(FUZZ_BINS:%=fuzz-%): fuzz-%:
	@echo "==> fuzz $* ($(FUZZ_SECS) s)"; \
	grown=tests/fuzz/target/corpus/$*; mkdir -p $$grown; \
	$(FUZZ_OUT)/$* $$grown tests/fuzz/corpus/$* -max_total_time=$(FUZZ_SECS) -timeout=10 -rss_limit_mb=1024 \
	  -artifact_prefix=tests/fuzz/target/$*- -print_final_stats=0 -verbosity=0

clean: ## remove what was built
	$(CARGO) clean
	rm -rf tests/fuzz/target
