// Writes the loader and the types of the addon, and prints the name that the loader looks for:
// generate.mjs TYPE_DEFINITIONS OUTPUT. The type definitions are what napi's macros write while the
// crate compiles, into the folder that NAPI_TYPE_DEF_TMP_FOLDER names. (`napi build` would do all
// in one, but asks cargo for a target of its own, for which everything would be compiled again.)
import { execFileSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generateTypeDef, parseTriple, writeJsBinding } from '@napi-rs/cli'

/** A class that only the addon makes cannot be made by its types either. */
const sealed = (type) => (type.includes('  constructor(') ? type : type.replace('{', '{\n  private constructor()'))

const [typeDefDir, outputDir] = process.argv.slice(2)
const { napi, version } = JSON.parse(await readFile(new URL('package.json', import.meta.url)))
const { dts, exports: idents } = await generateTypeDef({
  typeDefDir,
  cwd: fileURLToPath(new URL('.', import.meta.url)),
  dtsHeaderFile: 'native.header.d.ts',
})
if (idents.length === 0) {
  throw new Error(`there are no type definitions in ${typeDefDir}`)
}
await writeFile(join(outputDir, 'native.d.ts'), dts.replace(/^export declare class .*?^}/gms, sealed))
await writeJsBinding({ ...napi, platform: true, jsBinding: 'native.js', idents, version, outputDir })

const [, host] = /^host: (.*)$/m.exec(execFileSync('rustc', ['-vV'], { encoding: 'utf8' }))
console.log(`${napi.binaryName}.${parseTriple(host).platformArchABI}.node`)
