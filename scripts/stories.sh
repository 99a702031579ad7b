# shellcheck shell=bash
# Sourced after setup.sh: the story that `make demo` tells and `make test-engines`
# tells again, in each language.

build_stories() {
  without_bindings build --bins --examples
}

rust_story() {
  cargo run --quiet --locked --profile "$PROFILE" --example quickstart
}

python_story() {
  "$SCRATCH/venv/bin/python" examples/python/quickstart.py
}
