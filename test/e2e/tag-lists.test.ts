import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeBlob, makeManifest } from '../support/content.ts'
import { type Portolan, startPortolan } from '../support/portolan.ts'
import { findProgram, runOk } from '../support/programs.ts'
import { type ScriptedRegistry, startScriptedRegistry } from '../support/scripted-registry.ts'

const NAME = 'team/app'
const TAGS = ['v1', 'v2', 'V3', '1.0', 'latest']
const SORTED = ['1.0', 'V3', 'latest', 'v1', 'v2']

/** How each client lists the tags of a repository over HTTP. */
const CLIENTS: Readonly<Record<string, (host: string) => string[]>> = {
  crane: (host) => ['ls', '--insecure', `${host}/${NAME}`],
  skopeo: (host) => ['list-tags', '--tls-verify=false', `docker://${host}/${NAME}`],
  regctl: (host) => ['--host', `reg=${host},tls=disabled`, 'tag', 'ls', `${host}/${NAME}`],
  oras: (host) => ['repo', 'tags', '--plain-http', `${host}/${NAME}`],
}

const missing = Object.keys(CLIENTS).filter((client) => findProgram(client) === undefined)
if (missing.length > 0)
  console.warn(`lists of tags are not tried with ${missing.join(', ')}: not on this machine`)

describe('the tags of an upstream that pages, through the door', () => {
  const made = new AsyncDisposableStack()
  let registry: ScriptedRegistry
  let door: Portolan

  beforeAll(async () => {
    const image = makeManifest(makeBlob('config'))
    const tags = Object.fromEntries(TAGS.map((tag) => [tag, image]))
    registry = made.use(
      await startScriptedRegistry({ repositories: [{ name: NAME, tags, blobs: [] }], pageSize: 2 }),
    )
    door = made.use(
      await startPortolan({ upstreams: [{ id: 'main', url: registry.origin, at: 'gcp/us-central1' }] }),
    )
  })
  afterAll(() => made.disposeAsync())

  it.each(Object.keys(CLIENTS).filter((client) => !missing.includes(client)))(
    'are listed by %s, all of them',
    async (client) => {
      const out = (await runOk(findProgram(client)!, CLIENTS[client]!(`127.0.0.1:${door.port}`))).toString()
      const listed = client === 'skopeo' ? JSON.parse(out).Tags : out.trim().split('\n')
      expect([...listed].sort()).toEqual(SORTED)
    },
  )
})
