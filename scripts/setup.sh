# shellcheck shell=bash
# Sourced after stages.sh: what a fresh machine misses, and the Python
# environments. Every function is quick and silent when there is nothing to do.

# Any CPython from 3.11 on will do; an exact 3.11 comes first, the oldest that is supported.
find_python() {
  local name
  for name in python3.11 python3 python3.12 python3.13; do
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      PYTHON=$("$name" -c 'import sys; print(sys.executable)')
      return 0
    fi
  done
  return 1
}

# Installs what is missing, by name: a C compiler (aws-lc, and the linking of every
# Rust program), openssl, which checks signatures in tests, and Python's venv module,
# which Debian packages apart.
install_tools() {
  local missing=()
  command -v cc >/dev/null || missing+=(gcc libc6-dev)
  command -v make >/dev/null || missing+=(make)
  command -v git >/dev/null || missing+=(git)
  command -v openssl >/dev/null || missing+=(openssl)
  if ! find_python; then
    missing+=(python3 python3-venv)
  elif ! "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null; then
    missing+=(python3-venv)
  fi
  if ((${#missing[@]})); then
    install_packages "${missing[@]}"
  fi
  command -v cc >/dev/null || give_up "there is no C compiler \"cc\", though gcc is installed: mend that"
  find_python ||
    give_up "Python 3.11 or newer is needed: install python3 and python3-venv"
  command -v cargo >/dev/null || give_up "cargo is missing: install Rust from https://rustup.rs"
  rust_component rustfmt cargo-fmt
  rust_component clippy cargo-clippy
  cc --version | head -n 1
  rustc --version
  echo "$PYTHON $("$PYTHON" -V)"
}

install_packages() {
  echo "missing: $*"
  [[ $(id -u) == 0 ]] || give_up "not root: install these packages first: $*"
  command -v apt-get >/dev/null || give_up "no apt-get here: install these first: $*"
  export DEBIAN_FRONTEND=noninteractive
  if [[ ! -e $SCRATCH/apt-updated ]]; then
    apt-get update -q || give_up "apt-get update failed, and these are missing: $*; is there a network?"
    touch "$SCRATCH/apt-updated"
  fi
  apt-get install -q -y --no-install-recommends "$@" || give_up "apt-get could not install $*: is there a network?"
}

rust_component() {
  local component=$1 program=$2
  "$program" --version >/dev/null 2>&1 && return 0
  command -v rustup >/dev/null || give_up "$program is missing: install the Rust component $component"
  rustup component add "$component" || give_up "rustup could not add $component"
}

# Ends the stage; its failure then reads as this one line.
give_up() {
  echo "$1"
  echo "$1" >"$SCRATCH/reason"
  exit 1
}

fetch_crates() {
  cargo fetch --locked --target "$(rustc -vV | sed -n 's/^host: //p')" ||
    give_up "cargo could not fetch the crates of Cargo.lock: is there a network?"
}

# without_bindings COMMAND...: one cargo command with the features of all crates but the
# bindings, which the tools of their languages build, each as a package of its own.
without_bindings() {
  cargo "$1" --workspace --locked --profile "$PROFILE" --exclude casier-python \
    --exclude casier-node --exclude casier-swift --exclude uniffi-bindgen-swift "${@:2}"
}

# casier-local, and the examples.
build_programs() {
  without_bindings build --bins --examples
}

# The tools that build the wheel: a virtual environment in the cache, named after
# the Python and the pinned versions, made once.
build_tools() {
  find_python
  BUILD_VENV=$CASIER_CACHE/venv-build-$(
    { "$PYTHON" -VV; echo "$PYTHON"; cat scripts/requirements-build.txt; } | sha256sum | cut -c 1-12
  )
  if [[ ! -f $BUILD_VENV/.complete ]]; then
    rm -rf "$BUILD_VENV"
    "$PYTHON" -m venv "$BUILD_VENV"
    "$BUILD_VENV/bin/pip" install -q -r scripts/requirements-build.txt ||
      give_up "pip could not install $(paste -sd ' ' scripts/requirements-build.txt): is there a network?"
    touch "$BUILD_VENV/.complete"
  fi
}

# The wheel for tests: in the profile of the Rust tests, and with the feature that lets
# it share their compiled dependencies.
build_wheel() {
  make_wheel --profile "$PROFILE" --features workspace-features
}

# The wheel as it is shipped.
build_release_wheel() {
  make_wheel --release
}

make_wheel() {
  build_tools
  rm -rf "$SCRATCH/dist"
  "$BUILD_VENV/bin/maturin" build --locked "$@" --manifest-path bindings-python/Cargo.toml \
    --interpreter "$PYTHON" --out "$SCRATCH/dist"
}

# A fresh virtual environment with the wheel in it, and with what more is named.
install_wheel() {
  find_python
  rm -rf "$SCRATCH/venv"
  "$PYTHON" -m venv "$SCRATCH/venv"
  "$SCRATCH/venv/bin/pip" install -q "$SCRATCH"/dist/casier-*.whl "$@" ||
    give_up "pip could not install the wheel and what its tests need"
  "$SCRATCH/venv/bin/python" -c 'import casier; print("casier", casier.__file__)'
}

# The browser, and what drives it.
browser_tools() {
  command -v chromium >/dev/null || install_packages chromium fonts-liberation
  npm ci --prefix tests/e2e/browser || give_up "npm could not install playwright-core: is there a network?"
}
