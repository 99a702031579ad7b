#!/usr/bin/env bash
# Builds CasierFFI.xcframework, which Package.swift takes on Apple's platforms: the release
# library for macOS, the iOS device and the iOS simulator. Needs macOS with Xcode, and the
# targets below (rustup target add). Not tested yet: the project has no such machine.
set -euo pipefail
cd "$(dirname "$0")"

[[ $(uname) == Darwin ]] || {
  echo "an XCFramework can only be built on macOS"
  exit 1
}
built=${CARGO_TARGET_DIR:-$PWD/../target}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# library NAME TARGET...: one library for all processors of a platform.
libraries=()
library() {
  local name=$1 target archives=()
  shift
  for target in "$@"; do
    cargo build --locked --release -p casier-swift --target "$target"
    archives+=("$built/$target/release/libcasier_swift.a")
  done
  mkdir "$scratch/$name"
  lipo -create "${archives[@]}" -output "$scratch/$name/libcasier_swift.a"
  libraries+=(-library "$scratch/$name/libcasier_swift.a" -headers Sources/CasierFFI)
}

library macos aarch64-apple-darwin x86_64-apple-darwin
library ios aarch64-apple-ios
library ios-simulator aarch64-apple-ios-sim x86_64-apple-ios
rm -rf CasierFFI.xcframework
xcodebuild -create-xcframework "${libraries[@]}" -output CasierFFI.xcframework
