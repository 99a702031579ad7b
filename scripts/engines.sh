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

# The last commit before the project was archived; it has no releases as Go modules.
export MINIO_VERSION=v0.0.0-20260212201848-7aac2a2c5b7c
export MINIO_ROOT=$CASIER_CACHE/engines/minio-$MINIO_VERSION
export MINIO_BIN=$MINIO_ROOT/bin/minio

# A program that is fetched as a module does not know its own version: it is told.
build_minio() {
  if "$MINIO_BIN" --version >/dev/null 2>&1; then
    echo "restored: $MINIO_BIN"
    return 0
  fi
  echo "MinIO $MINIO_VERSION is not in $CASIER_CACHE: building it"
  find_go
  local build=$CASIER_CACHE/engines/build-go main=github.com/minio/minio
  rm -rf "$build"
  GOPATH=$build/path GOCACHE=$build/cache GOFLAGS=-modcacherw GOBIN=$MINIO_ROOT/bin CGO_ENABLED=0 \
    "$GO" install -trimpath \
    -ldflags "-s -w -X $main/cmd.ReleaseTag=DEVELOPMENT.2026-02-12T20-18-48Z -X $main/cmd.CommitID=${MINIO_VERSION##*-}" \
    "$main@$MINIO_VERSION" ||
    give_up "MinIO could not be built: is there a network?"
  rm -rf "$build"
  "$MINIO_BIN" --version
}

find_go() {
  GO=$(command -v go || echo /usr/local/go/bin/go)
  "$GO" version || give_up "Go 1.24 or newer is needed to build MinIO: install it from https://go.dev/dl"
}
