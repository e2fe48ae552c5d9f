import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, expect, it, onTestFinished } from 'vitest'
import { runHosted } from '../../support/command-host.ts'
import { makeBlob, makeManifest } from '../../support/content.ts'
import { type PushableRegistry, startPushableRegistry } from '../../support/pushable-registry.ts'
import { startScriptedRegistry } from '../../support/scripted-registry.ts'
import { makeTempFolder } from '../../support/temp.ts'

const [config, layer] = [makeBlob('config'), makeBlob('layer')]
const image = makeManifest(config, layer)

let folder: string
let west: PushableRegistry
let source: { readonly origin: string }

beforeEach(async () => {
  const temp = await makeTempFolder()
  folder = temp.path
  west = await startPushableRegistry({ isStrict: true, login: 'sync:right' })
  const upstream = await startScriptedRegistry({
    repositories: [{ name: 'app', tags: { v1: image }, blobs: [config, layer] }],
  })
  source = upstream
  onTestFinished(async () => {
    for (const each of [upstream, west, temp]) await each[Symbol.asyncDispose]()
  })
})

async function portolan(command: 'sync' | 'audit', password: string, ...words: string[]) {
  await writeFile(join(folder, 'password'), `${password}\n`)
  await writeFile(join(folder, 'portolan.yaml'), configOf(source.origin, west.origin))
  return runHosted([command, '--config', 'portolan.yaml', ...words], { folder })
}

it('sync fills a registry with the login of its fill, says so, and audit agrees', async () => {
  const planned = await portolan('sync', 'right', '--dry-run')
  expect(planned.code, planned.err).toBe(0)
  expect(planned.out).toMatch(
    /registry +lacks blobs +manifests +bytes +tags +location\n +west +2 +1 .* 0 of 1 /,
  )
  expect(west.tagsOf('mirror/app')).toEqual([])

  const synced = await portolan('sync', 'right', '--store', 'west')
  expect(synced.code, synced.err).toBe(0)
  expect(synced.out).toMatch(
    /registry +holds +stored +bytes +failed +withheld +complete +tags +location\n +west +3 +3 /,
  )
  expect(synced.out).toContain('Every registry is complete.')
  expect(west.tagsOf('mirror/app')).toEqual(['v1'])

  west.manifests.set('mirror/app:old', west.manifests.get('mirror/app:v1')!)
  const again = await portolan('sync', 'right')
  expect(again.out).toContain('Registry west has 1 tag beside the chosen ones, which stay: app:old.\n')
  const audited = await portolan('audit', 'right', '--full')
  expect(audited.code, audited.err).toBe(0)
  expect(audited.out).toContain('nothing wrong; 1 tags, 3 of 3 there, 3 read')

  west.blobs.clear()
  const lost = await portolan('audit', 'right')
  expect(lost.code).toBe(1)
  expect(lost.out).toMatch(/missing: 2\n +app@sha256:.* is not there \(app:v1\)/)
})

it('sync and audit with a login that the registry does not take say which, and end with 1', async () => {
  const synced = await portolan('sync', 'wrong', '--json')
  expect(synced.code).toBe(1)
  const { version, faults, registries } = JSON.parse(synced.out)
  expect({ version, faults, registries }).toMatchObject({
    version: 1,
    faults: [
      { code: 'ACCESS_DENIED', store: 'west', message: expect.stringContaining('log in to 127.0.0.1') },
    ],
    registries: [{ store: 'west', complete: false, held: 0 }],
  })
  expect(synced.out + synced.err).not.toContain('wrong')
  const audited = await portolan('audit', 'wrong', '--json')
  // Nobody could look: nothing is known to be wrong.
  expect(audited.code).toBe(3)
  expect(JSON.parse(audited.out).registries[0].findings[0].kind).toBe('unreadable')
})

it('a login of which the file is gone is told by its name, not as a bug', async () => {
  await portolan('sync', 'right')
  await writeFile(
    join(folder, 'portolan.yaml'),
    configOf(source.origin, west.origin).replace('password"', 'none"'),
  )
  const ended = await runHosted(['sync', '--config', 'portolan.yaml'], { folder })
  expect(ended.code).toBe(1)
  expect(ended.out).toMatch(/FILE_UNREADABLE: .*none/)
  expect(ended.err).not.toContain('bug')
})

function configOf(source: string, target: string): string {
  const credentials = { username: 'sync', passwordFile: 'password' }
  return JSON.stringify({
    version: 1,
    upstreams: [
      { id: 'main', url: source, at: 'gcp/us-central1', canonical: true },
      {
        ...{ id: 'west', url: 'https://west.test', at: 'aws/us-west-2' },
        fill: { registry: { url: target, prefix: 'mirror', credentials } },
      },
    ],
    sync: { repositories: { list: ['app'] }, referrers: false },
  })
}
