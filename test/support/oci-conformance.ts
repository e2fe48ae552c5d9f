import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { findProgram, run } from './programs.ts'
import { makeTempFolder } from './temp.ts'

const MODULE = 'github.com/opencontainers/distribution-spec/conformance'
/** The suite bears no tags of its own; this commit tests versions 1.0 and 1.1 of the spec. */
const VERSION = 'v0.0.0-20260831232431-97274622c111'

/** Where the suite's program is, or why there is none. */
export type Suite = { readonly program: string } | { readonly missing: string }

/** What a registry that nobody may write to holds in a repository. */
export interface ReadOnlyContent {
  readonly repository: string
  readonly tags: readonly string[]
  /** Digests, as those below. */
  readonly manifests: readonly string[]
  readonly blobs: readonly string[]
  /** Manifests whose referrers are asked for. */
  readonly subjects: readonly string[]
}

/** As the suite writes them; `Disabled` is what a read-only run leaves out. */
type Status = 'Pass' | 'FAIL' | 'Skip' | 'Disabled' | 'Error' | 'Unknown'

/** One spec of the suite; several pieces of content may have one of the same name. */
export interface SpecResult {
  readonly name: string
  readonly status: Status
  /** What was found wrong, a line each. */
  readonly faults: readonly string[]
}

/** Builds the suite of the OCI distribution spec once, into the user's cache, by Go and its module proxy. */
export async function buildSuite(): Promise<Suite> {
  const go = findProgram('go')
  if (go === undefined) return { missing: 'not on this machine: go' }
  const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'portolan-tests')
  const program = join(folder, `oci-conformance-${VERSION}`)
  if ((await stat(program).catch(() => undefined))?.isFile()) return { program }
  const partial = await mkdir(folder, { recursive: true })
    .then(() => mkdtemp(join(folder, 'partial-')))
    .catch(() => undefined)
  if (partial === undefined) return { missing: `${folder} cannot be written` }
  try {
    // A Go that is too old says so, rather than download another one.
    const env = { ...process.env, GOBIN: partial, GOTOOLCHAIN: 'local' }
    const built = await run(go, ['install', `${MODULE}@${VERSION}`], { env, timeout: 100_000 })
    if (built.code !== 0) {
      const reason = built.stderr.trim().split('\n').at(-1) || 'it took too long'
      return { missing: `go cannot build ${MODULE}: ${reason}` }
    }
    await rename(join(partial, 'conformance'), program)
    return { program }
  } finally {
    await rm(partial, { recursive: true, force: true })
  }
}

/** Runs the suite against `HOST:PORT`, which speaks plain HTTP, without a single write, and gives each spec's result. */
export async function runReadOnly(
  program: string,
  host: string,
  { repository, tags, manifests, blobs, subjects }: ReadOnlyContent,
): Promise<readonly SpecResult[]> {
  await using folder = await makeTempFolder()
  const env = {
    PATH: process.env.PATH,
    OCI_VERSION: '1.1',
    OCI_REGISTRY: host,
    OCI_TLS: 'disabled',
    OCI_REPO1: repository,
    OCI_API_PUSH: 'false',
    OCI_API_BLOBS_DELETE: 'false',
    OCI_API_MANIFESTS_DELETE: 'false',
    OCI_API_TAGS_DELETE: 'false',
    OCI_RO_DATA_TAGS: tags.join(' '),
    OCI_RO_DATA_MANIFESTS: manifests.join(' '),
    OCI_RO_DATA_BLOBS: blobs.join(' '),
    OCI_RO_DATA_REFERRERS: subjects.join(' '),
    OCI_RESULTS_DIR: folder.path,
  }
  // Its exit code tells nothing: at this version a read-only run ends in a panic, after all specs and their results, when
  // it writes its reports as files.
  const { stdout, stderr } = await run(program, [], { cwd: folder.path, env })
  return readResults(stdout.toString(), stderr)
}

/** Reads the tree of results that the suite prints; throws when that is not all that its summary counts. */
function readResults(stdout: string, stderr: string): SpecResult[] {
  const lines = stdout.split('\n').slice(0, stdout.split('\n').indexOf('Configuration:'))
  const results: { name: string; status: Status; faults: string[] }[] = []
  for (const line of lines.slice(1)) {
    const [, name, status] = /^ *OCI Conformance Test\/?(.*): (\w+)$/.exec(line) ?? []
    if (status !== undefined) results.push({ name: name!, status: status as Status, faults: [] })
    else if (line !== '') results.at(-1)?.faults.push(line.trim().replace(/^- /, ''))
  }
  // What has others below it is no spec.
  const specs = results.filter(
    ({ name }, at) => !results[at + 1]?.name.startsWith(name === '' ? '' : `${name}/`),
  )
  for (const [, status, count] of stdout.matchAll(/^ {2}(Pass|FAIL|Skip|Disabled|Error)\.+: +(\d+)$/gm)) {
    if (specs.filter((spec) => spec.status === status).length !== Number(count))
      throw new Error(
        `the suite counts ${count} × ${status}, which its results do not show:\n${stdout}${stderr}`,
      )
  }
  if (!/^OCI Conformance Result: /m.test(stdout))
    throw new Error(`the suite did not end:\n${stdout}${stderr}`)
  return specs
}
