import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readLegacyList } from '../../src/legacy/read-list.ts'
import type { Name } from '../../src/oci/name.ts'
import { runCommand } from '../support/command.ts'
import { type DockerRegistry, noDockerRegistry, startDockerRegistry } from '../support/docker-registry.ts'
import { findProgram, runOk } from '../support/programs.ts'
import { type PushedImages, pushImages } from '../support/pushed-images.ts'
import { TARGET_REGISTRIES } from '../support/target-registries.ts'
import { makeTempFolder, type TempFolder } from '../support/temp.ts'

const SKOPEO = findProgram('skopeo')

if (noDockerRegistry !== undefined) console.warn(`no old name is checked; ${noDockerRegistry}`)

describe.skipIf(noDockerRegistry !== undefined)(
  'an old name whose content is copied to another registry',
  () => {
    let old: DockerRegistry
    let next: DockerRegistry
    let pushed: PushedImages
    let folder: TempFolder

    beforeAll(async () => {
      folder = await makeTempFolder()
      old = await startDockerRegistry()
      next = await startDockerRegistry({ deletes: true })
      pushed = await pushImages(old.host, 'images')
      await writeFile(join(folder.path, 'door.yaml'), configOf(next.host))
    })
    afterAll(async () => {
      for (const each of [old, next, folder]) await each?.[Symbol.asyncDispose]()
    })

    const configOf = (host: string, list = 'old.json') =>
      JSON.stringify({
        ...{ version: 1, admin: 'off', clouds: { refresh: 'off' } },
        upstreams: [{ id: 'main', url: `http://${host}`, prefix: 'mirror', at: 'my/main' }],
        legacy: {
          ...{ host: 'old.example', successor: 'registry.example', frozen: '2026-04-03', list, off: 'off' },
          phases: [{ phase: 'redirect', from: new Date(Date.now() - 3_600_000).toISOString() }],
        },
      })
    const portolan = (...words: readonly string[]) => runCommand(words, { folder: folder.path })
    const check = (...words: readonly string[]) => portolan('legacy', 'check', 'door.yaml', ...words)
    const isSignature = (tag: string) => tag.startsWith('sha256-')
    const copyTo = (name: string, tag: string, { host } = next as Pick<DockerRegistry, 'host'>) =>
      portolan('copy', `${old.host}/images/${name}:${tag}`, `${host}/mirror/${name}:${tag}`)

    const imageOf = (name: string) => pushed.images.find((image) => image.name === name)!
    const lose = async (name: string, kind: 'manifests' | 'blobs', digest: string) => {
      const url = `http://${next.host}/v2/mirror/${name}/${kind}/${digest}`
      expect((await fetch(url, { method: 'DELETE' })).status).toBe(202)
    }

    /** What a door makes of the list. */
    const explained = async (image: string) => {
      const words = ['explain', `old.example/${image}`, '--from', '198.51.100.7', '--config', 'door.yaml']
      return (await portolan(...words, '--offline')).out
    }

    it('lacks what was not copied, and says how to copy it', async () => {
      for (const { name, tag } of pushed.images.filter(
        (image) => !isSignature(image.tag) && image.name !== 'old',
      ))
        expect(await copyTo(name, tag)).toMatchObject({ code: 0 })
      const { code, out } = await check('--from', `${old.host}/images`)
      expect(out).toContain('\nmissing: 1\n')
      expect(out).toMatch(/ tag +old:3\.9 +is not there\n/)
      expect(code).toBe(1)
      expect(await explained('chart:0.1.0')).toContain('by the old name old.example: no phase is in force')
      const [, advice = ''] = /"portolan (copy [^"]+)"/.exec(out) ?? []
      expect(await portolan(...advice.split(' '))).toMatchObject({ code: 0 })
    })

    it('has all of it then: signatures and referrers, too', async () => {
      const { code, out, err } = await check('--from', `${old.host}/images`)
      expect(out, err).toContain(`All of it is at ${next.host}/mirror. Written: `)
      expect(code).toBe(0)
      const list = readLegacyList(await readFile(join(folder.path, 'old.json'), 'utf8'))
      for (const { name, tag, digest } of pushed.images)
        expect(list.repositories[name as Name]?.tags).toHaveProperty([tag], digest)
      expect(await explained('chart:0.1.0')).toContain('by the old name old.example: phase redirect-1')
      expect(await explained('chart:0.2.0')).toContain(
        'never had chart:0.2.0; pull registry.example/chart:0.2.0',
      )
      expect(list.counts).toMatchObject({ tags: pushed.images.length, referrers: 1, missing: 0, unknown: 0 })
    })

    it('lacks what is deleted behind a tag, which comes back as is said', async () => {
      const app = JSON.parse(pushed.manifests.get(imageOf('app').digest)!.toString())
      await lose('app', 'manifests', app.manifests[1].digest)
      const chart = JSON.parse(pushed.manifests.get(imageOf('chart').digest)!.toString())
      await lose('chart', 'blobs', chart.layers[0].digest)
      const { code, out } = await check('--from', `${old.host}/images`)
      expect(out).toContain('\nmissing: 2\n')
      expect(out).toMatch(/ manifest +app@sha256:\w+ +is not there; part of app:v1\.2\.0/)
      expect(out).toMatch(/ blob +chart@sha256:\w+ +is not there; part of chart:0\.1\.0\n/)
      expect(code).toBe(1)
      const [, advice = ''] = /"portolan (copy [^"]+)"/.exec(out) ?? []
      expect(advice).toContain('/app:v1.2.0 ')
      expect(await portolan(...advice.split(' '))).toMatchObject({ code: 0 })
      expect(out).toContain('has to be deleted there before')
      await lose('chart', 'manifests', imageOf('chart').digest)
      expect(await copyTo('chart', '0.1.0')).toMatchObject({ code: 0 })
      const again = await check('--from', `${old.host}/images`)
      expect(again.code, again.out).toBe(0)
    })

    for (const { name: kind, unable, start } of TARGET_REGISTRIES) {
      it.skipIf(unable !== undefined)(`is all in ${kind}, when it is copied there`, async () => {
        await using target = await start()
        for (const { name, tag } of pushed.images.filter((image) => !isSignature(image.tag)))
          expect(await copyTo(name, tag, target)).toMatchObject({ code: 0 })
        await writeFile(join(folder.path, 'other.yaml'), configOf(target.host, `${target.host}.json`))
        const words = ['legacy', 'check', 'other.yaml']
        const { code, out } = await portolan(...words, '--from', `${old.host}/images`)
        expect(code, out).toBe(0)
        expect(await portolan(...words)).toMatchObject({ code: 0 })
      })
    }

    it.skipIf(SKOPEO === undefined)(
      'misses what skopeo changes, and what it does not take along',
      async () => {
        await using target = await startDockerRegistry()
        const [from = '', to = ''] = [`${old.host}/images`, `${target.host}/mirror`].map(
          (at) => `docker://${at}/app:v1.2.0`,
        )
        const copy = ['copy', '--all', '--src-tls-verify=false', '--dest-tls-verify=false', from, to]
        await writeFile(join(folder.path, 'names.txt'), 'app')
        await writeFile(join(folder.path, 'other.yaml'), configOf(target.host, 'skopeo.json'))
        const words = ['--from', `${old.host}/images`, '--repositories', 'names.txt']
        // What is no gzip is compressed on its way, so that the image is another one.
        await runOk(SKOPEO!, copy)
        const changed = await portolan('legacy', 'check', 'other.yaml', ...words)
        expect(changed.out).toMatch(
          /different: 1\n.*\n +tag +app:v1\.2\.0 +stands for sha256:\w+ there, and for /,
        )
        expect(changed.code).toBe(1)
        await runOk(SKOPEO!, [...copy, '--preserve-digests'])
        const { code, out } = await portolan('legacy', 'check', 'other.yaml', ...words)
        expect(out).toContain('\nmissing: 2\n')
        expect(out).toMatch(
          / tag +app:sha256-\w+\.sig +is not there\n +referrer +app@sha256:\w+ +is not there; part of app:v1/,
        )
        expect(code).toBe(1)
      },
    )

    it('is proven without the old registry, and misses what is deleted', async () => {
      await old[Symbol.asyncDispose]()
      expect(await check()).toMatchObject({ code: 0 })
      await lose('chart', 'manifests', imageOf('chart').digest)
      const { code, out } = await check()
      expect(out).toMatch(/ tag +chart:0\.1\.0 +is not there\n/)
      expect(code).toBe(1)
    })
  },
)
