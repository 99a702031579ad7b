# shellcheck shell=bash
# Sourced after setup.sh: the npm package, its tests, and the story that it tells.

# Node and the tools that build the package, installed once for each state of the lock file.
node_tools() {
  if ! node_is_new_enough || ! command -v npm >/dev/null; then
    install_packages nodejs npm
  fi
  node_is_new_enough || give_up "Node 20 or newer is needed, this is $(node --version 2>&1)"
  node --version
  local wanted installed=bindings-node/node_modules/.complete
  wanted=$(cat bindings-node/package.json bindings-node/package-lock.json | sha256sum)
  if [[ $(cat "$installed" 2>/dev/null) != "$wanted" ]]; then
    # Not `npm ci`: it fails where a registry lacks the optional packages of other systems.
    (cd bindings-node && npm install --no-save --no-progress) ||
      give_up "npm could not install what bindings-node/package-lock.json names: is there a network?"
    echo "$wanted" >"$installed"
  fi
}

node_is_new_enough() {
  node -e 'process.exit(process.versions.node.split(".")[0] >= 20 ? 0 : 1)' 2>/dev/null
}

# The addon in the profile of the Rust tests, with the feature that lets it share their
# compiled dependencies, and the package around it.
build_node() {
  make_node "$PROFILE_DIR" --profile "$PROFILE" --features workspace-features
}

# The addon as it is shipped.
build_release_node() {
  make_node "$CARGO_TARGET_DIR/release" --release
}

make_node() {
  local built=$1 types=$SCRATCH/node-types generated=$SCRATCH/node-generated name file
  shift
  rm -rf "$types" "$generated"
  mkdir "$types" "$generated"
  NAPI_TYPE_DEF_TMP_FOLDER=$types cargo build --locked -p casier-node "$@"
  name=$(node bindings-node/generate.mjs "$types" "$generated")
  for file in native.js native.d.ts; do
    cmp "$generated/$file" "bindings-node/$file" ||
      give_up "bindings-node/$file is not what the addon gives: run bindings-node/generate.sh and commit it"
  done
  strip --strip-debug -o "bindings-node/$name" "$built/libcasier_node.so"
  rm -rf bindings-node/dist
  npm run --silent --prefix bindings-node build
  cmp bindings-node/dist/uploads/index.mjs bindings-python/python/casier/flask/uploads.js ||
    give_up "Flask's uploads.js is not what bindings-node/uploads gives: run bindings-node/generate.sh and commit it"
}

# The tarball that npm would publish, as casier-node.tgz.
pack_node() {
  local folder=$SCRATCH/node-pack
  rm -rf "$folder"
  mkdir "$folder"
  cp -r bindings-node/{package.json,native.js,native.d.ts,dist} bindings-node/*.node README.md LICENSE-* "$folder"
  (cd "$folder" && npm pack --silent)
  mv "$folder"/casier-*.tgz "$SCRATCH/casier-node.tgz"
}

node_tests() {
  CASIER_LOCAL_BIN=$PROFILE_DIR/casier-local node --test --test-reporter spec \
    bindings-node/tests/*.test.mjs tests/conformance/node/*.test.mjs
}

# The tarball in a folder that knows nothing else: both module systems, and strict types.
install_node_package() {
  local folder=$SCRATCH/node-package
  rm -rf "$folder"
  mkdir "$folder"
  cd "$folder" || return
  echo '{"name": "dependent", "private": true}' >package.json
  npm install --no-progress "$SCRATCH/casier-node.tgz" || give_up "npm could not install the package"
}

node_package_test() {
  local tools=$PWD/bindings-node/node_modules
  (install_node_package)
  cp -r bindings-node/tests/types/* "$SCRATCH/node-package"
  cd "$SCRATCH/node-package" || return
  node --input-type module --eval "
    import { createRequire } from 'node:module'
    import * as imported from 'casier'
    const required = createRequire(import.meta.url)('casier')
    if (required.Casier !== imported.Casier) throw new Error('two classes of one name')
    console.log('ES modules and CommonJS:', new imported.Scope('user_1').key('book', 'a.pdf'))"
  node --no-addons --input-type module --eval "
    import { uploadFile } from 'casier/uploads'
    console.log('without the addon:', uploadFile.name)"
  node --input-type commonjs --eval "
    const { CasierError, Scope } = require('casier')
    try { new Scope('') } catch (error) { if (error instanceof CasierError) console.log('CommonJS:', error.code) }"
  node "$tools/typescript/bin/tsc" -p . --skipLibCheck false --typeRoots "$tools/@types"
  node "$tools/typescript/bin/tsc" -p browser --skipLibCheck false
  echo "types: strict"
}

node_story() {
  [[ -d $SCRATCH/node-package ]] || (install_node_package)
  cp examples/node/quickstart.mjs "$SCRATCH/node-package"
  node "$SCRATCH/node-package/quickstart.mjs"
}
