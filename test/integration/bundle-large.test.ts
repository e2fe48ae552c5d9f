import { readFileSync } from 'node:fs'
import { link, mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCommand, startCommand } from '../support/command.ts'
import { blobOf } from '../support/content.ts'
import { FULL } from '../support/sample.ts'
import {
  type StreamingRegistry,
  startStreamingRegistry,
  streamedBlob,
} from '../support/streaming-registry.ts'
import { makeTempFolder, type TempFolder } from '../support/temp.ts'

/** A disk with FAT32 takes no file of 4 GiB; without TEST_FULL=1 all of it is a thousand times smaller. */
const [UNIT, name] = FULL ? [1024 ** 3, 'GiB'] : [1024 ** 2, 'MiB']
const PART = 4 * UNIT - 1
const SIZE = 6 * UNIT
const MEMORY_MAX = 200
const LIMIT = FULL ? 900_000 : 60_000

const config = streamedBlob(700)
const blob = streamedBlob(SIZE)
const image = blobOf(
  Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: {
        mediaType: 'application/vnd.oci.image.config.v1+json',
        digest: config.digest,
        size: config.size,
      },
      layers: [
        { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: blob.digest, size: blob.size },
      ],
    }),
  ),
  'application/vnd.oci.image.manifest.v1+json',
)

describe(`a blob of 6 ${name} in parts of 4 ${name} less one byte`, () => {
  let folder: TempFolder
  let source: StreamingRegistry
  let output: string

  beforeAll(async () => {
    folder = await makeTempFolder()
    output = join(folder.path, 'bundle')
    source = await startStreamingRegistry([config, blob], image)
    const words = ['bundle', 'export', `${source.host}/app:v1`, '--output', output, '--no-referrers']
    await timed('export', [...words, '--part-size', `4${name}-1`])
  }, LIMIT)
  afterAll(async () => {
    await source[Symbol.asyncDispose]()
    await folder[Symbol.asyncDispose]()
  })

  /** Runs a command that has to succeed, and looks at its memory. */
  async function timed(what: string, words: readonly string[]): Promise<void> {
    const startedAt = performance.now()
    const { process: child, ended } = startCommand(words, { folder: folder.path })
    let megabytes = 0
    const timer = setInterval(() => {
      megabytes = Math.max(megabytes, peakMegabytes(child.pid!))
    }, 20)
    const { code, err, out } = await ended
    clearInterval(timer)
    expect(code, `${err}${out}`).toBe(0)
    expect(megabytes).toBeLessThan(MEMORY_MAX)
    const seconds = (performance.now() - startedAt) / 1000
    console.info(`${what}: ${seconds.toFixed(1)} s, at most ${megabytes.toFixed(0)} MB of memory`)
  }

  it('is in parts within that size', async () => {
    const sizes: number[] = []
    for (const each of (await readdir(output)).sort()) sizes.push((await stat(join(output, each))).size)
    expect(sizes).toHaveLength(2)
    expect(sizes[0]).toBe(PART)
    expect(sizes[1]).toBeGreaterThan(SIZE - PART)
    expect(sizes[1]).toBeLessThan(SIZE - PART + 64 * 1024)
  })

  it(
    'is imported from a folder with its parts in another order',
    async () => {
      const other = join(folder.path, 'other')
      await mkdir(other)
      for (const each of (await readdir(output)).sort().reverse())
        await link(join(output, each), join(other, each))
      await using target = await startStreamingRegistry()
      await timed('import', ['bundle', 'import', other, '--to', `${target.host}/gap`])
      expect([...target.blobs].sort()).toEqual([config.digest, blob.digest].sort())
      expect(target.received).toBe(SIZE + config.size)
      expect(target.manifests.get('gap/app:v1')?.digest).toBe(image.digest)
    },
    LIMIT,
  )

  it.each<[string, (other: string) => Promise<unknown>, () => RegExp]>([
    [
      'a part is missing',
      (other) => link(join(output, 'bundle.0001.tar'), join(other, 'bundle.0001.tar')),
      () => new RegExp(`bundle\\.0002\\.tar: it is missing; in it lie ${blob.digest}`),
    ],
    [
      'parts are in each other’s place',
      async (other) => {
        await link(join(output, 'bundle.0001.tar'), join(other, 'bundle.0002.tar'))
        await link(join(output, 'bundle.0002.tar'), join(other, 'bundle.0001.tar'))
      },
      () => /is no tar archive|is no bundle/,
    ],
    [
      'a bit was flipped',
      async (other) => {
        for (const each of await readdir(output)) await link(join(output, each), join(other, each))
        await flip(join(other, 'bundle.0002.tar'), UNIT)
      },
      () => new RegExp(`bundle\\.0001\\.tar to bundle\\.0002\\.tar: ${blob.digest} was altered`),
    ],
  ])(
    'is not imported where %s: that is said before anything is pushed',
    async (what, spoil, message) => {
      const other = join(folder.path, 'spoilt')
      await mkdir(other)
      await using target = await startStreamingRegistry()
      await spoil(other)
      const words = ['bundle', 'import', other, '--to', `${target.host}/gap`]
      const { code, out, err } = await runCommand(words, { folder: folder.path })
      // The bytes are those of the bundle itself.
      if (what === 'a bit was flipped') await flip(join(other, 'bundle.0002.tar'), UNIT)
      await rm(other, { recursive: true })
      expect([code, target.requests]).toEqual([1, []])
      expect(`${out}${err}`).toMatch(message())
    },
    LIMIT,
  )
})

/** Turns one bit of a byte over. */
async function flip(file: string, position: number): Promise<void> {
  const handle = await open(file, 'r+')
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, position)
  buffer[0]! ^= 1
  await handle.write(buffer, 0, 1, position)
  await handle.close()
}

/** Zero where the system does not tell. */
function peakMegabytes(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
  } catch {
    return 0
  }
}
