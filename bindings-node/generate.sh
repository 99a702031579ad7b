#!/usr/bin/env bash
# Writes native.js and native.d.ts again, after a change to src/ or native.header.d.ts, and the
# browser's script that the Python package brings, after one to uploads/; and leaves the addon and
# the compiled package where Node finds them. Needs `npm install` to have run here.
set -euo pipefail
cd "$(dirname "$0")"

types=$(mktemp -d)
trap 'rm -rf "$types"' EXIT
NAPI_TYPE_DEF_TMP_FOLDER=$types cargo build --features workspace-features
name=$(node generate.mjs "$types" .)
target=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
cp "$target/debug/libcasier_node.so" "$name"
npm run --silent build
cp dist/uploads/index.mjs ../bindings-python/python/casier/flask/uploads.js
