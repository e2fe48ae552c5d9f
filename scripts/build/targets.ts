/** A system and processor that an executable is made for. */
export interface Target {
  /** Ends the name of its file: `portolan-linux-x64`. */
  readonly name: string
  /** The npm package with the Bun that it has inside. */
  readonly runtime: string
  /** As Bun calls it. */
  readonly bun: string
  /** What the file's header has to say, as `describeHeader` puts it. */
  readonly header: string
  /** What this machine has to be to run it. */
  readonly host: string
}

/** Every executable that is released. */
export const TARGETS: readonly Target[] = [
  {
    name: 'linux-x64',
    runtime: '@oven/bun-linux-x64',
    bun: 'bun-linux-x64',
    header: 'ELF 64-bit x86-64, loaded by /lib64/ld-linux-x86-64.so.2',
    host: 'linux x64 glibc',
  },
  {
    name: 'linux-arm64',
    runtime: '@oven/bun-linux-aarch64',
    bun: 'bun-linux-arm64',
    header: 'ELF 64-bit aarch64, loaded by /lib/ld-linux-aarch64.so.1',
    host: 'linux arm64 glibc',
  },
  {
    name: 'linux-x64-musl',
    runtime: '@oven/bun-linux-x64-musl',
    bun: 'bun-linux-x64-musl',
    header: 'ELF 64-bit x86-64, loaded by /lib/ld-musl-x86_64.so.1',
    host: 'linux x64 musl',
  },
  {
    name: 'darwin-arm64',
    runtime: '@oven/bun-darwin-aarch64',
    bun: 'bun-darwin-arm64',
    header: 'Mach-O 64-bit arm64, signed',
    host: 'darwin arm64',
  },
]

/** The targets of these names, all of them unless there are any. Throws an `Error` that says which there are. */
export function targetsNamed(names: readonly string[]): readonly Target[] {
  if (names.length === 0) return TARGETS
  return names.map((name) => {
    const target = TARGETS.find((each) => each.name === name)
    if (target !== undefined) return target
    const known = TARGETS.map(({ name }) => name).join(', ')
    throw new Error(`there is no executable for ${name || 'an empty name'}; it has to be one of ${known}`)
  })
}

/** The target that this machine can run; `undefined` when it is none of them. */
export function hostTarget(): Target | undefined {
  const host = [process.platform, process.arch, ...(process.platform === 'linux' ? [libc()] : [])].join(' ')
  return TARGETS.find((each) => each.host === host)
}

function libc(): string {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } }
  return header.glibcVersionRuntime === undefined ? 'musl' : 'glibc'
}
