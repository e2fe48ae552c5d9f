import type { NodeFiles } from '../../migrate/node-check/node-files.ts'
import type { MachineFiles } from '../node-files.ts'
import { isLater, type RuntimeProcess } from './runtime-process.ts'

/** Certificates in PEM, and the files that they are from. */
export interface Authorities {
  readonly files: readonly string[]
  readonly certificates: readonly string[]
}

/** Where Go looks for a file of authorities, the first that is there (crypto/x509, root_linux.go). */
const FILES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/tls/cacert.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
]
/** Beside it, all that lies in these (crypto/x509, root_linux.go). */
const FOLDERS = ['/etc/ssl/certs', '/etc/pki/tls/certs']
/** Where people put authorities of their own; programs make the files above from these, often all of them anew. */
const SOURCES = [
  '/usr/local/share/ca-certificates',
  '/etc/pki/ca-trust/source/anchors',
  '/usr/share/pki/ca-trust-source/anchors',
  '/etc/pki/trust/anchors',
  '/usr/share/pki/trust/anchors',
]
/** No machine has as many. */
const FILES_MAX = 2000

/** What programs of Go's trust on a machine, as all container runtimes are; variables name other places. */
export function systemAuthorities(
  files: NodeFiles,
  variables: Readonly<Record<string, string>>,
): Authorities {
  const named = variables.SSL_CERT_FILE
  const file = named ? [named] : FILES.filter((path) => files.read(path) !== undefined).slice(0, 1)
  const folders = variables.SSL_CERT_DIR ? variables.SSL_CERT_DIR.split(':') : FOLDERS
  const more = folders.flatMap((folder) => files.list(folder).map((name) => `${folder}/${name}`))
  return readAuthorities(files, [...file, ...more.slice(0, FILES_MAX)])
}

/** Authorities that a program cannot know, since it reads those of the machine once. */
export interface LateAuthorities {
  readonly certificates: readonly string[]
  /** The file with them that was changed last, and when. */
  readonly file: string
  readonly changed: Date
}

/**
 * Those that are only in files which were changed after a program had started. What browsers trust (`known`), and what lay
 * already where authorities are put, was there before, in whatever bundle was replaced.
 */
export function lateAuthorities(
  files: Pick<MachineFiles, 'read' | 'list' | 'changedAt'>,
  { files: paths, certificates }: Authorities,
  running: RuntimeProcess,
  known: readonly string[],
): LateAuthorities | undefined {
  const sources = SOURCES.flatMap((folder) => files.list(folder).map((name) => `${folder}/${name}`))
  const all = [...paths, ...sources.slice(0, FILES_MAX)]
  const old = all.filter((file) => !isLater(files.changedAt(file), running))
  const before = readAuthorities(files, old).certificates
  const had = new Set([...before, ...known].map(bytesOf))
  const late = certificates.filter((pem) => !had.has(bytesOf(pem)))
  const [last] = paths
    .filter((file) => readAuthorities(files, [file]).certificates.some((pem) => late.includes(pem)))
    .map((file) => ({ file, changed: files.changedAt(file) ?? running.since }))
    .toSorted((one, other) => other.changed.getTime() - one.changed.getTime())
  return late.length === 0 || last === undefined ? undefined : { certificates: late, ...last }
}

function bytesOf(pem: string): string {
  return pem.replace(/\s/g, '')
}

/** The certificates of a registry in a `certs.d` of Docker's form: `certs.d/HOST:PORT/*.crt`. */
export function registryAuthorities(files: NodeFiles, folders: readonly string[], host: string): Authorities {
  const paths = folders.flatMap((folder) =>
    files
      .list(`${folder}/${host}`)
      .filter((name) => name.endsWith('.crt'))
      .map((name) => `${folder}/${host}/${name}`),
  )
  return readAuthorities(files, paths)
}

/** What is in these files; one that is not there or holds none adds nothing, as with the runtimes. */
export function readAuthorities(files: NodeFiles, paths: readonly string[]): Authorities {
  const certificates = new Set<string>()
  const read: string[] = []
  for (const path of paths) {
    const found = files.read(path)?.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
    for (const pem of found) certificates.add(pem.replaceAll('\r', ''))
    if (found.length > 0) read.push(path)
  }
  return { files: read, certificates: [...certificates] }
}
