import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { coerce, type SemVer } from 'semver'
import { findProgram, run } from './programs.ts'

/** A containerd on this machine. */
export interface InstalledContainerd {
  readonly program: string
  readonly version: SemVer
}

/** Every containerd on PATH and where `go install` puts it, one for each version. */
export async function installedContainerds(): Promise<InstalledContainerd[]> {
  const folders = [...(process.env.PATH ?? '').split(delimiter), join(homedir(), 'go/bin')]
  const programs = folders.map((folder) => join(folder, 'containerd')).filter((path) => existsSync(path))
  const found = new Map<string, InstalledContainerd>()
  for (const program of programs) {
    const { stdout } = await run(program, ['--version'])
    // One that was built with `go install` says v2.2.9+unknown.
    const version = coerce(/ v?([0-9]+\.[0-9]+\.[0-9]+)/.exec(stdout.toString())?.[1] ?? '')
    if (version !== null && !found.has(version.version)) found.set(version.version, { program, version })
  }
  return [...found.values()]
}

/** Pulls an image by the CRI of a containerd with this config, as a kubelet would; gives what containerd logged. */
export async function pullByCri(
  { program }: InstalledContainerd,
  { folder, config, image }: { readonly folder: string; readonly config: string; readonly image: string },
): Promise<string> {
  const socket = join(folder, 'c.sock')
  const flags = ['--root', join(folder, 'root'), '--state', join(folder, 'state'), '--address', socket]
  const child = spawn(program, ['--config', config, ...flags], { stdio: ['ignore', 'ignore', 'pipe'] })
  let log = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    log += text
  })
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()))
  try {
    await Promise.race([ended, booted(() => log)])
    const crictl = findProgram('crictl')!
    const endpoint = `unix://${socket}`
    await run(crictl, ['--image-endpoint', endpoint, '--runtime-endpoint', endpoint, 'pull', image])
    return log
  } finally {
    child.kill('SIGTERM')
    await ended
  }
}

/** Looks until containerd says that it is up. */
async function booted(log: () => string): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (log().includes('containerd successfully booted')) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`containerd is not up after 30 s:\n${log()}`)
}
