# shellcheck shell=bash
# Sourced after setup.sh: the Swift package. Where there is no `swift` on the PATH, root
# gets one from Debian 13, in a folder of its own in the cache; nobody else does, and Swift
# is left out.

SWIFT_SUITE=trixie
SWIFT_PACKAGES="swiftlang libc6-dev libstdc++-14-dev git ca-certificates"
SWIFT_FOLDER=$CASIER_CACHE/swift-$SWIFT_SUITE-$(
  sha256sum <<<"$SWIFT_PACKAGES $(uname -m)" | cut -c 1-12
)
SWIFT_BUILD=$CARGO_TARGET_DIR/swift
# Why Swift is left out; empty where it is not.
SWIFT_LEFT_OUT=
if ! command -v swift >/dev/null; then
  if [[ $(id -u) != 0 ]]; then
    SWIFT_LEFT_OUT="there is no swift on the PATH, and only root can get one"
  elif ! unshare --mount true 2>/dev/null; then
    SWIFT_LEFT_OUT="there is no swift on the PATH, and without mounts none can be got"
  elif ! command -v debootstrap apt-get >/dev/null; then
    SWIFT_LEFT_OUT="there is no swift on the PATH, and no apt-get to get one"
  fi
fi
export ROOT SWIFT_SUITE SWIFT_PACKAGES SWIFT_FOLDER SWIFT_BUILD SWIFT_LEFT_OUT

swift_is_left_out() {
  [[ -n $SWIFT_LEFT_OUT ]] && echo "Swift is left out: $SWIFT_LEFT_OUT"
}

# Makes sure that there is a Swift, once for a machine.
swift_toolchain() {
  ! swift_is_left_out || return 0
  if ! command -v swift >/dev/null && [[ ! -f $SWIFT_FOLDER/.complete ]]; then
    command -v debootstrap >/dev/null || install_packages debootstrap
    rm -rf --one-file-system "$SWIFT_FOLDER"
    mkdir -p "$SWIFT_FOLDER"
    unshare --mount debootstrap --variant=minbase "$SWIFT_SUITE" "$SWIFT_FOLDER" ||
      give_up "debootstrap could not fetch Debian $SWIFT_SUITE: is there a network?"
    in_swift bash -c "export DEBIAN_FRONTEND=noninteractive; apt-get update -q &&
      apt-get install -q -y --no-install-recommends $SWIFT_PACKAGES && apt-get clean" ||
      give_up "apt-get could not install $SWIFT_PACKAGES: is there a network?"
    touch "$SWIFT_FOLDER/.complete"
  fi
  in_swift swift --version
}

# in_swift COMMAND...: the command where there is Swift, with the paths that it has here.
# Mounts and processes are in namespaces of their own: all end with the command, however
# it ends.
in_swift() {
  if command -v swift >/dev/null; then
    "$@"
    return
  fi
  # shellcheck disable=SC2016 # the new bash expands it
  unshare --mount --pid --fork --kill-child=KILL bash -c '
    set -euo pipefail
    trap "exit 143" INT TERM
    folder=$1 IFS=:
    mount -t proc proc "$folder/proc"
    mount --rbind /dev "$folder/dev"
    mount -t tmpfs tmpfs "$folder/tmp"
    for path in $2; do
      mkdir -p "$path" "$folder$path"
      mount --bind "$path" "$folder$path"
    done
    chroot "$folder" /usr/bin/env -C "$3" HOME=/root TMPDIR=/tmp PATH=/usr/sbin:/usr/bin "${@:4}" &
    wait $!
  ' in_swift "$SWIFT_FOLDER" "$ROOT:$CARGO_TARGET_DIR:$SCRATCH" "$PWD" "$@"
}

# swift_package COMMAND...: swift with the static library to link. The linker takes
# a shared library before it, so it lies in a folder of its own; SwiftPM does not see it
# change, so that folder is named after it.
swift_package() {
  in_swift swift "$@" -Xlinker "-L$(swift_library)"
}

swift_library() {
  echo "$SWIFT_BUILD/library-$(stat -c %.9Y "$PROFILE_DIR/libcasier_swift.a")"
}

# The library, the Swift package with its tests, and the example.
build_swift() {
  bindings-swift/generate.sh "$SCRATCH/generated"
  local file
  for file in CasierFFI/CasierFFI.h CasierInternal/CasierInternal.swift; do
    diff "bindings-swift/Sources/$file" "$SCRATCH/generated/$file" ||
      give_up "what UniFFI generates has changed: run bindings-swift/generate.sh"
  done
  ! swift_is_left_out || return 0
  rm -rf "$SWIFT_BUILD"/library-*
  mkdir -p "$(swift_library)"
  ln "$PROFILE_DIR/libcasier_swift.a" "$(swift_library)"
  swift_package build --build-tests --scratch-path "$SWIFT_BUILD/package"
  swift_package build --package-path examples/swift --scratch-path "$SWIFT_BUILD/example"
}

# The unit tests and the shared vectors.
swift_tests() {
  ! swift_is_left_out || return 0
  CASIER_LOCAL_BIN=$PROFILE_DIR/casier-local \
    swift_package test --disable-xctest --scratch-path "$SWIFT_BUILD/package" |
    tee "$SCRATCH/swift-tests"
  grep -q 'Test run with [1-9][0-9]* tests passed' "$SCRATCH/swift-tests" ||
    give_up "swift test ran no test"
}

# A package of somebody else, that depends on ours by its path. It compiles the README's
# code, too.
swift_dependent_package() {
  ! swift_is_left_out || return 0
  local package=$SCRATCH/dependent
  mkdir -p "$package/Sources/dependent"
  cat >"$package/Package.swift" <<-END
	// swift-tools-version: 6.0
	import PackageDescription

	let package = Package(
	    name: "dependent",
	    platforms: [.macOS(.v13)],
	    dependencies: [.package(name: "casier", path: "$ROOT")],
	    targets: [
	        .executableTarget(
	            name: "dependent", dependencies: [.product(name: "Casier", package: "casier")])
	    ]
	)
	END
  cat >"$package/Sources/dependent/main.swift" <<-END
	import Casier

	let scope = try Scope(userId: "auth0|5f7c")
	print(try scope.key(kind: "book", filename: "été.pdf"))
	struct User {}
	let free = try Casier.User(userId: "user_1")
	print(try Policy.builtin().decide(free, .subscription("pro")).error?.code ?? "allowed")
	END
  awk '/^## Swift/ { here = 1 } here && /^```$/ { print "}"; exit } here && code { print }
    here && /^import Foundation/ { print "func readme(token: String) async throws {" }
    /^```swift/ { code = 1 }' README.md >"$package/Sources/dependent/Readme.swift"
  swift_package build --package-path "$package" --scratch-path "$package/build"
  in_swift "$package/build/debug/dependent" | tee "$SCRATCH/dependent-says"
  [[ $(<"$SCRATCH/dependent-says") == $'user_auth0.7C5f7c/books/été.pdf\nsubscription-required' ]] ||
    give_up "the package that depends on ours says something else"
}

swift_story() {
  ! swift_is_left_out || return 0
  in_swift "$SWIFT_BUILD/example/debug/casier-quickstart"
}

# swift_files list | read KEY: the example's program, for the token in CASIER_TOKEN.
swift_files() {
  in_swift "$SWIFT_BUILD/example/debug/casier-quickstart" "$@"
}
