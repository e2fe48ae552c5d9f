import { expect, it } from 'vitest'
import { createHash } from '../adapters/hash.ts'
import type { Digest } from '../oci/digest.ts'
import type { Name, Tag } from '../oci/name.ts'
import { WalkMemory } from './walk-memory.ts'

const DAY = 86_400_000
const APP = 'app' as Name
const DIGEST = `sha256:${'1'.repeat(64)}` as Digest
const OTHER = `sha256:${'2'.repeat(64)}` as Digest
/** A tag may be called so. */
const PROTO = '__proto__' as Tag

function memoryOf() {
  const kept = new Map<string, Uint8Array>()
  let writes = 0
  const files = {
    file: async (name: string) => kept.get(name),
    keepFile: async (name: string, bytes: Uint8Array) => {
      writes++
      kept.set(name, bytes)
    },
  }
  const open = (now: number, location = 'registry.test') =>
    WalkMemory.open(files, { location, runtime: { date: () => new Date(now), createHash }, recheck: DAY })
  return { kept, open, writes: () => writes }
}

async function learn(open: (now: number) => Promise<WalkMemory>): Promise<void> {
  for (const now of [1000, 2000]) {
    const memory = await open(now)
    memory.repository(APP).noteTag(PROTO, DIGEST)
    memory.repository(APP).noteReferrers(DIGEST, [OTHER])
    memory.repository('sealed' as Name).noteWithoutReferrers()
    await memory.save()
  }
}

it('what a walk was told is there for the next one, of the same registry', async () => {
  const { open } = memoryOf()
  await learn(open)
  const memory = await open(2500)
  expect(memory.repository(APP).tag(PROTO)).toBe(DIGEST)
  expect(memory.repository(APP).referrers(DIGEST)).toEqual([OTHER])
  expect(memory.repository('sealed' as Name).referrers(DIGEST)).toEqual([])
  expect((await open(2500, 'other.test')).repository(APP).tag(PROTO)).toBeUndefined()
})

it.each([
  '',
  '{',
  '[]',
  '{"version":2}',
  '{"version":1,"location":"registry.test","repositories":[{"name":"app"}]}',
])('what cannot be read is nothing: %j', async (text) => {
  const { open, kept } = memoryOf()
  await learn(open)
  for (const name of kept.keys()) kept.set(name, Buffer.from(text))
  expect((await open(2500)).repository(APP).tag(PROTO)).toBeUndefined()
})

it('nothing is written when nothing was learnt', async () => {
  const { open, writes } = memoryOf()
  await learn(open)
  const memory = await open(2500)
  memory.repository(APP).noteTag(PROTO, DIGEST)
  await memory.save()
  expect(writes()).toBe(2)
})

it('what nobody has walked for three months is forgotten', async () => {
  const { open, kept } = memoryOf()
  await learn(open)
  const memory = await open(91 * DAY)
  memory.repository('new' as Name).noteTag('v1' as Tag, DIGEST)
  await memory.save()
  const [text] = [...kept.values()].map((bytes) => Buffer.from(bytes).toString())
  expect(JSON.parse(text!).repositories.map(({ name }: { name: string }) => name)).toEqual(['new'])
})
