import { describe, expect, it } from 'vitest'
import { blobOf, makeBlob } from '../../test/support/content.ts'
import { createTestRuntime } from '../../test/support/test-runtime.ts'
import { storeAt } from '../../test/support/view.ts'
import { placeOf } from '../clouds/places.ts'
import { PortolanError } from '../errors.ts'
import { parseDigest } from '../oci/digest.ts'
import type { Name } from '../oci/name.ts'
import type { OpenedSource } from '../transfer/source.ts'
import type { BlobPart } from './backend-access.ts'
import { BlobSources } from './blob-sources.ts'
import { pass } from './passage.ts'
import { UpstreamRests } from './upstream-rests.ts'

const MIB = 1024 * 1024
/** So small that what comes at once matters, and what is asked for at once does not. */
const SMALL = Buffer.from(makeBlob('small', 40 * 1024).bytes)
const LARGE = Buffer.from(makeBlob('large', 40 * MIB).bytes)
const KIB = 1024
const runtime = createTestRuntime()

/** What a backend does with a request for bytes from `start` on. */
type Script = (blob: Buffer, part: BlobPart) => OpenedSource | undefined | Error

const whole: Script = (blob, { start, end }) => opened(blob, start, blob.subarray(start, end))
const none: Script = () => undefined
const cutAt =
  (at: number): Script =>
  (blob, { start }) =>
    opened(blob, start, blob.subarray(start, Math.max(start, at)), new PortolanError('UNREACHABLE', 'cut'))
const ignoresRange: Script = (blob) => opened(blob, 0, blob)
const endsAt =
  (at: number): Script =>
  (blob, { start }) =>
    opened(blob, start, blob.subarray(start, Math.max(start, at)))
const wrongByte: Script = (blob, { start }) => {
  const bytes = Buffer.from(blob.subarray(start))
  bytes[bytes.length - 1]! ^= 1
  return opened(blob, start, bytes)
}
const longer: Script = (blob, { start }) =>
  opened(blob, start, Buffer.concat([blob.subarray(start), Buffer.from('x')]))
const refusing: Script = () => new PortolanError('UNREACHABLE', 'out of order', { status: 500 })

interface Row {
  readonly name: string
  readonly scripts: readonly Script[]
  readonly start?: number
  readonly end?: number
  /** What was asked of which backend, as `0:START-END`. */
  readonly asked: readonly string[]
  /** How it fails; absent where all comes. */
  readonly fails?: string
  /** The small one by default. */
  readonly blob?: Buffer
}

const rows: readonly Row[] = [
  { name: 'a whole one', scripts: [whole], asked: ['0:0-'] },
  { name: 'one that the first lacks', scripts: [none, whole], asked: ['0:0-', '1:0-'] },
  { name: 'one that the first refuses', scripts: [refusing, whole], asked: ['0:0-', '1:0-'] },
  {
    name: 'one that breaks off',
    scripts: [cutAt(24 * KIB), whole],
    asked: ['0:0-', `1:${24 * KIB}-`],
  },
  {
    name: 'one that ends too early',
    scripts: [endsAt(3 * KIB), whole],
    asked: ['0:0-', `1:${3 * KIB}-`],
  },
  {
    name: 'one that breaks off at both, in turns',
    scripts: [cutAt(8 * KIB), cutAt(16 * KIB), whole],
    asked: ['0:0-', `1:${8 * KIB}-`, `2:${16 * KIB}-`],
  },
  {
    name: 'one whose rest comes whole again',
    scripts: [cutAt(8 * KIB), ignoresRange],
    asked: ['0:0-', `1:${8 * KIB}-`],
  },
  { name: 'one with a wrong byte', scripts: [wrongByte], asked: ['0:0-'], fails: 'CONTENT_INVALID' },
  { name: 'one that goes on behind its end', scripts: [longer], asked: ['0:0-'] },
  {
    name: 'one that goes on breaking off',
    scripts: [cutAt(8 * KIB)],
    asked: ['0:0-', `0:${8 * KIB}-`],
    fails: 'UNREACHABLE',
  },
  {
    name: 'a part',
    scripts: [cutAt(5 * KIB), whole],
    start: 4 * KIB,
    end: 6 * KIB,
    asked: [`0:${4 * KIB}-${6 * KIB}`, `1:${5 * KIB}-${6 * KIB}`],
  },
  {
    name: 'a part that is no part there',
    scripts: [ignoresRange],
    start: 4 * KIB,
    end: 6 * KIB,
    asked: [`0:${4 * KIB}-${6 * KIB}`],
  },
  {
    name: 'the rest of one, of which more is asked for as more is taken',
    scripts: [whole],
    blob: LARGE,
    start: 2 * MIB,
    asked: [
      `0:${2 * MIB}-${10 * MIB}`,
      `0:${10 * MIB}-${18 * MIB}`,
      `0:${18 * MIB}-${34 * MIB}`,
      `0:${34 * MIB}-`,
    ],
  },
]

describe('a blob on its way through', () => {
  it.each(rows)('$name', async ({ blob = SMALL, scripts, start = 0, end = blob.length, asked, fails }) => {
    const seen: string[] = []
    const taken: Uint8Array[] = []
    let error: unknown
    try {
      for await (const bytes of pass(runtime, optionsOf(blob, scripts, seen, start, end))) taken.push(bytes)
    } catch (caught) {
      error = caught
    }
    const all = Buffer.concat(taken)
    expect(seen).toEqual(asked)
    if (fails === undefined) {
      expect(error).toBeUndefined()
      expect(all.equals(blob.subarray(start, end))).toBe(true)
    } else {
      expect(error).toMatchObject({ code: fails })
      // Nobody has all of what is wrong.
      expect(all.length).toBeLessThan(end - start)
      expect(all.equals(blob.subarray(start, start + all.length))).toBe(true)
    }
  })

  it('asks for no more of the rest than a client that hangs up has taken', async () => {
    const seen: string[] = []
    let taken = 0
    for await (const bytes of pass(runtime, optionsOf(LARGE, [whole], seen, MIB, LARGE.length))) {
      taken += bytes.length
      if (taken >= 4 * MIB) break
    }
    expect(seen).toEqual([`0:${MIB}-${9 * MIB}`])
  })

  it('ends when it is given up', async () => {
    const abort = new AbortController()
    const bytes = pass(runtime, { ...optionsOf(SMALL, [whole], [], 0, SMALL.length), signal: abort.signal })
    await bytes.next()
    abort.abort(new Error('gone'))
    await expect(collect(bytes)).rejects.toThrow('gone')
  })
})

function optionsOf(blob: Buffer, scripts: readonly Script[], seen: string[], start: number, end: number) {
  const backends = scripts.map((_, index) => storeAt(`${index}`, placeOf('anycast')))
  const digest = parseDigest(blobOf(blob).digest)!
  const size = blob.length
  const sources = new BlobSources(backends, {
    ...{ name: 'a/b' as Name, digest, size, rests: new UpstreamRests(runtime) },
    access: {
      repository: async () => undefined,
      async blob(backend, _name, _digest, part) {
        seen.push(`${backend.id}:${part.start}-${part.end ?? ''}`)
        const answer = scripts[Number(backend.id)]!(blob, part)
        if (answer instanceof Error) throw answer
        return answer
      },
    },
  })
  return { digest, size, sources, start, end, signal: new AbortController().signal, onBytes() {} }
}

/** Gives bytes in pieces, and then fails if told. */
function opened(blob: Buffer, start: number, bytes: Buffer, error?: Error): OpenedSource {
  // No place that a test looks at is where one of them ends.
  const piece = Math.ceil(blob.length / 37)
  let at = 0
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (at < bytes.length) {
          controller.enqueue(new Uint8Array(bytes.subarray(at, at + piece)))
          at += piece
        } else if (error === undefined) controller.close()
        else controller.error(error)
      },
    },
    { highWaterMark: 0 },
  )
  return { start, size: blob.length, body }
}

async function collect(bytes: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of bytes);
}
