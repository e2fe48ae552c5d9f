import { execFileSync } from 'node:child_process'
import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCommand } from '../../support/command.ts'
import { makeBlob, makeManifest, type TestBlob } from '../../support/content.ts'
import { type RuntimeName, startPortolan } from '../../support/portolan.ts'
import { exchange } from '../../support/raw-http.ts'
import { startScriptedRegistry } from '../../support/scripted-registry.ts'
import { makeTempFolder, type TempFolder } from '../../support/temp.ts'

const SECRET = 'the secret of another service'

/** What whoever fills a folder can do to who serves it or fills it further. */
export function describeHostileFolders(runtime: RuntimeName): void {
  describe(`a folder with entries that lead elsewhere, on ${runtime}`, () => {
    let temp: TempFolder

    beforeEach(async () => {
      temp = await makeTempFolder()
    })
    afterEach(() => temp[Symbol.asyncDispose]())

    it.each([
      ['is a link out of it', symlink],
      ['is a named pipe', async (_: string, file: string) => void execFileSync('mkfifo', [file])],
    ])('is served without a manifest and a blob that %s', async (_, spoil) => {
      const [blob, hidden] = [makeBlob('blob'), makeBlob('hidden')]
      const [good, bad] = [makeManifest(blob, hidden), makeManifest(hidden)]
      const folder = join(temp.path, 'served/app')
      await writeLayout(folder, { good, bad }, [blob, hidden])
      // Of the right length, and of the manifest the right bytes as well, so that nothing else speaks against them.
      const outside = [
        [hidden, Buffer.from(SECRET.padEnd(hidden.bytes.length))],
        [bad, bad.bytes],
      ] as const
      for (const [index, [{ digest }, bytes]] of outside.entries()) {
        const elsewhere = join(temp.path, `outside-${index}`)
        await writeFile(elsewhere, bytes)
        await rm(fileOf(folder, digest))
        await spoil(elsewhere, fileOf(folder, digest))
      }
      await using door = await startPortolan(
        { upstreams: [{ id: 'disk', layout: join(temp.path, 'served'), at: 'test/disk' }] },
        runtime,
      )
      const get = (path: string) => exchange(door.port, { target: `/v2/app/${path}` })
      expect(JSON.parse((await get('tags/list')).body)).toEqual({ name: 'app', tags: ['good'] })
      const refused = await Promise.all(
        ['manifests/bad', `manifests/${bad.digest}`, `blobs/${hidden.digest}`].map(get),
      )
      expect(refused.map(({ status }) => status)).toEqual([404, 404, 500])
      expect(refused.map(({ body }) => body).join()).not.toContain(SECRET)
      expect((await get(`blobs/${blob.digest}`)).body).toBe(Buffer.from(blob.bytes).toString('latin1'))
      expect((await get('manifests/good')).status).toBe(200)
      expect(JSON.stringify(door.log.filter(({ level }) => level === 'warn'))).toContain(bad.digest.slice(7))
      expect(await door.stop()).toBe(0)
    })

    it('is not filled through a folder of it that is a link', async () => {
      const [store, outside] = [join(temp.path, 'store'), join(temp.path, 'outside')]
      await mkdir(store)
      await mkdir(outside)
      await symlink(outside, join(store, 'blobs'))
      const blob = makeBlob('blob')
      await using registry = await startScriptedRegistry({
        repositories: [{ name: 'app', tags: { '1.0': makeManifest(blob) }, blobs: [blob] }],
      })
      const config = {
        version: 1,
        upstreams: [{ id: 'main', url: registry.origin, at: 'test/main' }],
        stores: [
          {
            ...{ id: 'folder', url: 'http://folder.test', blobs: 'blobs/{digest}', at: 'test/near' },
            fill: { folder: store },
          },
        ],
        sync: { repositories: { list: ['app'] }, journal: join(temp.path, 'journal') },
      }
      await writeFile(join(temp.path, 'portolan.yaml'), JSON.stringify(config))
      const { code, out } = await runCommand(['sync', 'portolan.yaml', '--json'], {
        folder: temp.path,
        runtime,
      })
      expect(code).toBe(1)
      expect(JSON.parse(out).faults).toContainEqual(
        expect.objectContaining({
          code: 'STORE_REFUSED',
          message: expect.stringContaining('"blobs" is a symbolic link'),
        }),
      )
      expect(await readdir(outside)).toEqual([])
    })
  })
}

function fileOf(folder: string, digest: string): string {
  return join(folder, 'blobs', digest.replace(':', '/'))
}

/** Writes an image layout whose manifests have these tags. */
async function writeLayout(
  folder: string,
  tags: Readonly<Record<string, TestBlob>>,
  blobs: readonly TestBlob[],
): Promise<void> {
  await mkdir(join(folder, 'blobs/sha256'), { recursive: true })
  for (const { digest, bytes } of [...blobs, ...Object.values(tags)]) {
    await writeFile(fileOf(folder, digest), bytes)
  }
  const manifests = Object.entries(tags).map(([tag, { digest, bytes, type }]) => ({
    ...{ mediaType: type, digest, size: bytes.length },
    annotations: { 'org.opencontainers.image.ref.name': tag },
  }))
  await writeFile(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  await writeFile(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }))
}
