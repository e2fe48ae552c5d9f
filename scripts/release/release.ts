import type { KeyObject } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import packageFile from '../../package.json' with { type: 'json' }
import { writeTar } from '../../src/demo/tar.ts'
import { LICENCES } from '../build/build-package.ts'
import { buildExecutables } from '../build/executables.ts'
import { type BundledPackage, formatLicences } from '../build/licences.ts'
import { hostTarget, type Target } from '../build/targets.ts'
import { packChart } from './chart.ts'
import { formatChecksums, signText } from './checksums.ts'
import { writeImage } from './image.ts'
import { librariesOf } from './libraries.ts'
import { packPackage } from './pack.ts'
import { runtimesOf } from './runtimes.ts'
import { type Bill, toCycloneDx, toSpdx } from './sbom.ts'

export interface ReleaseOptions {
  /** The repository's root. */
  readonly root: string
  /** What was built of it. */
  readonly bundle: string
  /** As `checkFolder` wants it. */
  readonly folder: string
  readonly targets: readonly Target[]
  /** What is in the bundle. */
  readonly packages: readonly BundledPackage[]
  readonly commit: string
  /** Of the commit; of every file. */
  readonly date: Date
  /** Signs the checksums, if there is one: an Ed25519 key. */
  readonly key: KeyObject | undefined
  /** Told what was made, and what was left out and why. */
  readonly report: (line: string) => void
}

const { name, version } = packageFile
const zip = promisify(gzip)

/** Writes a file of the release, by the end of its name. */
type Put = (ending: string, bytes: string | Uint8Array) => void

/**
 * Makes everything that a release has: the package, an executable for each target, an image, the chart, bills of
 * materials, checksums. The same commit on the same versions of Node, npm and libc gives the same bytes.
 */
export async function makeRelease(options: ReleaseOptions): Promise<void> {
  const { root, folder, key, report } = options
  // What was built since may lie there.
  checkFolder(folder)
  mkdirSync(folder, { recursive: true })
  const write = (file: string, bytes: string | Uint8Array) => {
    writeFileSync(join(folder, file), bytes)
    report(file)
  }
  const put: Put = (ending, bytes) => write(`${name}-${version}${ending}`, bytes)
  packPackage(root, folder)
  report(`${name}-${version}.tgz`)
  await putExecutables(options, put)
  await putChart(options, put)
  putBills(options, put)
  const checksums = formatChecksums(folder)
  write('SHA256SUMS', checksums)
  if (key !== undefined) write('SHA256SUMS.sig', signText(checksums, key))
}

/** Throws an `Error` unless a folder is empty or not there yet: what it had would count as released. */
export function checkFolder(folder: string): void {
  if (existsSync(folder) && !(statSync(folder).isDirectory() && readdirSync(folder).length === 0))
    throw new Error(`${folder} has to be an empty folder, or a new one`)
}

/** Each as an archive with the licences of what is in it; the one of this machine as an image, too. */
async function putExecutables(options: ReleaseOptions, put: Put): Promise<void> {
  const { root, bundle, folder, targets, packages } = options
  const licences = Buffer.from(formatLicences([...packages, ...runtimesOf(targets, root)]))
  const texts = [
    { path: 'LICENSE', bytes: readFileSync(join(root, 'LICENSE')) },
    { path: LICENCES, bytes: licences },
  ]
  const work = join(folder, 'executables')
  try {
    const executables = buildExecutables({ root, bundle, folder: work, targets })
    await Promise.all(
      targets.map(async (target, index) => {
        const bytes = readFileSync(executables[index]!)
        const files = [...texts, { path: 'portolan', bytes, executable: true }]
        put(`-${target.name}.tar.gz`, await zip(writeTar(files, secondsOf(options))))
      }),
    )
    putImage(options, executables, put, licences)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

async function putChart(options: ReleaseOptions, put: Put): Promise<void> {
  const chart = packChart(join(options.root, 'deploy/helm/portolan'), name, secondsOf(options))
  if (chart === undefined) options.report('no chart: deploy/helm/portolan is not there')
  else put('-chart.tgz', await zip(chart))
}

function secondsOf({ date }: ReleaseOptions): number {
  return Math.floor(date.getTime() / 1000)
}

/** An image takes the loader and the libraries of this machine, so there is one for this machine's own target alone. */
function putImage(
  { targets, commit, date, report }: ReleaseOptions,
  executables: readonly string[],
  put: Put,
  licences: Buffer,
): void {
  const host = hostTarget()
  const file = executables[host === undefined ? -1 : targets.indexOf(host)]
  if (file === undefined || host?.host.endsWith(' glibc') !== true) {
    report('no image: it takes an executable of this machine, for a Linux with glibc')
    return
  }
  const image = writeImage({
    ...{ version, commit, date, licences },
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    executable: readFileSync(file),
    libraries: librariesOf(file),
  })
  put(`-image-${host.name}.tar`, image)
}

/** One bill of the package, and one of the executables, which have a runtime inside. */
function putBills({ root, packages, date, targets }: ReleaseOptions, put: Put): void {
  const { description, license, homepage } = packageFile
  const subject = { name, version, description, licence: license, homepage }
  const bills: [ending: string, bill: Bill][] = [
    ['', { subject, packages, date }],
    ['-executables', { subject, packages: [...packages, ...runtimesOf(targets, root)], date }],
  ]
  for (const [ending, bill] of bills) {
    put(`${ending}.cdx.json`, toCycloneDx(bill))
    put(`${ending}.spdx.json`, toSpdx(bill))
  }
}
