import { appendFile, link, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { blobOf } from '../../../test/support/content.ts'
import { makeTempFolder } from '../../../test/support/temp.ts'
import { createTestRuntime } from '../../../test/support/test-runtime.ts'
import type { Digest } from '../../oci/digest.ts'
import { OCI_MANIFEST } from '../../oci/manifest.ts'
import type { Spool } from '../../transfer/spool.ts'
import { openWorkspace } from './workspace.ts'

let folder: string

beforeEach(async () => {
  const temp = await makeTempFolder()
  folder = join(temp.path, 'deep', 'workspace')
  return () => temp[Symbol.asyncDispose]()
})

const bytes = (text: string) => new TextEncoder().encode(text)
const [one, two] = ['one', 'two'].map((text) => blobOf(bytes(text)).digest as Digest) as [Digest, Digest]

const lent = () => ({ runtime: createTestRuntime({ random: Math.random }), expiry: 30_000 })

/** Its journal: there is one, whatever number it has. */
async function journalFile(): Promise<string> {
  const names = (await readdir(folder)).filter((name) => name.startsWith('journal'))
  expect(names).toHaveLength(1)
  return join(folder, names[0]!)
}

/** What a process does that has the workspace, up to its end. */
async function within<T>(
  work: (workspace: Awaited<ReturnType<typeof openWorkspace>>) => Promise<T>,
): Promise<T> {
  const workspace = await openWorkspace(folder, lent())
  try {
    return await work(workspace)
  } finally {
    await workspace.close()
  }
}

describe('what a workspace is told', () => {
  it('is known to the next process: what is done, until it is settled', async () => {
    await within(async (workspace) => {
      await workspace.noteDone('paris', one, { size: 3 })
      await workspace.noteDone('paris', two, { size: 3, mediaType: OCI_MANIFEST })
      await workspace.noteDone('iowa', one, { size: 3 })
      await workspace.settle('iowa')
    })
    await within(async (workspace) => {
      expect([...workspace.done('paris')]).toEqual([
        [one, { size: 3 }],
        [two, { size: 3, mediaType: OCI_MANIFEST }],
      ])
      expect(workspace.done('iowa').size).toBe(0)
      expect(workspace.done('nowhere').size).toBe(0)
    })
  })

  it('is known to the next process: uploads that were begun and not ended, by their last state', async () => {
    await within(async (workspace) => {
      await workspace.saveUpload('paris', one, 'first')
      await workspace.saveUpload('paris', one, 'second')
      await workspace.saveUpload('paris', two, 'first')
      await workspace.endUpload('paris', two)
    })
    await within(async (workspace) => {
      expect(workspace.upload('paris', one)).toEqual({ state: 'second' })
      expect(workspace.upload('paris', two)).toBeUndefined()
      expect(workspace.upload('iowa', one)).toBeUndefined()
    })
  })

  it.each<[string, (spool: Spool) => Promise<void>]>([
    ['emptied', (spool) => spool.clear().then(spool.close)],
    ['deleted and begun anew', (spool) => spool.remove()],
  ])(
    'is known to the next process: that a spool was %s since an upload was sent from it',
    async (_, empty) => {
      await within(async (workspace) => {
        const spool = await workspace.spool(one)
        await spool.append(bytes('wrong'))
        await workspace.saveUpload('paris', one, 'of wrong bytes')
        await empty(spool)
        const again = await workspace.spool(one)
        await again.append(bytes('right'))
        await again.close()
        await workspace.saveUpload('iowa', one, 'of right bytes')
      })
      for (const _ of ['as it was written', 'as it was compacted']) {
        await within(async (workspace) => {
          await (await workspace.spool(one)).close()
          expect(workspace.upload('paris', one)).toEqual({ state: 'of wrong bytes', stale: true })
          expect(workspace.upload('iowa', one)).toEqual({ state: 'of right bytes' })
        })
      }
    },
  )

  it('outlives a line that was torn by a crash, and lines of which nobody knows anything', async () => {
    await within((workspace) => workspace.noteDone('paris', one, { size: 3 }))
    const journal = await journalFile()
    await appendFile(
      journal,
      'null\n7\n{"done":"../x","store":"paris","size":1}\n{"new":1}\n{"done":"sha256:',
    )
    await within(async (workspace) => {
      expect([...workspace.done('paris').keys()]).toEqual([one])
      await workspace.noteDone('paris', two, { size: 3 })
    })
    await within(async (workspace) => {
      expect([...workspace.done('paris').keys()]).toEqual([one, two])
    })
  })

  it('takes no more bytes than what is still true', async () => {
    await within(async (workspace) => {
      const journal = await journalFile()
      for (let n = 0; n < 500; n++) await workspace.saveUpload('paris', one, 'x'.repeat(100_000))
      expect((await stat(journal)).size).toBeLessThan(20_000_000)
      expect(workspace.upload('paris', one)?.state).toHaveLength(100_000)
      await workspace.endUpload('paris', one)
    })
    await within(async () => {
      expect((await stat(await journalFile())).size).toBe(0)
    })
  })
})

describe('a manifest that is kept', () => {
  const manifest = blobOf(bytes('{"schemaVersion":2}'))
  const digest = manifest.digest as Digest

  it('comes back with its type, and not when its bytes have changed', async () => {
    await within((workspace) =>
      workspace.keepManifest(digest, { mediaType: OCI_MANIFEST, bytes: manifest.bytes }),
    )
    await within(async (workspace) => {
      const kept = await workspace.manifest(digest)
      expect(kept?.mediaType).toBe(OCI_MANIFEST)
      expect(Buffer.from(kept!.bytes).equals(manifest.bytes)).toBe(true)
      expect(await workspace.manifest(one)).toBeUndefined()
    })
    const [name] = await readdir(join(folder, 'manifests'))
    await appendFile(join(folder, 'manifests', name!), ' ')
    await within(async (workspace) => {
      expect(await workspace.manifest(digest)).toBeUndefined()
    })
  })
})

describe('a spool', () => {
  it('has what an earlier process brought, and can be read anywhere and emptied', async () => {
    await within(async (workspace) => {
      const spool = await workspace.spool(one)
      await spool.append(bytes('hello '))
      await spool.close()
    })
    await within(async (workspace) => {
      const spool = await workspace.spool(one)
      expect(spool.length).toBe(6)
      await spool.append(bytes('world'))
      expect(Buffer.from(await spool.read(4, 8)).toString()).toBe('o wo')
      expect(Buffer.from(await spool.read(9, 100)).toString()).toBe('ld')
      expect(await spool.read(100, 200)).toHaveLength(0)
      await spool.clear()
      expect(spool.length).toBe(0)
      await spool.append(bytes('again'))
      expect(Buffer.from(await spool.read(0, 5)).toString()).toBe('again')
      await spool.remove()
      expect(await readdir(join(folder, 'spools'))).toEqual([])
    })
  })

  it('that has become an object of a store is written no more: the next process has a copy', async () => {
    const object = join(folder, 'object')
    await within(async (workspace) => {
      const spool = await workspace.spool(one)
      await spool.append(bytes('hello'))
      await link(spool.file!, object)
      await spool.close()
    })
    await within(async (workspace) => {
      const spool = await workspace.spool(one)
      expect(Buffer.from(await spool.read(0, 5)).toString()).toBe('hello')
      await spool.clear()
      await spool.append(bytes('other'))
      await spool.close()
    })
    expect(await readFile(object, 'utf8')).toBe('hello')
  })

  it('is deleted when nobody wants its blob any more', async () => {
    await within(async (workspace) => {
      for (const digest of [one, two]) await (await workspace.spool(digest)).close()
      await workspace.tidySpools((digest) => digest === two)
      expect(await readdir(join(folder, 'spools'))).toEqual([
        expect.stringMatching(`^${two.replace(':', '-')}[.]`),
      ])
    })
  })
})

describe('a file of its own', () => {
  it('comes back, and its name leads nowhere else', async () => {
    await within(async (workspace) => {
      expect(await workspace.file('paris.inventory')).toBeUndefined()
      await workspace.keepFile('paris.inventory', bytes('list'))
      expect(Buffer.from((await workspace.file('paris.inventory'))!).toString()).toBe('list')
      for (const name of ['../x', '.hidden', 'A', 'a/b', '']) {
        expect(() => workspace.file(name)).toThrow(`${name} is no name of a file`)
      }
    })
  })
})

it('a folder that cannot be made is an error that names it', async () => {
  await within(async () => {})
  const file = await journalFile()
  await expect(openWorkspace(join(file, 'x'), lent())).rejects.toMatchObject({
    code: 'FILE_UNWRITABLE',
    message: expect.stringContaining(join(file, 'x')),
  })
})
