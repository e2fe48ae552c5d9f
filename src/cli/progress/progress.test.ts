import { expect, test } from 'vitest'
import { createTestClock } from '../../../test/support/test-clock.ts'
import { createCopyBoard } from './copy-board.ts'
import { createProgress } from './progress.ts'

const PLAN = {
  kind: 'planned',
  download: { blobs: 1, bytes: 2048 },
  stores: [{ store: 'paris', blobs: 1, manifests: 0, bytes: 2048 }],
} as const
const DIGEST = 'sha256:a' as never
const uploaded = { kind: 'uploaded', store: 'paris', digest: DIGEST, bytes: 1024 } as const

function start(isTTY: boolean, columns?: number) {
  const clock = createTestClock()
  const written: string[] = []
  const output = {
    write: (text: string) => written.push(text),
    isTTY,
    ...(columns !== undefined && { columns }),
  }
  return {
    clock,
    written,
    progress: createProgress({ output, clock, colour: false, board: createCopyBoard() }),
  }
}

test('without a terminal, each event is a JSON line, and sums come at most once a second', () => {
  const { clock, written, progress } = start(false)
  progress.report({ kind: 'walked', images: 1, manifests: 2, blobs: 3 })
  progress.report(PLAN)
  for (let each = 0; each < 4; each++) progress.report({ ...uploaded, bytes: 256 })
  clock.advance(5000)
  progress.report(uploaded)
  progress.end()
  progress.end()
  clock.advance(5000)
  expect(written.map((line) => JSON.parse(line))).toMatchObject([
    { time: '2026-01-01T00:00:00.000Z', kind: 'walked', images: 1 },
    { kind: 'planned', stores: [{ store: 'paris' }] },
    {
      time: '2026-01-01T00:00:01.000Z',
      kind: 'progress',
      stores: [{ store: 'paris', sent: 1024, bytes: 2048 }],
    },
    { time: '2026-01-01T00:00:05.000Z', kind: 'progress', stores: [{ store: 'paris', sent: 2048 }] },
  ])
  for (const line of written) expect(line).toMatch(/^\{.*\}\n$/)
})

test('on a terminal, lines are drawn anew over themselves, and gone at the end', () => {
  const { clock, written, progress } = start(true, 40)
  clock.advance(200)
  progress.report(PLAN)
  clock.advance(200)
  progress.end()
  clock.advance(1000)
  expect(written).toEqual([
    'reading the upstream\n',
    '\x1b[1A\r\x1b[Jparis  0/1  0 B of 2.0 KiB\ndownloaded 0 B of 2.0 KiB\n',
    '\x1b[2A\r\x1b[J',
  ])
})

test('a terminal that does not say how wide it is counts as one of eighty characters', () => {
  const { clock, written } = start(true, 0)
  clock.advance(200)
  expect(written).toEqual(['reading the upstream\n'])
})

test('on a terminal, the rate is that of the moments before', () => {
  const { clock, written, progress } = start(true, 100)
  progress.report(PLAN)
  clock.advance(200)
  progress.report(uploaded)
  clock.advance(200)
  expect(written.at(-1)).toContain('0/1  1.0 KiB of 2.0 KiB  5.0 KiB/s  0s left')
})

test('on a terminal, what went wrong stands above the lines, and moves no cursor', () => {
  const { clock, written, progress } = start(true)
  clock.advance(200)
  progress.report({ kind: 'warning', message: 'a\n\x1b[2Jb' })
  const fault = { code: 'UNREACHABLE', message: 'paris does not answer' } as const
  for (let each = 0; each < 20; each++) progress.report({ kind: 'failed', fault })
  progress.say('stopping')
  expect(written[1]).toBe('\x1b[1A\r\x1b[Jportolan: a [2Jb\nreading the upstream\n')
  expect(written.filter((text) => text.includes('paris does not answer'))).toHaveLength(10)
  expect(written.at(-1)).toContain('portolan: stopping\nreading the upstream\n')
})
