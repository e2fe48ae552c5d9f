import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PartUpload } from './part-upload.ts'

const FACTS = { location: 'store', key: 'key', partSize: 10 }

test('whatever the pieces, full parts are sent as they come, and the last at the end', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(4).map((parts) => parts * 10),
      fc.array(fc.uint8Array({ maxLength: 35 }), { maxLength: 8 }),
      async (offset, pieces) => {
        const bytes = Buffer.concat(pieces)
        const sent: Buffer[] = []
        const last: Buffer[] = []
        const upload = new PartUpload(
          { ...FACTS, offset, size: offset + bytes.length },
          {
            part: async (part) => void sent.push(Buffer.from(part)),
            finish: async (part) => last.push(Buffer.from(part)) > 0,
            discard: async () => {},
          },
        )
        for (const piece of pieces) await upload.write(piece)
        expect(last).toEqual([])
        await upload.commit()
        expect(sent.every((part) => part.length === 10)).toBe(true)
        expect(last).toHaveLength(1)
        expect(last[0]!.length > 0 || bytes.length === 0).toBe(true)
        expect(Buffer.concat([...sent, ...last]).equals(bytes)).toBe(true)
      },
    ),
  )
})

test('one part is in memory: nothing more is taken while it is on its way', async () => {
  const waiting: (() => void)[] = []
  const upload = new PartUpload(
    { ...FACTS, size: 100, offset: 0 },
    {
      part: () => new Promise<void>((resolve) => waiting.push(resolve)),
      finish: async () => false,
      discard: async () => {},
    },
  )
  await upload.write(new Uint8Array(9))
  let written = false
  const write = upload.write(new Uint8Array(1)).then(() => {
    written = true
  })
  await new Promise(setImmediate)
  expect([waiting.length, written]).toEqual([1, false])
  waiting.shift()!()
  await write
  await upload.write(new Uint8Array(9))
  expect(waiting).toHaveLength(0)
})

test('an upload that is suspended waits for the part on its way', async () => {
  const waiting: (() => void)[] = []
  const upload = new PartUpload(
    { ...FACTS, size: 100, offset: 0 },
    {
      part: () => new Promise<void>((resolve) => waiting.push(resolve)),
      finish: async () => false,
      discard: async () => {},
    },
  )
  const write = upload.write(new Uint8Array(10))
  let suspended = false
  const suspend = upload.suspend().then(() => {
    suspended = true
  })
  await new Promise(setImmediate)
  expect(suspended).toBe(false)
  waiting.shift()!()
  await Promise.all([write, suspend])
})

test('a part that fails is heard of, and can be cleared away', async () => {
  let discarded = false
  const upload = new PartUpload(
    { ...FACTS, size: 100, offset: 0 },
    {
      part: async () => {
        throw new Error('disk full')
      },
      finish: async () => false,
      discard: async () => {
        discarded = true
      },
    },
  )
  await expect(upload.write(new Uint8Array(10))).rejects.toThrow('disk full')
  await upload.abort()
  expect(discarded).toBe(true)
})

test('what is committed is not thrown away afterwards', async () => {
  const upload = new PartUpload(
    { ...FACTS, size: 1, offset: 0 },
    {
      part: async () => {},
      finish: async () => false,
      discard: async () => {
        throw new Error('it is gone')
      },
    },
  )
  await upload.write(new Uint8Array(1))
  await upload.commit()
  await upload.abort()
})

test('the memory of an upload that is done serves the next one; that of one that is not may still be on its way', async () => {
  const MIB = 1024 * 1024
  const put = async (finish: () => Promise<boolean>) => {
    const memory = new Set<ArrayBufferLike>()
    const note = ({ buffer }: Uint8Array) => void memory.add(buffer)
    const sink = {
      part: async (bytes: Uint8Array) => note(bytes),
      finish(bytes: Uint8Array) {
        note(bytes)
        return finish()
      },
      discard: async () => {},
    }
    const upload = new PartUpload({ ...FACTS, partSize: 2 * MIB, size: 3 * MIB, offset: 0 }, sink)
    await upload.write(new Uint8Array(3 * MIB))
    await upload.commit().catch(() => upload.suspend())
    return [...memory]
  }
  const first = await put(async () => true)
  expect(first).toHaveLength(1)
  const broken = await put(() => Promise.reject(new Error('no answer in time')))
  expect(broken).toEqual(first)
  expect((await put(async () => true))[0]).not.toBe(broken[0])
})
