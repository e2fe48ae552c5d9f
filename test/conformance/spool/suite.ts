import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Spool } from '../../../src/transfer/spool.ts'

/** Cases that every spool passes; `open` gives an empty one. */
export function describeSpool(title: string, open: () => Promise<Spool>): void {
  describe(title, () => {
    let spool: Spool
    beforeEach(async () => {
      spool = await open()
    })
    afterEach(() => spool.close().catch(() => {}))

    const append = (text: string) => spool.append(Buffer.from(text))
    const read = async (start: number, end: number) => Buffer.from(await spool.read(start, end)).toString()

    test('is written at its end and read anywhere', async () => {
      expect(spool.length).toBe(0)
      await append('hello ')
      await append('world')
      expect(spool.length).toBe(11)
      expect([await read(0, 11), await read(4, 8), await read(9, 100), await read(100, 200)]).toEqual([
        'hello world',
        'o wo',
        'ld',
        '',
      ])
    })

    test('keeps what it took, whatever becomes of the bytes that it was lent', async () => {
      const lent = Buffer.from('abc')
      await spool.append(lent)
      lent.fill('x')
      expect(await read(0, 3)).toBe('abc')
    })

    test('reads into what it is given, where that is large enough', async () => {
      await append('hello')
      const [large, small] = [new Uint8Array(8), new Uint8Array(2)]
      expect(Buffer.from(await spool.read(1, 4, large)).toString()).toBe('ell')
      expect(Buffer.from(await spool.read(1, 4, small)).toString()).toBe('ell')
    })

    test('is read while it is written', async () => {
      await append('hello ')
      const [before] = await Promise.all([read(0, 6), append('world')])
      expect([before, await read(0, 11)]).toEqual(['hello ', 'hello world'])
    })

    test('begins anew when it is emptied', async () => {
      await append('wrong')
      await spool.clear()
      expect(spool.length).toBe(0)
      await append('ok')
      expect(await read(0, 9)).toBe('ok')
    })

    test('can be closed or removed', async () => {
      await append('bytes')
      await spool.close()
      const other = await open()
      await other.append(Buffer.from('bytes'))
      await other.remove()
    })
  })
}
