import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { noDockerRegistry, startDockerRegistry } from '../test/support/docker-registry.ts'
import { findPrograms } from '../test/support/programs.ts'
import { makeTempFolder } from '../test/support/temp.ts'
import { runTool } from './processes/tool.ts'
import { prepare } from './sync/prepare.ts'
import { pushImage } from './sync/push-image.ts'

// How fast `sync` brings a large blob, and an image of several, from a registry that is 50 ms away, beside skopeo and crane,
// which read one stream for each blob. A relay is in between that delays bytes and holds each connection to a window, as
// TCP does over a line that is long and not full (bench/sync/far-relay.ts says how).

/** There and back. */
const ROUND_TRIP = 50
const KIB = 1024
const MIB = 1024 * KIB
/** What one connection has on its way, and how much is brought by it: some seconds' worth. */
const CASES = [
  { window: 64 * KIB, layers: [20 * MIB] },
  { window: 256 * KIB, layers: [64 * MIB] },
  { window: MIB, layers: [256 * MIB] },
  { window: MIB, layers: Array<number>(6).fill(64 * MIB) },
] as const
/** The built package, since that is what people run. */
const PORTOLAN = join(import.meta.dirname, '../bin/portolan.cjs')
const RELAY = join(import.meta.dirname, 'sync/far-relay.ts')

export async function run(): Promise<void> {
  const { found, missing } = findPrograms('skopeo', 'crane')
  const unable = missing ?? noDockerRegistry
  if (unable !== undefined) {
    console.log(`skipped; ${unable}`)
    return
  }
  await using source = await startDockerRegistry()
  await using temp = await makeTempFolder()
  for (const [index, { window, layers }] of CASES.entries()) {
    await using relay = await startRelay(source.host, window)
    const name = `image-${index}`
    const total = (await pushImage(source.host, name, layers)) / MIB
    console.log(
      `\n${total.toFixed(0)} MiB in ${layers.length} blobs, ${ROUND_TRIP} ms away, ${window / KIB} KiB on its way over each connection`,
    )
    const folder = join(temp.path, name)
    const skopeo = join(temp.path, `${name}-skopeo`)
    const tarball = join(temp.path, `${name}.tar`)
    await prepare(relay.host, name, folder, ['folder'])
    const image = `${relay.host}/${name}:v1`
    const contenders: readonly (readonly [string, string, readonly string[], string?])[] = [
      ['skopeo', found.skopeo, ['copy', '--src-tls-verify=false', `docker://${image}`, `dir:${skopeo}`]],
      ['crane', found.crane, ['pull', '--insecure', '--format', 'oci', image, tarball]],
      ['portolan', process.execPath, [PORTOLAN, 'sync', '--config', 'portolan.yaml', '--quiet'], folder],
    ]
    for (const [label, program, words, cwd] of contenders) {
      const { seconds, cpu, megabytes } = await runTool(program, words, cwd)
      const figures = [seconds.toFixed(2), (total / seconds).toFixed(1), cpu.toFixed(2), megabytes.toFixed(0)]
      const [time, rate, work, memory] = figures.map((figure) => figure.padStart(6))
      console.log(`${label.padEnd(10)} ${time} s ${rate} MiB/s ${work} CPU s ${memory} MB`)
    }
    for (const each of [folder, skopeo, tarball]) await rm(each, { recursive: true, force: true })
  }
}

/** Makes a registry far. */
async function startRelay(
  target: string,
  window: number,
): Promise<AsyncDisposable & { readonly host: string }> {
  const [host = '', port = ''] = target.split(':')
  const words = [RELAY, host, port, String(ROUND_TRIP / 2), String(window)]
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const [line] = await once(createInterface(child.stdout), 'line')
  return {
    host: `127.0.0.1:${line}`,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exited
    },
  }
}
