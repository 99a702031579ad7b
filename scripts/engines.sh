# shellcheck shell=bash
# Sourced after stages.sh: the real servers, pinned, built once into the cache.

export GARAGE_VERSION=2.5.0
export GARAGE_ROOT=$CASIER_CACHE/engines/garage-$GARAGE_VERSION
export GARAGE_BIN=$GARAGE_ROOT/bin/garage

# Tests want Garage correct, not fast: a light profile, and of its features only the
# one database that they use, build it in a fraction of the time.
build_garage() {
  if "$GARAGE_BIN" --version 2>/dev/null | grep -qF "$GARAGE_VERSION"; then
    echo "restored: $GARAGE_BIN"
    return 0
  fi
  echo "Garage $GARAGE_VERSION is not in $CASIER_CACHE: building it"
  CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=1 \
    CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_DEBUG=0 \
    CARGO_TARGET_DIR=$CASIER_CACHE/engines/build \
    cargo install "garage@$GARAGE_VERSION" --locked --force --root "$GARAGE_ROOT" \
    --no-default-features --features bundled-libs,sqlite
  rm -rf "$CASIER_CACHE/engines/build"
  "$GARAGE_BIN" --version
}
