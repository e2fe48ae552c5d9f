import { statSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { commitOf } from '../../src/cli/commit.ts'
import { readKey } from '../release/checksums.ts'
import { dateOfRelease } from '../release/date.ts'
import { checkFolder, makeRelease, type ReleaseOptions } from '../release/release.ts'
import { runtimesOf } from '../release/runtimes.ts'
import { buildPackage, LICENCES } from './build-package.ts'
import { buildExecutables } from './executables.ts'
import { formatLicences } from './licences.ts'
import { targetsNamed } from './targets.ts'

// Makes dist/; with --executables also dist/executables/, and with --release FOLDER all that a release has into that
// folder, for every target or those that are named.

const ROOT = join(import.meta.dirname, '../..')
const DIST = join(ROOT, 'dist')

try {
  await main()
} catch (error) {
  console.error(`build: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { executables: { type: 'boolean', default: false }, release: { type: 'string' } },
    allowPositionals: true,
  })
  if (positionals.length > 0 && !values.executables && values.release === undefined) {
    throw new Error(`${positionals[0]} says nothing without --executables or --release`)
  }
  const targets = targetsNamed(positionals)
  const release = values.release === undefined ? undefined : prepareRelease(values.release)
  const commit = commitOf(ROOT)
  const packages = await buildPackage(ROOT, DIST, commit)
  const made = { root: ROOT, bundle: DIST, targets }
  if (values.executables) {
    const folder = join(DIST, 'executables')
    for (const file of buildExecutables({ ...made, folder })) {
      report(`${relative(ROOT, file)} of ${(statSync(file).size / 1e6).toFixed(0)} MB`)
    }
    // Whoever passes one on passes its runtime on, too.
    writeFileSync(join(folder, LICENCES), formatLicences([...packages, ...runtimesOf(targets, ROOT)]))
  }
  if (release !== undefined) await makeRelease({ ...made, ...release, packages, commit, report })
}

/** What has to be right before minutes are spent on it. */
function prepareRelease(path: string): Pick<ReleaseOptions, 'folder' | 'date' | 'key'> {
  const folder = resolve(path)
  checkFolder(folder)
  const keyFile = process.env.PORTOLAN_RELEASE_KEY
  return { folder, date: dateOfRelease(ROOT), key: keyFile ? readKey(resolve(keyFile)) : undefined }
}

function report(line: string): void {
  console.error(`build: ${line}`)
}
