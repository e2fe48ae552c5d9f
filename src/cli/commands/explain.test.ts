import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runHosted } from '../../../test/support/command-host.ts'
import { type FolderServer, startFolderServer } from '../../../test/support/folder-server.ts'
import { type Portolan, startPortolan } from '../../../test/support/portolan.ts'
import { findFreePort } from '../../../test/support/ports.ts'
import { startScriptedStore } from '../../../test/support/scripted-store.ts'
import { makeTempFolder, type TempFolder } from '../../../test/support/temp.ts'
import { makeSampleImages } from '../../demo/images.ts'
import type { SampleImage } from '../../demo/sample-world.ts'
import type { PullStep } from '../../doctor/pull-step.ts'
import type { Explanation } from '../../routing/explanation.ts'

const PARIS = '35.180.1.1'

interface Told {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

function explain(...words: string[]): Promise<Told> {
  return runHosted(['explain', ...words], { folder: process.cwd() })
}

describe('portolan explain', () => {
  const made = new AsyncDisposableStack()
  let folder: TempFolder
  let store: FolderServer
  let door: Portolan
  let image: SampleImage
  let admin: string

  beforeAll(async () => {
    folder = made.use(await makeTempFolder())
    const layout = join(folder.path, 'images')
    const world = await makeSampleImages(layout)
    image = world.images.find(({ platforms }) => platforms.length > 1)!
    store = made.use(await startFolderServer(layout))
    door = made.use(await startPortolan(config(layout, store.origin)))
    admin = `http://127.0.0.1:${door.adminPort}`
  })
  afterAll(() => made.disposeAsync())

  it('shows every request of a pull with its candidates and decision, and ends with 0', async () => {
    const { code, out, err } = await explain(
      `any.host/${image.name}:1.0`,
      '--from',
      PARIS,
      '-c',
      door.configFile,
    )
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toMatch(/^from 35\.180\.1\.1: aws\/eu-west-3, known by override\n/)
    for (const { digest } of image.blobs)
      expect(out).toContain(`→ paris (store-present): ${location(digest)}\n`)
    expect(out).toContain('1. tag 1.0\n')
    expect(out).toContain('. config of linux/arm64, ')
    expect(out).toContain('. payload of the signature, ')
    expect(out).toMatch(/ {2}paris +store +aws\/eu-west-3 +0 +nearest +\w+ +present +taken\n/)
    expect(out).toContain('candidates: the same as for 1\n')
    expect(out.match(/backend +kind/g)).toHaveLength(2)
    expect(out).toMatch(/\n\d+ requests, and every one has a working answer\.\n$/)
  })

  it('says the same of a door that runs as of its config, as data', async () => {
    const words = [`${image.name}@${image.digest}`, '--from', PARIS, '--json']
    const [asked, tried] = await Promise.all([
      explain(...words, '--admin', admin),
      explain(...words, '--config', door.configFile),
    ])
    expect(asked).toMatchObject({ code: 0, err: '' })
    expect(decisions(asked)).toEqual(decisions(tried))
    expect(JSON.parse(asked.out).client).toMatchObject({ place: 'aws/eu-west-3', knownBy: 'override' })
  })

  it('follows one platform when told to', async () => {
    const words = [`${image.name}:1.0`, '--from', PARIS, '--admin', admin]
    const { code, out } = await explain(...words, '--platform', 'linux/arm64')
    expect(code).toBe(0)
    expect(out).toContain('manifest of linux/arm64')
    expect(out).not.toContain('amd64')
    // The index names it without the variant, which every arm64 has.
    expect(await explain(...words, '--platform', 'linux/arm64/v8')).toMatchObject({
      code: 0,
      err: '',
      out: expect.stringContaining('layer of linux/arm64, '),
    })
    expect(await explain(...words, '--platform', 'plan9/arm64')).toMatchObject({
      code: 2,
      err: 'portolan: there is none for plan9/arm64; there are linux/amd64, linux/arm64\n',
    })
  })

  it('says that there is no signature, without making a fault of it', async () => {
    const { code, out } = await explain('demo/team/nested/tool:v1.2.3', '--from', '9.9.9.9', '--admin', admin)
    expect(code).toBe(0)
    expect(out).toMatch(/^from 9\.9\.9\.9: somewhere, in no list\n/)
    expect(out).toContain('works: 404, no signature (GET, from this machine)\n')
  })

  it('ends with 1 when a place that clients are sent to does not give what the manifest names', async () => {
    await using liar = await startScriptedStore(() => 200)
    const file = join(folder.path, 'liar.yaml')
    await writeFile(file, JSON.stringify({ version: 1, ...config(join(folder.path, 'images'), liar.origin) }))
    const { code, out } = await explain('demo/team/nested/tool:v1.2.3', '--from', PARIS, '-c', file)
    expect(code).toBe(1)
    expect(out).toMatch(
      /FAILS: 206, 20971520 bytes; the manifest says \d+ \(GET bytes=0-\d+, from this machine\)\n/,
    )
    expect(out).toMatch(/\n7 requests; without a working answer: 3, 4, 5\.\n$/)
  })

  it('finds out that a store which answers HEAD refuses GET', async () => {
    await using refusing = await startScriptedStore((_, method) => (method === 'HEAD' ? 200 : 403))
    const file = join(folder.path, 'refusing.yaml')
    await writeFile(
      file,
      JSON.stringify({ version: 1, ...config(join(folder.path, 'images'), refusing.origin) }),
    )
    const { code, out } = await explain('demo/team/nested/tool:v1.2.3', '--from', PARIS, '-c', file)
    expect(code).toBe(1)
    expect(out).toMatch(/FAILS: 403 \(GET bytes=0-\d+, from this machine\)\n/)
  })

  it.each(['config', 'admin'])(
    'takes a place or a country for a client, and backends as down, by %s',
    async (by) => {
      const source = by === 'admin' ? ['--admin', admin] : ['--config', door.configFile]
      const blob = image.blobs[0]!.digest
      const told = async (...words: string[]) => {
        const { out } = await explain(`${image.name}:1.0`, '--json', ...source, ...words)
        const { client, steps } = JSON.parse(out)
        const step = steps.find(({ explanation }: PullStep<Explanation>) => explanation.target.endsWith(blob))
        return { client, decision: step.explanation.decision }
      }
      expect(await told('--from', 'aws/eu-west-3')).toMatchObject({
        client: { place: 'aws/eu-west-3', knownBy: 'given' },
        decision: { backend: 'paris', reason: 'store-present' },
      })
      expect(await told('--from', 'cl')).toMatchObject({ client: { place: 'country/CL', knownBy: 'given' } })
      expect(await told('--from', PARIS, '--down', 'paris')).toMatchObject({
        decision: { backend: 'iowa', reason: 'failover', movedFrom: 'paris' },
      })
      const { code, err } = await explain(image.name, '--from', PARIS, ...source, '--down', 'pari')
      expect({ code, err }).toMatchObject({
        code: 2,
        err: expect.stringContaining('there is no backend "pari" (did you mean "paris"?)'),
      })
    },
  )

  it('says of an upstream that is down and yet taken that nothing else is left', async () => {
    const words = ['--from', '9.9.9.9', '--offline', '-c', door.configFile]
    const { out } = await explain(`${image.name}:1.0`, ...words, '--down', 'iowa')
    expect(out).toContain('→ the door itself, for iowa (failover, though it is down: nothing else is left)\n')
  })

  it('asks nobody with --offline, reads what is on disk, and says where blobs would go', async () => {
    const words = ['--from', 'aws/eu-west-3', '--offline', '-c', door.configFile]
    const blobs = () => store.requests.filter((request) => request.includes(image.blobs[0]!.digest)).length
    const before = blobs()
    const { code, out, err } = await explain(`${image.name}:1.0`, ...words)
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toContain(
      `→ paris (store-present): ${location(image.blobs[0]!.digest)}\n   not tried: offline\n`,
    )
    expect(out).toMatch(/\n\d+ requests; nobody was asked\.\n$/)
    expect(blobs()).toBe(before)

    const file = join(folder.path, 'remote.yaml')
    const upstreams = [{ id: 'main', url: 'https://upstream.invalid', at: 'gcp/us-central1' }]
    const remote = { version: 1, ...config('images', 'https://store.invalid'), upstreams }
    await writeFile(file, JSON.stringify(remote))
    const unread = await explain('pause:3.9', '--from', 'CL', '--offline', '-c', file)
    expect(unread).toMatchObject({ code: 0, err: '', out: expect.stringContaining('2. any blob\n') })
  })

  it('says what a client drew where clients are split, and without an address the shares alone', async () => {
    const file = join(folder.path, 'split.yaml')
    const stores = ['near', 'far'].map((id) => ({ id, url: `https://${id}.invalid`, at: 'aws/eu-west-3' }))
    const split = { routing: [{ prefer: [{ split: { near: 3, far: 1 } }] }] }
    const upstreams = [{ id: 'main', url: 'https://upstream.invalid', at: 'gcp/us-central1' }]
    const policies = [{ id: 'canary', share: '25 %', routing: [{ prefer: ['far'] }] }]
    await writeFile(file, JSON.stringify({ version: 1, upstreams, stores, ...split, policies }))
    const told = (from: string, ...words: string[]) =>
      explain('pause:3.9', '--from', from, '--offline', '-c', file, ...words)

    const { out } = await told(PARIS)
    expect(out).toContain('candidates, by rule 1 of policy main (of all clients: main 75 %, canary 25 %):\n')
    expect(out).toMatch(
      / {5}split between (?:near 75 %, far 25 %|far 25 %, near 75 %): 35\.180\.1\.1 drew for pause, the least first, /,
    )
    // Of the tag, which stores do not have, there is nothing to choose.
    expect(out.match(/split between/g)).toHaveLength(1)

    const { steps } = JSON.parse((await told(PARIS, '--json')).out)
    const { splits, policy, candidates } = (steps as PullStep<Explanation>[])[1]!.explanation
    expect(policy).toEqual({
      id: 'main',
      all: [
        { id: 'main', share: 0.75 },
        { id: 'canary', share: 0.25 },
      ],
    })
    const { client, repository, between } = splits![0]!
    expect({ client, repository }).toEqual({ client: PARIS, repository: 'pause' })
    expect(between.map(({ selector }) => selector)).toEqual(
      candidates.slice(0, 2).map(({ backend }) => backend),
    )
    expect(between[0]!.draw).toBeLessThan(between[1]!.draw)

    expect((await told('CL')).out).toMatch(
      / {5}split between (?:near 75 %, far 25 %|far 25 %, near 75 %): drawn by address; without one, this is one order of several\n/,
    )
    const wide = JSON.parse((await told('2001:db8::1', '--json')).out).steps[1].explanation
    expect(wide.splits?.[0].client ?? wide.policy.id).toMatch(/^2001:db8::\/64$|^canary$/)
  })

  it('ends with 3 when there is no such image, or nobody to ask', async () => {
    const missing = await explain(`${image.name}:nothing`, '--from', PARIS, '--admin', admin)
    expect(missing).toMatchObject({
      code: 3,
      out: expect.stringContaining('FAILS: 404 (GET, from this machine)\n'),
      err: expect.stringMatching(
        /^portolan: the manifest of demo\/hello cannot be had where the door sends this client; there is no tag nothing, but [^\n]*1\.0[^\n]*\n$/,
      ),
    })
    const nobody = `http://127.0.0.1:${await findFreePort()}`
    expect(await explain(image.name, '--from', PARIS, '--admin', nobody)).toMatchObject({
      code: 3,
      out: '',
      err: expect.stringMatching(/^portolan: cannot reach the admin service at .*ECONNREFUSED.*\n$/),
    })
  })

  it.each<[words: string[], err: string]>([
    [
      ['pause', '--from', 'paris', '--admin', 'http://127.0.0.1:1'],
      '--from "paris" must be an IPv4 or IPv6 address, a place such as aws/eu-west-3, or a country such as CL',
    ],
    [['pause', '--from', 'aws/eu-wst-3', '--config', 'a'], 'did you mean "eu-west-3"?'],
    [
      ['pause', 'door.yaml', '--from', 'CL'],
      "too many arguments for 'explain'. Expected 1 argument but got 2: pause, door.yaml. The config goes after --config",
    ],
    [
      ['https://registry.test/pause', '--from', 'CL', '--config', 'a'],
      'is not an image reference: it begins with "https://"',
    ],
    [['pause', '--from', 'QQ', '--config', 'a'], 'must be a country of ISO 3166-1, such as CL'],
    [
      ['pause', '--from', PARIS, '--admin', 'http://127.0.0.1:1', '--offline'],
      '--offline and --admin exclude each other',
    ],
    [['pause', '--from', PARIS], '--config or --admin is required'],
    [['pause', '--from', PARIS, '--admin', '127.0.0.1:9090'], '--admin is "127.0.0.1:9090"'],
    [
      ['pause', '--from', PARIS, '--admin', 'http://127.0.0.1:1', '--platform', 'linux'],
      '--platform "linux" must be OS/ARCHITECTURE',
    ],
    [['Pause//', '--from', PARIS, '--admin', 'http://127.0.0.1:1'], 'is not an image reference'],
    [['pause', '--from', PARIS, '--config', 'missing.yaml'], 'cannot read missing.yaml'],
    [['pause', '--admin', 'http://127.0.0.1:1'], '--from <client> (or PORTOLAN_EXPLAIN_FROM) is required'],
  ])('ends with 2 and one line for %j', async (words, err) => {
    const told = await explain(...words)
    expect(told).toMatchObject({ code: 2, out: '', err: expect.stringContaining(err) })
    expect(told.err).toMatch(/^[^\n]+\n$/)
  })

  const location = (digest: string) => `${store.origin}/blobs/${digest.replace(':', '/')}`
})

function decisions({ out }: Told): object[] {
  return JSON.parse(out).steps.map(({ what, explanation, answer }: PullStep<Explanation>) => ({
    what,
    target: explanation.target,
    decision: explanation.decision,
    answer,
  }))
}

function config(layout: string, store: string): object {
  return {
    upstreams: [{ id: 'iowa', layout, at: 'gcp/us-central1' }],
    stores: [{ id: 'paris', url: store, blobs: 'blobs/{algorithm}/{encoded}', at: 'aws/eu-west-3' }],
    clouds: { places: [{ prefix: '35.180.0.0/16', at: 'aws/eu-west-3' }] },
  }
}
