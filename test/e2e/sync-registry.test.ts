import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MANIFEST_ACCEPT } from '../../src/oci/manifest.ts'
import { runCommand } from '../support/command.ts'
import { type DockerRegistry, noDockerRegistry, startDockerRegistry } from '../support/docker-registry.ts'
import { type PushedImages, pushImages } from '../support/pushed-images.ts'
import { TARGET_REGISTRIES, type TargetRegistry } from '../support/target-registries.ts'
import { makeTempFolder, type TempFolder } from '../support/temp.ts'

if (noDockerRegistry !== undefined) console.warn(`no registry is filled; ${noDockerRegistry}`)

describe.skipIf(noDockerRegistry !== undefined)('a sync to a registry', () => {
  let source: DockerRegistry
  let pushed: PushedImages

  beforeAll(async () => {
    source = await startDockerRegistry()
    pushed = await pushImages(source.host, 'images')
  })
  afterAll(() => source?.[Symbol.asyncDispose]())

  for (const { name, unable, start } of TARGET_REGISTRIES) {
    if (unable !== undefined) console.warn(`${name} is not filled; ${unable}`)
    describe.skipIf(unable !== undefined)(name, () => {
      let target: TargetRegistry
      let folder: TempFolder
      beforeAll(async () => {
        target = await start()
        folder = await makeTempFolder()
        await writeFile(join(folder.path, 'portolan.yaml'), configOf(source.host, target.host))
      })
      afterAll(async () => {
        await target?.[Symbol.asyncDispose]()
        await folder?.[Symbol.asyncDispose]()
      })

      const portolan = async (...words: readonly string[]) => {
        const ended = await runCommand([...words, '--config', 'portolan.yaml', '--json'], {
          folder: folder.path,
        })
        return { ...ended, report: JSON.parse(ended.out) }
      }

      it('brings everything as it is, of one download of each blob', async () => {
        const before = source.requests().length
        const { code, report, err } = await portolan('sync')
        expect(report.faults, err).toEqual([])
        expect(code).toBe(0)
        expect(report.registries).toMatchObject([{ store: 'west', complete: true, lacking: 0 }])
        for (const { name, tag, digest } of pushed.images) {
          const url = `http://${target.host}/v2/mirror/${name}/manifests/${tag}`
          const found = await fetch(url, { headers: { Accept: MANIFEST_ACCEPT } })
          const bytes = Buffer.from(await found.arrayBuffer())
          expect(bytes, `${name}:${tag}`).toEqual(pushed.manifests.get(digest))
        }
        const blobs = source
          .requests()
          .slice(before)
          .filter((line) => /^GET \S+\/blobs\//.test(line))
        expect(blobs.filter((line) => / 20[06]$/.test(line)).length).toBe(pushed.blobs.size)
      })

      it('is found whole and unaltered by an audit of every byte', async () => {
        const { code, report, err } = await portolan('audit', '--full')
        expect(report.registries, err).toMatchObject([{ store: 'west', findings: [] }])
        expect(code).toBe(0)
      })

      it('downloads and stores nothing when nothing is new', async () => {
        const { code, report } = await portolan('sync')
        expect(report.downloaded).toBe(0)
        expect(report.registries).toMatchObject([
          { complete: true, stored: { blobs: 0, manifests: 0 }, tags: { planned: 0, set: 0 } },
        ])
        expect(code).toBe(0)
      })

      it('moves a tag back that somebody else has moved, and tells of one that nobody chose', async () => {
        const ofApp = pushed.images.filter(({ name }) => name === 'app')
        const image = ofApp.find(({ tag }) => !tag.startsWith('sha256-'))!
        const signature = ofApp.find(({ tag }) => tag.endsWith('.sig'))!
        const url = `http://${target.host}/v2/mirror/app/manifests/`
        const bytes = Uint8Array.from(pushed.manifests.get(signature.digest)!)
        const headers = { 'Content-Type': JSON.parse(Buffer.from(bytes).toString()).mediaType }
        for (const tag of [image.tag, 'nobodys']) {
          expect((await fetch(`${url}${tag}`, { method: 'PUT', headers, body: bytes })).status).toBe(201)
        }
        const { code, report } = await portolan('sync')
        expect(code).toBe(0)
        expect(report.registries).toMatchObject([
          { tags: { planned: 1, set: 1 }, otherTags: { count: 1, first: ['app:nobodys'] } },
        ])
        const found = await fetch(`${url}${image.tag}`, {
          method: 'HEAD',
          headers: { Accept: MANIFEST_ACCEPT },
        })
        expect(found.headers.get('Docker-Content-Digest')).toBe(image.digest)
      })
    })
  }
})

function configOf(source: string, target: string): string {
  return JSON.stringify({
    version: 1,
    upstreams: [
      { id: 'main', url: `http://${source}`, prefix: 'images', at: 'gcp/us-central1', canonical: true },
      { id: 'west', url: `http://${target}`, prefix: 'mirror', at: 'aws/us-west-2', fill: { registry: {} } },
    ],
    sync: { requestsPerSecond: 1000 },
  })
}
