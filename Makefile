.DEFAULT_GOAL := help
.PHONY: help demo test test-engines fuzz planted bench local wheel npm generate stores lint docs clean

help: ## what can be made
	@sed -n 's/^\([a-z-]*\): ## /  make \1 — /p' Makefile

demo: ## sets everything up and runs the main job on the local stack, in each language and across Flask and Next.js
	@scripts/demo.sh

test: ## sets everything up and runs every test but those that need big servers
	@scripts/test.sh

test-engines: ## builds or restores the real servers (Garage, MinIO) and runs the stories and storage tests on them
	@scripts/test-engines.sh

fuzz: ## fuzzes what reads tokens, requests and keys, each target for FUZZ_SECONDS (60)
	@scripts/fuzz.sh

planted: ## plants bugs in a copy, one by one, and sees whether the tests catch them
	@scripts/planted.sh

bench: ## measures Casier and its peers in turn and writes the tables of docs/benchmarks.md
	@scripts/bench.sh

local: ## a local S3 and token issuer, until Ctrl-C; prints its environment
	@scripts/local.sh

wheel: ## the Python package, optimised, into dist/
	@scripts/wheel.sh

npm: ## the npm package, optimised, into dist/
	@scripts/npm.sh

generate: ## writes anew what is generated from the sources: stubs, types, loaders, tables in docs/
	@scripts/generate.sh

stores: ## asks casier-local, Garage and MinIO what they can do and writes docs/stores.md anew
	@scripts/stores.sh

lint: ## formatting, dependency rules, clippy
	@scripts/lint.sh

docs: ## the Rust reference, warnings refused
	@scripts/docs.sh

clean: ## removes what was built, here and in the shared target directory
	@scripts/clean.sh
