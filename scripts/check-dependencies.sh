#!/usr/bin/env bash
# What the dependency graph must hold to: the SDK is free of the local stack, one
# TLS and cryptography stack in everything, and the bindings compiled with the same
# features as the workspace's tests, so that nothing heavy is compiled twice.
set -euo pipefail
cd "$(dirname "$0")/.."

crates() {
  cargo tree --locked --prefix none -f '{p}' "$@" | cut -d ' ' -f 1 | sort -u
}

features() {
  cargo tree --locked --prefix none -f '{p} {f}' "$@" |
    sed -e 's/ (\*)$//' -e 's/ (proc-macro)//' -e 's/ ([^)]*)//' | sort -u
}

refuse() {
  local what=$1 list=$2 forbidden=$3 found
  found=$(grep -xE "$forbidden" <<<"$list" | paste -sd ' ' || true)
  if [[ -n $found ]]; then
    echo "$what depends on: $found"
    exit 1
  fi
}

refuse "the crate casier" "$(crates -p casier -e normal,build)" 'casier-local|s3s|redb'
for binding in python node swift; do
  refuse "the crate casier-$binding" "$(crates -p "casier-$binding" -e normal,build)" 'casier-local|s3s|redb'
done
refuse "the workspace" "$(crates --workspace -e normal,build,dev)" \
  'ring|openssl|openssl-sys|native-tls|boring|boring-sys|rustls-rustcrypto|rustls-graviola|mbedtls'

for crate in rustls aws-lc-rs aws-lc-sys; do
  versions=$(cargo tree --locked --workspace -e normal,build,dev --prefix none -f '{p}' |
    grep -E "^$crate v" | cut -d ' ' -f 1,2 | sort -u)
  if [[ $(wc -l <<<"$versions") != 1 ]]; then
    echo "the workspace depends on several versions of $crate: $(paste -sd ' ' <<<"$versions")"
    exit 1
  fi
done

# A crate that a binding wants with other features than the tests do would be compiled a
# second time, and with it everything that stands on it.
tests=$(features --workspace --exclude casier-python --exclude casier-node --exclude casier-swift \
  --exclude uniffi-bindgen-swift -e normal,build,dev)
check_features() {
  local package=$1 twice
  shift
  twice=$(comm -13 <(echo "$tests") <(features -p "$package" "$@") | cut -d ' ' -f 1,2 |
    grep -xFf <(cut -d ' ' -f 1,2 <<<"$tests") | paste -sd ' ' || true)
  if [[ -n $twice ]]; then
    echo "$package and the tests ask for different features of: $twice"
    echo "(what its workspace-features and Cargo.toml ask for keeps them the same)"
    exit 1
  fi
}
for binding in python node swift; do
  check_features "casier-$binding" --features workspace-features -e normal,build
done
check_features casier -e normal,build,dev
echo "the SDK is free of the local stack; one TLS stack; one set of features"
