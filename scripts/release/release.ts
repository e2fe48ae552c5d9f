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

/**
 * Makes everything that a release has: the package, an executable for each target, an image, the chart, bills of
 * materials, checksums. The same commit on the same versions of Node, npm and libc gives the same bytes.
 */
export async function makeRelease(options: ReleaseOptions): Promise<void> {
  const { root, bundle, folder, targets, packages, key, report } = options
  mkdirSync(folder, { recursive: true })
  const put = (ending: string, bytes: string | Uint8Array) => {
    writeFileSync(join(folder, `${name}-${version}${ending}`), bytes)
    report(`${name}-${version}${ending}`)
  }
  packPackage(root, folder)
  report(`${name}-${version}.tgz`)
  const seconds = Math.floor(options.date.getTime() / 1000)
  const licences = Buffer.from(formatLicences([...packages, ...runtimesOf(targets, root)]))
  const executables = buildExecutables({ root, bundle, folder: join(folder, 'executables'), targets })
  try {
    await Promise.all(
      targets.map(async (target, index) => {
        const executable = readFileSync(executables[index]!)
        const texts = [
          { path: 'LICENSE', bytes: readFileSync(join(root, 'LICENSE')) },
          { path: LICENCES, bytes: licences },
        ]
        const files = [...texts, { path: 'portolan', bytes: executable, executable: true }]
        put(`-${target.name}.tar.gz`, await zip(writeTar(files, seconds)))
      }),
    )
    putImage(options, executables, put, licences)
  } finally {
    rmSync(join(folder, 'executables'), { recursive: true, force: true })
  }
  const chart = packChart(join(root, 'deploy/helm/portolan'), name, seconds)
  if (chart === undefined) report('no chart: deploy/helm/portolan is not there')
  else put('-chart.tgz', await zip(chart))
  putBills(options, put)
  const checksums = formatChecksums(folder)
  writeFileSync(join(folder, 'SHA256SUMS'), checksums)
  report('SHA256SUMS')
  if (key === undefined) return
  writeFileSync(join(folder, 'SHA256SUMS.sig'), signText(checksums, key))
  report('SHA256SUMS.sig')
}

/** Throws an `Error` unless a folder is empty or not there yet: what it had would count as released. */
export function checkFolder(folder: string): void {
  if (existsSync(folder) && !(statSync(folder).isDirectory() && readdirSync(folder).length === 0))
    throw new Error(`${folder} has to be an empty folder, or a new one`)
}

type Put = (ending: string, bytes: string | Uint8Array) => void

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
