import { describe, expect, it } from 'vitest'
import { noiseOf, sha256Of } from '../../test/support/blob-sources.ts'
import type { Digest } from '../oci/digest.ts'
import { OCI_INDEX, OCI_MANIFEST } from '../oci/manifest.ts'
import { Records } from './records.ts'

const HUB = { registry: 'docker.io', name: 'library/x' }
const OTHER = { registry: 'quay.io', name: 'library/x' }
const digestOf = (seed: number) => sha256Of(noiseOf(8, seed))
const [INDEX, CHILD, BLOB, OLD] = [1, 2, 3, 4].map(digestOf) as [Digest, Digest, Digest, Digest]
const tag = { ...HUB, kind: 'tag', of: '1.0' } as const
const answerOf = (digest: Digest) => ({ digest, mediaType: OCI_INDEX, confirmed: 1 })

function make(maxWeight?: number, isPinned?: (digest: Digest) => boolean) {
  const kept: object[] = []
  return {
    kept,
    records: new Records((line) => kept.push(line), {
      ...(maxWeight && { maxWeight }),
      ...(isPinned && { isPinned }),
    }),
  }
}

/** What another process makes of the lines that were kept. */
function reread(lines: Iterable<object>): Records {
  const { records } = make()
  for (const line of lines) records.read(JSON.parse(JSON.stringify(line)))
  return records
}

describe('records', () => {
  it('say of equal names at two registries what each has', () => {
    const { records } = make()
    records.setAnswer(tag, answerOf(INDEX))
    records.setLinks(HUB, new Map([[BLOB, { size: 3 }]]))
    expect(records.answer({ ...tag, ...OTHER })).toBeUndefined()
    expect(records.link(OTHER, BLOB)).toBeUndefined()
    expect(records.link(HUB, BLOB)).toEqual({ size: 3 })
  })

  it('keep what names lead to: the answer and what an index of it names, not blobs, not what was before', () => {
    const { records } = make()
    records.setAnswer(tag, answerOf(OLD))
    records.setAnswer(tag, answerOf(INDEX))
    records.setLinks(
      HUB,
      new Map([
        [INDEX, { mediaType: OCI_INDEX, children: [CHILD] }],
        [CHILD, { mediaType: OCI_MANIFEST, children: [BLOB] }],
        [BLOB, { size: 3 }],
      ]),
    )
    expect([INDEX, CHILD, BLOB, OLD].map((digest) => records.leadsTo(digest))).toEqual([
      true,
      true,
      false,
      false,
    ])
    records.setAnswer(tag, undefined)
    expect([INDEX, CHILD].map((digest) => records.leadsTo(digest))).toEqual([false, false])
  })

  it('end the search in a circle of indexes', () => {
    const { records } = make()
    const link = (child: Digest) => ({ mediaType: OCI_INDEX, children: [child] })
    records.setLinks(
      HUB,
      new Map([
        [INDEX, link(CHILD)],
        [CHILD, link(INDEX)],
      ]),
    )
    expect(records.leadsTo(CHILD)).toBe(false)
  })

  it('drop what all repositories have of a content with it', () => {
    const { records } = make()
    records.setLinks(HUB, new Map([[INDEX, { mediaType: OCI_INDEX, children: [CHILD] }]]))
    records.setLinks(OTHER, new Map([[INDEX, { mediaType: OCI_INDEX, children: [CHILD] }]]))
    records.setAnswer(tag, answerOf(INDEX))
    records.dropContent(INDEX)
    expect([records.link(HUB, INDEX), records.link(OTHER, INDEX)]).toEqual([undefined, undefined])
    expect(records.leadsTo(CHILD)).toBe(false)
  })

  it('say the same after they were written and read, and after they were compacted', () => {
    const { records, kept } = make()
    records.setAnswer(tag, { ...answerOf(INDEX), etag: 'W/"1"' })
    records.setAnswer({ ...HUB, kind: 'tags', of: '' }, answerOf(OLD))
    records.setAnswer({ ...HUB, kind: 'tags', of: '' }, undefined)
    records.setLinks(HUB, new Map([[INDEX, { mediaType: OCI_INDEX, children: [CHILD], size: 9 }]]))
    records.setLinks(OTHER, new Map([[BLOB, {}]]))
    records.dropContent(BLOB)
    for (const again of [reread(kept), reread(records.lines())]) {
      expect([...again.lines()]).toEqual([...records.lines()])
      expect(again.answer(tag)).toEqual({ ...answerOf(INDEX), etag: 'W/"1"' })
      expect(again.link(HUB, INDEX)).toEqual({ mediaType: OCI_INDEX, children: [CHILD], size: 9 })
      expect(again.leadsTo(CHILD)).toBe(true)
      expect(again.counts).toEqual({ answers: 1, links: 1 })
    }
  })

  it('are written only when they say something new', () => {
    const { records, kept } = make()
    const links = new Map([[INDEX, { mediaType: OCI_INDEX, children: [CHILD] }]])
    records.setLinks(HUB, links)
    records.setLinks(HUB, links)
    records.setAnswer(tag, undefined)
    records.dropContent(BLOB)
    expect(kept).toHaveLength(1)
  })

  it('forget what was recorded longest ago, links before answers, and say so', () => {
    const { records, kept } = make(5)
    records.setAnswer(tag, answerOf(INDEX))
    for (let seed = 10; seed < 20; seed++) records.setLinks(HUB, new Map([[digestOf(seed), {}]]))
    expect(records.counts).toEqual({ answers: 1, links: 4 })
    expect(records.link(HUB, digestOf(19))).toEqual({})
    expect(reread(kept).counts).toEqual({ answers: 1, links: 4 })
    for (let of = 0; of < 10; of++) records.setAnswer({ ...tag, of: String(of) }, answerOf(INDEX))
    expect(records.counts).toEqual({ answers: 5, links: 0 })
    expect(records.answer(tag)).toBeUndefined()
  })
})

it('records forget nothing of what is pinned as long as there is anything else', () => {
  const { records } = make(40, (digest) => digest === INDEX || digest === CHILD)
  records.setAnswer(tag, answerOf(INDEX))
  records.setLinks(HUB, new Map([[INDEX, { mediaType: OCI_INDEX, children: [CHILD] }]]))
  records.setLinks(HUB, new Map([[CHILD, { size: 1 }]]))
  for (let seed = 10; seed < 200; seed++) records.setLinks(OTHER, new Map([[digestOf(seed), {}]]))
  for (let of = 0; of < 100; of++) records.setAnswer({ ...tag, of: `o${of}` }, answerOf(OLD))
  expect(records.answer(tag)).toEqual(answerOf(INDEX))
  expect(records.link(HUB, INDEX)?.children).toEqual([CHILD])
  expect(records.link(HUB, CHILD)).toEqual({ size: 1 })
  expect(records.counts.answers + records.counts.links).toBeLessThanOrEqual(40)
})

describe('a line that says nothing', () => {
  it.each([
    [null],
    ['text'],
    [[]],
    [{}],
    [{ dropped: 'x' }],
    [{ link: BLOB }],
    [{ link: 'sha256:x', repository: HUB, of: {} }],
    [{ link: BLOB, repository: { registry: 1 }, of: {} }],
    [{ link: BLOB, repository: HUB, of: { children: ['x'] } }],
    [{ question: { ...tag, kind: 'other' }, answer: answerOf(INDEX) }],
    [{ question: { ...tag, of: 'x'.repeat(5000) }, answer: answerOf(INDEX) }],
    [{ question: tag, answer: { ...answerOf(INDEX), confirmed: 'x' } }],
    [{ question: tag, answer: { mediaType: 'x' } }],
  ])('%j is passed over', (line) => {
    const { records } = make()
    records.read(line)
    expect([...records.lines()]).toEqual([])
  })
})
