import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { PortolanError } from '../../../src/errors.ts'
import type { Digest } from '../../../src/oci/digest.ts'
import type { OpenedBlob } from '../../../src/registry/reader.ts'
import { makeMemoryTarget } from '../../support/memory-target.ts'
import { makeTempFolder } from '../../support/temp.ts'
import {
  blobRequests,
  expectFilled,
  expectUnaltered,
  LARGE_BYTES,
  makeUpstream,
  noise,
  runSync,
  type TestUpstream,
} from './world.ts'

let folder: string
let upstream: TestUpstream

beforeEach(async () => {
  const temp = await makeTempFolder()
  folder = join(temp.path, 'workspace')
  upstream = makeUpstream()
  return () => temp[Symbol.asyncDispose]()
})

/** What the upstream answers instead when it is asked for a blob from `start` on. */
type Misbehaviour = (good: OpenedBlob, start: number, request: number) => OpenedBlob

const html = new TextEncoder().encode('<!DOCTYPE html><html>Sign in to our network</html>')

const cutAfter =
  (bytes: number, break_ = true) =>
  ({ body, ...rest }: OpenedBlob): OpenedBlob => {
    let left = bytes
    return {
      ...rest,
      body: body.pipeThrough(
        new TransformStream({
          transform(chunk, controller) {
            if (chunk.length < left) controller.enqueue(chunk)
            else {
              controller.enqueue(chunk.subarray(0, left))
              if (break_) controller.error(new TypeError('terminated'))
              else controller.terminate()
            }
            left -= chunk.length
          },
        }),
      ),
    }
  }

/** Runs with an upstream that answers otherwise for one blob; `starts` are where it was asked to begin. */
async function runWith(misbehave: Misbehaviour, digest: Digest = upstream.large.digest) {
  const { registry } = upstream
  const starts: number[] = []
  const good = registry.blob.bind(registry)
  registry.blob = async (name, asked, options) => {
    const { start = 0 } = options ?? {}
    const fetched = await good(name, asked, options)
    if (asked !== digest || fetched === undefined) return fetched
    starts.push(start)
    return misbehave(fetched, start, starts.length)
  }
  const targets = [makeMemoryTarget('paris'), makeMemoryTarget('iowa')]
  const report = await runSync({ folder, targets, upstream: registry })
  return { report, targets, starts, warnings: report.events.filter((event) => event.kind === 'warning') }
}

const MIB = 1024 * 1024
const whole = (bytes: Uint8Array<ArrayBuffer>) => ({
  start: 0,
  size: bytes.length,
  body: new Blob([bytes]).stream(),
})

describe('a download that does not come in one piece', () => {
  it.each([
    ['breaks', true],
    ['ends early', false],
  ])('goes on by Range when it %s', async (_, break_) => {
    const { report, targets, starts } = await runWith((good, start) =>
      start < 15 * MIB ? cutAfter(5 * MIB, break_)(good) : good,
    )
    expect(starts).toEqual([0, 5 * MIB, 10 * MIB, 15 * MIB])
    expect(report.faults).toEqual([])
    expect(report.downloaded).toBe(report.download.bytes)
    for (const { bucket } of targets) expectFilled(bucket, upstream)
  })

  it('reads past what it has when the upstream ignores the range', async () => {
    const { large, registry } = upstream
    const { report, targets } = await runWith((good, start) =>
      start === 0 ? cutAfter(5 * MIB)(good) : whole(new Uint8Array(registry.bytes(large.digest))),
    )
    expect(report.faults).toEqual([])
    expect(report.downloaded).toBe(report.download.bytes + 5 * MIB)
    for (const { bucket } of targets) expectFilled(bucket, upstream)
  })

  it('is a fault when it makes no progress any more, and stops nothing else', async () => {
    const { report, targets, starts } = await runWith((good, start) =>
      cutAfter(start === 0 ? 5 * MIB : 1000)(good),
    )
    expect(starts.length).toBeLessThan(10)
    expect(report.faults).toEqual([
      {
        code: 'UNREACHABLE',
        message: `blob ${upstream.large.digest} of app from registry.test broke off 6 times in a row; the last time: terminated`,
        digest: upstream.large.digest,
        images: ['app:v1'],
      },
    ])
    expect(report.stores[0]).toMatchObject({ complete: false, failed: 1, withheld: 3, stored: { blobs: 5 } })
    for (const { bucket } of targets) expect(expectUnaltered(bucket, upstream.registry)).toHaveLength(5)
    // What came is of use to the next run.
    expect(await readdir(join(folder, 'spools'))).toHaveLength(1)
  })

  it('learns the size of a blob of which nobody told it', async () => {
    const { registry } = upstream
    const walked = await reachableWithoutSizes()
    const paris = makeMemoryTarget('paris')
    const report = await runSync({ folder, targets: [paris], upstream: registry, walk: async () => walked })
    expect(report).toMatchObject({ faults: [], stores: [{ complete: true }] })
    expectFilled(paris.bucket, upstream, 2)
  })
})

async function reachableWithoutSizes() {
  const { large, small } = upstream
  const name = 'app' as never
  return {
    images: [],
    repositories: [],
    manifests: new Map(),
    blobs: new Map([large, small].map(({ digest }) => [digest, { digest, name }])),
    faults: [],
  }
}

describe('an upstream that gives something else', () => {
  it('is asked once more, from scratch, and nothing wrong is ever visible', async () => {
    const { report, targets, warnings } = await runWith((good, _, request) =>
      request === 1 ? whole(noise(LARGE_BYTES, 99)) : good,
    )
    expect(report.faults).toEqual([])
    expect(warnings[0]!.message).toMatch(/its digest is sha256:[0-9a-f]{64}; it is downloaded again$/)
    for (const { bucket } of targets) {
      expectFilled(bucket, upstream)
      expect(bucket.uploads.size).toBe(0)
    }
  })

  it.each<[string, () => Misbehaviour, RegExp]>([
    [
      'bytes',
      () => () => whole(noise(LARGE_BYTES, 99)),
      /is not what it should be at registry\.test: its digest is sha256:[0-9a-f]{64}$/,
    ],
    [
      'a page of HTML',
      () => () => whole(html),
      /is not what it should be at registry\.test: it has 50 bytes; expected 20971520, and it is an HTML page$/,
    ],
    [
      'more bytes than it says',
      () => (good) => ({ start: 0, body: joined(good.body) }),
      /it has at least 209\d+ bytes; expected 20971520$/,
    ],
  ])('%s: is a fault that names both, and nothing is visible', async (_, misbehave, message) => {
    const { report, targets } = await runWith(misbehave())
    expect(report.faults).toMatchObject([
      {
        code: 'CONTENT_INVALID',
        message: expect.stringMatching(message),
        digest: upstream.large.digest,
        images: ['app:v1'],
      },
    ])
    expect(report.faults[0]!.message).toContain(upstream.large.digest)
    for (const { bucket } of targets) {
      expect(expectUnaltered(bucket, upstream.registry)).toHaveLength(5)
      expect(bucket.uploads.size).toBe(0)
    }
    expect(await readdir(join(folder, 'spools'))).toEqual([])
  })

  it('has lost a blob: the fault says so', async () => {
    upstream.registry.lose('app', upstream.small.digest)
    const { report } = await runWith((good) => good)
    expect(report.faults).toMatchObject([
      { message: `registry.test has no blob ${upstream.small.digest} in app` },
    ])
  })

  it('has lost a blob in one repository: it comes from another that leads to it', async () => {
    const { registry, small } = upstream
    for (const name of ['app', 'other', 'third']) {
      registry.tag(name, 'x', registry.addImage(name, { layers: [small, `only ${name}`] }))
    }
    registry.addBlob('third', registry.bytes(small.digest).slice())
    const paris = makeMemoryTarget('paris')
    registry.lose('app', small.digest)
    const report = await runSync({ folder, targets: [paris], upstream: registry })
    expect([report.faults, report.stores]).toMatchObject([[], [{ complete: true }]])
    expect(blobRequests(registry).filter((request) => request.includes(small.digest))).toEqual(
      ['app', 'other', 'third'].map((name) => `blob ${name}@${small.digest}`),
    )
  })

  it('gives something else in one repository: it comes from another, in a second download', async () => {
    const { registry, large } = upstream
    registry.tag('other', 'x', registry.addImage('other', { layers: [large] }))
    registry.addBlob('other', registry.bytes(large.digest).slice())
    const good = registry.blob.bind(registry)
    registry.blob = async (name, asked, options) => {
      const opened = await good(name, asked, options)
      return name === 'app' && asked === large.digest ? whole(noise(LARGE_BYTES, 99)) : opened
    }
    const paris = makeMemoryTarget('paris')
    const report = await runSync({ folder, targets: [paris], upstream: registry })
    expect([report.faults, report.stores]).toMatchObject([[], [{ complete: true }]])
  })

  it('gives a page of HTML once, and has it in no other repository: it is asked again', async () => {
    const { registry, large } = upstream
    registry.tag('other', 'x', registry.addImage('other', { layers: [large] }))
    const { report } = await runWith((good, _, request) => (request === 1 ? whole(html) : good))
    expect([report.faults, report.stores[0]]).toMatchObject([[], { complete: true }])
  })

  it('has a foreign layer nowhere: it comes from where its manifest says, and is compared with its digest', async () => {
    const { registry } = upstream
    const urls = ['http://gone.test/', 'http://liar.test/', 'http://maker.test/']
    const foreign = {
      ...registry.addBlob('app', noise(3 * MIB, 5)),
      mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
      urls,
    }
    registry.tag('app', 'windows', registry.addImage('app', { layers: [foreign] }))
    registry.lose('app', foreign.digest)
    registry.others.set(urls[1]!, noise(3 * MIB, 6)).set(urls[2]!, noise(3 * MIB, 5))
    const targets = [makeMemoryTarget('paris')]
    const section = { foreignLayers: 'copy' } as const
    const report = await runSync({ folder, targets, upstream: registry, section })
    expect(report.faults).toMatchObject([])
    expect(targets[0]!.bucket.objects.get(`blobs/${foreign.digest}`)!.bytes).toEqual(noise(3 * MIB, 5))
    const without = await runSync({ folder: `${folder}-2`, targets, upstream: registry })
    expect(without.told).toContainEqual({
      kind: 'note',
      message: expect.stringMatching(
        /^app:windows, app@sha256:.*: left out, since they are foreign: sha256:/,
      ),
    })
  })

  it('cannot be listed whole: what is there is stored, and no store is called complete', async () => {
    const { registry } = upstream
    registry.failing.set('catalog', new PortolanError('UNREACHABLE', 'it is asleep'))
    const report = await runSync({ folder, targets: [makeMemoryTarget('paris')], upstream: registry })
    expect(report.stores).toMatchObject([{ complete: false, lacking: 0, stored: { blobs: 6 } }])
  })

  it('is given up when it does not answer time and again', async () => {
    const { registry } = upstream
    for (let blob = 0; blob < 30; blob++) {
      registry.tag('app', `many-${blob}`, registry.addImage('app', { layers: [`many ${blob}`] }))
    }
    let asked = 0
    registry.blob = async () => {
      asked++
      throw new PortolanError('UNREACHABLE', 'registry.test gives no usable answer')
    }
    const { report } = await runWith((good) => good)
    expect(report.faults.map(({ message }) => message)).toContain(
      'registry.test failed 5 times in a row; nothing more is asked of it in this run',
    )
    expect(asked).toBeLessThan(60)
    expect(report.stores[0]).toMatchObject({ failed: report.blobs, complete: false })
  })
})

function joined(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  return body.pipeThrough(
    new TransformStream({
      flush(controller) {
        controller.enqueue(new Uint8Array(1000))
      },
    }),
  )
}
