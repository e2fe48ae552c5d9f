import { expect, test } from 'vitest'
import { drawTally } from './copy-lines.ts'
import { addToTally, type CopyEvent, type CopyTally, EMPTY_TALLY } from './copy-tally.ts'

const MEGABYTE = 1024 * 1024

const PLAN: CopyEvent = {
  kind: 'planned',
  download: { blobs: 3, bytes: 100 * MEGABYTE },
  stores: [
    { store: 'paris', blobs: 3, manifests: 1, bytes: 100 * MEGABYTE },
    { store: 'us-east', blobs: 1, manifests: 0, bytes: 2048 },
  ],
}
const DIGEST = 'sha256:a' as never

function tallyOf(...events: CopyEvent[]): CopyTally {
  return events.reduce(addToTally, EMPTY_TALLY)
}

const uploaded = (store: string, bytes: number): CopyEvent => ({
  kind: 'uploaded',
  store,
  digest: DIGEST,
  bytes,
})
const stored = (store: string): CopyEvent => ({ kind: 'stored', store, digest: DIGEST, size: 1 })

const cases: [what: string, tally: CopyTally, rates: Map<string, number>, width: number, lines: string[]][] =
  [
    ['nothing yet', EMPTY_TALLY, new Map(), 80, ['reading the upstream']],
    [
      'repositories that are read',
      tallyOf({ kind: 'repository', name: 'a' as never, tags: 1, done: 3, total: 10 }),
      new Map(),
      80,
      ['reading the upstream: repository 3 of 10'],
    ],
    [
      'stores at a different pace, an upload begun anew among them',
      tallyOf(
        PLAN,
        { kind: 'downloaded', digest: DIGEST, bytes: 60 * MEGABYTE },
        uploaded('paris', 60 * MEGABYTE),
        uploaded('paris', -10 * MEGABYTE),
        stored('paris'),
        uploaded('us-east', 2048),
        stored('us-east'),
      ),
      new Map([['paris', 5 * MEGABYTE]]),
      100,
      [
        'paris    ##########----------  1/4  50.0 MiB of 100.0 MiB  5.0 MiB/s  10s left',
        'us-east  ####################  1/1     2.0 KiB of 2.0 KiB                 done',
        'downloaded 60.0 MiB of 100.0 MiB',
      ],
    ],
    [
      'a narrow terminal, without bars',
      tallyOf(PLAN),
      new Map([['paris', 0]]),
      40,
      [
        'paris    0/4  0 B of 100.0 MiB  0 B/s',
        'us-east  0/1    0 B of 2.0 KiB',
        'downloaded 0 B of 100.0 MiB',
      ],
    ],
    [
      'a very narrow one, in lines that do not wrap',
      tallyOf(PLAN),
      new Map(),
      12,
      ['paris    0/…', 'us-east  0/…', 'downloaded …'],
    ],
  ]

test.each(cases)('drawn: %s', (_, tally, rates, width, lines) => {
  expect(drawTally(tally, rates, { width, colour: false })).toEqual(lines)
})

test('only what is full of a bar has a colour, and only where colours are wanted', () => {
  const tally = tallyOf(PLAN, uploaded('paris', 50 * MEGABYTE))
  const [paris, east] = drawTally(tally, new Map(), { width: 100, colour: true })
  expect(paris).toContain('\x1b[32m##########\x1b[0m----------')
  expect(east).not.toContain('\x1b')
})

test('a store that lacks nothing is done', () => {
  const plan: CopyEvent = {
    kind: 'planned',
    download: { blobs: 0, bytes: 0 },
    stores: [{ store: 'paris', blobs: 0, manifests: 0, bytes: 0 }],
  }
  expect(drawTally(tallyOf(plan), new Map(), { width: 80, colour: false })[0]).toMatch(
    /^paris {2}#{20} {2}0\/0 {2}.*done$/,
  )
})
