import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { startServer } from '../../../examples/embedding/node-http.ts'
import { runCommand, startCommand } from '../../../test/support/command.ts'
import { runHosted } from '../../../test/support/command-host.ts'
import { configOf } from '../../../test/support/config.ts'
import { blobOf, makeBlob, makeIndex, makeManifest, type TestBlob } from '../../../test/support/content.ts'
import { status } from '../../../test/support/list-server.ts'
import {
  type Answer,
  json,
  type ScriptedRegistry,
  type SeenRequest,
  serve,
  startScriptedRegistry,
} from '../../../test/support/scripted-registry.ts'
import { makeTempFolder } from '../../../test/support/temp.ts'
import { until } from '../../../test/support/until.ts'
import type { LegacyList } from '../../legacy/legacy-list.ts'
import { readLegacyList } from '../../legacy/read-list.ts'
import { OCI_INDEX, OCI_MANIFEST } from '../../oci/manifest.ts'

const [CONFIG, LAYER, TOOL_LAYER, SIGNED] = ['config', 'layer', 'tool', 'signed'].map((label) =>
  makeBlob(label),
)
const IMAGE = makeManifest(CONFIG!, LAYER!)
const INDEX = makeIndex(IMAGE)
const TOOL = makeManifest(CONFIG!, TOOL_LAYER!)
const SIGNATURE = makeManifest(CONFIG!, SIGNED!)
const SIGNATURE_TAG = `${INDEX.digest.replace(':', '-')}.sig`
const SBOM = blobOf(
  Buffer.from(
    JSON.stringify({
      ...JSON.parse(Buffer.from(SIGNATURE.bytes).toString()),
      subject: { mediaType: OCI_INDEX, digest: INDEX.digest, size: INDEX.bytes.length },
    }),
  ),
  OCI_MANIFEST,
)

const repositories = (prefix = '') => [
  {
    name: `${prefix}pause`,
    tags: { '3.9': INDEX, latest: INDEX, [SIGNATURE_TAG]: SIGNATURE },
    manifests: [IMAGE, SBOM],
    blobs: [CONFIG!, LAYER!, SIGNED!],
  },
  { name: `${prefix}team/tool`, tags: { '1.0': TOOL }, blobs: [CONFIG!, TOOL_LAYER!] },
]

const folder = await makeTempFolder()
const old = await startScriptedRegistry({ repositories: repositories() })
const next = await startScriptedRegistry({ repositories: repositories('images/') })
afterAll(async () => {
  await old[Symbol.asyncDispose]()
  await next[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

const fileOf = (name: string) => join(folder.path, name)
const descriptorOf = ({ type, digest, bytes }: TestBlob) => ({ mediaType: type, digest, size: bytes.length })
const referrers = (...manifests: readonly TestBlob[]) =>
  json({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: manifests.map(descriptorOf) })
const CATALOG = json({ repositories: ['pause', 'team/tool'] })

/** What was scripted in a test. */
const scripted: [ScriptedRegistry, string][] = []
function script(registry: ScriptedRegistry, path: string, answers: Answer | readonly Answer[]): void {
  registry.script(path, answers)
  scripted.push([registry, path])
}

async function save(rest: object = {}, legacy: object = {}): Promise<void> {
  const config = {
    ...{ version: 1, admin: 'off', clouds: { refresh: 'off' } },
    upstreams: [{ id: 'main', url: next.origin, prefix: 'images', at: 'my/main' }],
    legacy: {
      ...{ host: 'old.example', successor: 'registry.example', frozen: '2026-04-03', list: 'old.json' },
      phases: [{ phase: 'announce', from: '2027-01-11T09:00:00Z' }],
      ...legacy,
    },
    ...rest,
  }
  await writeFile(fileOf('door.yaml'), JSON.stringify(config))
}

beforeEach(async () => {
  for (const [registry, path] of scripted.splice(0)) registry.script(path, [])
  for (const [registry, prefix] of [
    [old, ''],
    [next, 'images/'],
  ] as const) {
    // Of any other manifest, that nothing refers to it.
    for (const { digest } of [IMAGE, TOOL, SIGNATURE, SBOM])
      for (const name of ['pause', 'team/tool'])
        registry.script(`/v2/${prefix}${name}/referrers/${digest}`, referrers())
    registry.script(`/v2/${prefix}pause/referrers/${INDEX.digest}`, referrers(SBOM))
  }
  old.script('/v2/_catalog', CATALOG)
  await rm(fileOf('old.json'), { force: true })
  await save()
})

const check = (...words: string[]) =>
  runHosted(['legacy', 'check', 'door.yaml', ...words], { folder: folder.path, hasty: true })
const first = (...words: string[]) => check('--from', old.origin, ...words)

async function listAt(file: string): Promise<LegacyList> {
  return readLegacyList(await readFile(fileOf(file), 'utf8'))
}

it('lists what the old name has and proves that the new one has it, the list being one that a door reads', async () => {
  const { code, out } = await first()
  expect(out).toBe(
    `old.example, as ${old.host} had it at ${(await listAt('old.json')).listed}: 2 repositories, 4 tags, 4 manifests, 5 blobs, 1 referrer.\n` +
      `All of it is at ${next.host}/images. Written: ${folder.path}/old.json.\n`,
  )
  expect(code).toBe(0)
  expect(await listAt('old.json')).toMatchObject({
    ...{ host: 'old.example', listedFrom: old.host, successor: `${next.host}/images`, findings: [] },
    counts: { missing: 0, different: 0, unknown: 0, excepted: 0 },
    repositories: {
      pause: {
        tags: { '3.9': INDEX.digest, latest: INDEX.digest, [SIGNATURE_TAG]: SIGNATURE.digest },
        referrers: { [INDEX.digest]: [SBOM.digest] },
      },
      'team/tool': { tags: { '1.0': TOOL.digest } },
    },
  })
})

it('asks for each blob once in its repository', async () => {
  const before = next.requests.length
  await first()
  const blobs = next.requests.slice(before).filter(({ path }) => path.includes('/blobs/'))
  expect(blobs.map(({ method }) => method)).toEqual(Array(5).fill('HEAD'))
  expect(new Set(blobs.map(({ path }) => path)).size).toBe(5)
})

describe('what the new name lacks', () => {
  it.each<[what: string, path: string, kind: string, finding: RegExp]>([
    ['a tag', 'team/tool/manifests/1.0', 'missing', / tag +team\/tool:1\.0 +is not there\n/],
    [
      'the manifest of a platform',
      `pause/manifests/${IMAGE.digest}`,
      'missing',
      / manifest +pause@sha256:\w+ +is not there; part of pause:3\.9, pause:latest\n/,
    ],
    [
      'a blob',
      `pause/blobs/${LAYER!.digest}`,
      'missing',
      / blob +pause@sha256:\w+ +is not there; part of pause:3\.9, /,
    ],
    [
      'a signature by tag',
      `pause/manifests/${SIGNATURE_TAG}`,
      'missing',
      / tag +pause:sha256-\w+\.sig +is not there\n/,
    ],
    [
      'a referrer',
      `pause/manifests/${SBOM.digest}`,
      'missing',
      / referrer +pause@sha256:\w+ +is not there; part of pause:3\.9/,
    ],
  ])('%s', async (_, path, kind, finding) => {
    script(next, `/v2/images/${path}`, status(404))
    const { code, out } = await first()
    expect(out).toContain(`${kind}: 1\n`)
    expect(out).toMatch(finding)
    expect(out).toContain(`Written: ${folder.path}/old.json`)
    expect(code).toBe(1)
    const { counts, findings } = await listAt('old.json')
    expect(counts).toMatchObject({ missing: 1, different: 0, unknown: 0 })
    expect(findings).toMatchObject([{ kind }])
  })

  it('a referrer that is there, and on no list', async () => {
    next.script(`/v2/images/pause/referrers/${INDEX.digest}`, referrers())
    const { code, out } = await first()
    expect(out).toMatch(
      / referrer +pause@sha256:\w+ +is on no list of what refers to sha256:\w+ there; part of pause:3\.9/,
    )
    expect(code).toBe(1)
  })

  it('all of a repository', async () => {
    for (const path of ['manifests/1.0', `manifests/${TOOL.digest}`])
      script(next, `/v2/images/team/tool/${path}`, status(404))
    const { code, out } = await first()
    // The manifest is what the tag stands for.
    expect(out).toContain('missing: 1\n')
    expect(out).toContain(
      `Copy what is missing, such as by "portolan copy ${old.host}/team/tool:1.0 ${next.host}/images/team/tool:1.0"`,
    )
    expect(code).toBe(1)
  })
})

it('finds a tag that was moved, and names both digests', async () => {
  script(next, '/v2/images/team/tool/manifests/1.0', serve(IMAGE))
  const { code, out } = await first()
  expect(out).toMatch(
    new RegExp(
      `different: 1\\n.*\\n +tag +team/tool:1\\.0 +stands for ${IMAGE.digest} there, and for ${TOOL.digest} at`,
    ),
  )
  expect(code).toBe(1)
})

it('finds a manifest whose bytes are others', async () => {
  script(next, `/v2/images/team/tool/manifests/${TOOL.digest}`, serve(IMAGE))
  const { code, out } = await first()
  expect(out).toMatch(/different: 1\n.*\n +manifest +team\/tool@sha256:\w+ +.*its bytes are those of/)
  expect(code).toBe(1)
})

it('finds a blob of another length', async () => {
  script(next, `/v2/images/pause/blobs/${LAYER!.digest}`, serve({ bytes: LAYER!.bytes.subarray(1) }))
  const { code, out } = await first()
  expect(out).toMatch(/ blob +pause@sha256:\w+ +has 2047 bytes there; expected 2048; part of/)
  expect(code).toBe(1)
})

describe('unknown is not absent', () => {
  it.each([500, 429, 403])('a manifest that is answered with %i', async (code) => {
    script(next, `/v2/images/team/tool/manifests/${TOOL.digest}`, status(code))
    const ended = await first('--json')
    const { counts, findings, list } = JSON.parse(ended.out)
    expect(counts).toMatchObject({ missing: 0, different: 0, unknown: 1 })
    expect(findings).toMatchObject([{ kind: 'unknown', what: 'manifest', image: `team/tool@${TOOL.digest}` }])
    expect(list).toEqual({ written: true, file: fileOf('old.json') })
    expect(ended.code).toBe(3)
  })

  it('a registry that is down is not asked for everything, and the list says so', async () => {
    await save({ upstreams: [{ id: 'main', url: 'http://127.0.0.1:1', at: 'my/main' }] })
    const { code, out } = await first('--json')
    const { counts, findings } = JSON.parse(out)
    expect(counts).toMatchObject({ missing: 0, different: 0 })
    expect(counts.unknown).toBeGreaterThan(4)
    expect(findings).toContainEqual({
      ...{ kind: 'unknown', what: 'repository', image: '127.0.0.1:1' },
      message: expect.stringMatching(/^\d+ questions were not asked any more, /),
    })
    expect(code).toBe(3)
    expect((await listAt('old.json')).counts).toEqual(counts)
  })

  it('what the old name did not say of its content', async () => {
    script(old, `/v2/pause/manifests/${IMAGE.digest}`, status(500))
    const { code, out } = await first()
    expect(out).toMatch(/unknown: 1\n.*\n +manifest +pause:3\.9 +at the old name: /)
    expect(code).toBe(3)
  })
})

describe('a list that would lack what is there is not written', () => {
  it('when the catalog breaks off', async () => {
    const link = { Link: '</v2/_catalog?last=pause>; rel="next"' }
    old.script('/v2/_catalog', json({ repositories: ['pause'] }, link))
    script(old, '/v2/_catalog?last=pause', status(500))
    const { code, out } = await first()
    expect(out).toContain('What it has is not known whole:\n  repositories: ')
    expect(out).toContain('Nothing is written: a door would refuse what the list lacks.')
    expect(code).toBe(3)
    await expect(listAt('old.json')).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it.each<[what: string, path: string, answer: Answer, line: RegExp]>([
    ['tags cannot be listed', '/v2/team/tool/tags/list', status(500), /^ {2}tags of team\/tool: /m],
    ['a tag is not answered', '/v2/team/tool/manifests/1.0', status(500), /^ {2}team\/tool:1\.0: /m],
    [
      'there is no catalog',
      '/v2/_catalog',
      status(404),
      /^ {2}name its repositories with --repositories FILE/m,
    ],
    [
      'the catalog is empty',
      '/v2/_catalog',
      json({ repositories: [] }),
      /lists nothing at all.*\n {2}name its repositories/,
    ],
  ])('when %s', async (_, path, answer, line) => {
    script(old, path, answer)
    const { code, out } = await first()
    expect(out).toMatch(line)
    expect(out).toContain('Nothing is written')
    expect(code).toBe(3)
    await expect(listAt('old.json')).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('when the old name has less than it had, unless that is meant', async () => {
    await first()
    const before = await readFile(fileOf('old.json'), 'utf8')
    old.script('/v2/_catalog', json({ repositories: ['pause'] }))
    const { code, out } = await first()
    expect(out).toContain('old.json has team/tool:1.0, which the list would lose')
    expect(code).toBe(1)
    expect(await readFile(fileOf('old.json'), 'utf8')).toBe(before)
    expect(await first('--forget')).toMatchObject({ code: 0 })
    expect(Object.keys((await listAt('old.json')).repositories)).toEqual(['pause'])
  })
})

it('says what has come to a name that is frozen, and what was moved', async () => {
  old.script('/v2/_catalog', json({ repositories: ['pause'] }))
  await first()
  const { listed } = await listAt('old.json')
  old.script('/v2/_catalog', CATALOG)
  for (const [registry, prefix] of [
    [old, ''],
    [next, 'images/'],
  ] as const)
    script(registry, `/v2/${prefix}pause/manifests/latest`, serve(IMAGE))
  const { code, err } = await first()
  expect(err).toContain(`moved at the old name since ${listed}, though it is frozen: pause:latest`)
  expect(err).toContain(`new at the old name since ${listed}, though it is frozen: team/tool:1.0`)
  expect(code).toBe(0)
})

describe('once the old name is switched off', () => {
  it('all that the list holds is proven again, with what its manifests lead to', async () => {
    await first()
    const { listed, listedFrom, checked } = await listAt('old.json')
    const asked = old.requests.length
    const { code, out } = await check()
    expect(out).toContain('2 repositories, 4 tags, 4 manifests, 5 blobs, 1 referrer.\n')
    expect(code).toBe(0)
    expect(old.requests.length).toBe(asked)
    const again = await listAt('old.json')
    expect(again).toMatchObject({ listed, listedFrom })
    expect(again.checked > checked).toBe(true)
  })

  it.each([
    `manifests/${IMAGE.digest}`,
    `blobs/${LAYER!.digest}`,
    `manifests/${SBOM.digest}`,
    'manifests/latest',
  ])('%s is missed', async (path) => {
    await first()
    script(next, `/v2/images/pause/${path}`, status(404))
    const { code } = await check()
    expect(code).toBe(1)
    expect((await listAt('old.json')).counts.missing).toBe(1)
  })

  it('platforms that nobody ever pushed are not missed', async () => {
    const path = `pause/manifests/${IMAGE.digest}`
    script(old, `/v2/${path}`, status(404))
    script(next, `/v2/images/${path}`, status(404))
    expect(await first()).toMatchObject({ code: 0 })
    expect((await listAt('old.json')).repositories).toMatchObject({ pause: { lacks: [IMAGE.digest] } })
    expect(await check()).toMatchObject({ code: 0 })
  })

  it('what a list names as a referrer and the old name never had is not missed', async () => {
    script(old, `/v2/pause/manifests/${SBOM.digest}`, status(404))
    script(next, `/v2/images/pause/manifests/${SBOM.digest}`, status(404))
    next.script(`/v2/images/pause/referrers/${INDEX.digest}`, referrers())
    expect(await first()).toMatchObject({ code: 0 })
    expect(await check()).toMatchObject({ code: 0 })
  })

  it('says what to type where there is no list yet', async () => {
    const { code, err } = await check()
    expect(err).toMatch(
      /^portolan: .*old\.json is not there, so that nothing is known of what old\.example has: say .* --from /,
    )
    expect(code).toBe(2)
  })
})

it('what is accepted is counted and named, and idle patterns are said', async () => {
  script(next, '/v2/images/team/tool/manifests/1.0', status(404))
  script(next, `/v2/images/pause/blobs/${LAYER!.digest}`, status(404))
  const { code, out, err } = await first(
    '--except',
    'team/tool:*',
    '--except',
    '/^pause:(3\\.9|latest)$/',
    '--except',
    'x:*',
  )
  expect(out).toMatch(/Accepted by --except:\n {2}missing: team\/tool:1\.0\n {2}missing: pause@sha256:\w+\n/)
  expect(out).toContain('but for what is accepted.')
  expect(code).toBe(0)
  expect((await listAt('old.json')).counts).toMatchObject({ missing: 0, excepted: 2 })
  expect(err).toContain('--except \\"x:*\\" accepts nothing')
})

it('what belongs to an image that is not accepted as well is missing', async () => {
  script(next, `/v2/images/pause/blobs/${LAYER!.digest}`, status(404))
  expect(await first('--except', 'pause:latest')).toMatchObject({ code: 1 })
})

it('a list of referrers by tag may name more at the new name, and not less', async () => {
  const withoutLists = status(404)
  const tag = INDEX.digest.replace(':', '-')
  const indexOf = (...manifests: TestBlob[]) =>
    blobOf(
      Buffer.from(
        JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: manifests.map(descriptorOf) }),
      ),
      OCI_INDEX,
    )
  const [fewer, more] = [indexOf(SBOM), indexOf(SBOM, SIGNATURE)]
  const listWith = (index: TestBlob, registry: ScriptedRegistry, prefix: string) => {
    for (const { digest } of [INDEX, IMAGE, SIGNATURE, SBOM, fewer, more])
      registry.script(`/v2/${prefix}pause/referrers/${digest}`, withoutLists)
    for (const reference of [tag, index.digest])
      script(registry, `/v2/${prefix}pause/manifests/${reference}`, serve(index))
    script(
      registry,
      `/v2/${prefix}pause/tags/list`,
      json({ name: 'pause', tags: ['3.9', 'latest', SIGNATURE_TAG, tag] }),
    )
  }
  listWith(fewer, old, '')
  listWith(more, next, 'images/')
  expect(await first()).toMatchObject({ code: 0 })
  expect((await listAt('old.json')).repositories).toMatchObject({
    pause: { tags: { [tag]: fewer.digest }, referrers: { [INDEX.digest]: [SBOM.digest] } },
  })
  listWith(indexOf(SIGNATURE), next, 'images/')
  const { code, out } = await check()
  expect(out).toMatch(/missing: 1\n.*\n +referrer +pause@sha256:\w+ +is on no list/)
  expect(code).toBe(1)
})

it('without blobs nothing is written', async () => {
  const { code, out } = await first('--no-blobs')
  expect(out).toContain('4 manifests, 0 blobs')
  expect(out).toContain('Nothing is written: without blobs, nothing is proven.')
  expect(code).toBe(0)
  await expect(listAt('old.json')).rejects.toMatchObject({ code: 'ENOENT' })
})

it('goes by a file of names, each of which must have something', async () => {
  await writeFile(fileOf('names.txt'), '# all\npause # the smallest\n\n')
  expect(await first('--repositories', 'names.txt')).toMatchObject({ code: 0 })
  expect(Object.keys((await listAt('old.json')).repositories)).toEqual(['pause'])
  await writeFile(fileOf('names.txt'), 'pause\npuase\n')
  const { code, out } = await first('--repositories', 'names.txt')
  expect(out).toContain(`  puase has no tags at ${old.host}\n`)
  expect(out).toContain('Nothing is written')
  expect(code).toBe(3)
})

it('a repository without tags is not listed, if a registry names it', async () => {
  old.script('/v2/_catalog', json({ repositories: ['pause', 'emptied', 'team/tool'] }))
  const { code, err } = await first()
  expect(err).toContain(`emptied has no tags at ${old.host}`)
  expect(code).toBe(0)
  expect(Object.keys((await listAt('old.json')).repositories)).toEqual(['pause', 'team/tool'])
})

it('goes down the child repositories of Artifact Registry, below what stands before them', async () => {
  await using google = await startScriptedRegistry({ repositories: repositories('project/images/') })
  const level = (child: string[], tags: string[] = []) => json({ child, tags, manifest: {} })
  google.script('/v2/project/images/tags/list', level(['pause', 'team']))
  google.script('/v2/project/images/pause/tags/list', level([], ['3.9', 'latest', SIGNATURE_TAG]))
  google.script('/v2/project/images/team/tags/list', level(['tool']))
  google.script('/v2/project/images/team/tool/tags/list', level([], ['1.0']))
  const from = `${google.host}/project/images`
  const { code, out, err } = await check('--from', from, '--repositories', 'childRepositories')
  expect(out, err).toContain(`old.example, as ${from} had it at `)
  expect(code).toBe(0)
  expect(Object.keys((await listAt('old.json')).repositories)).toEqual(['pause', 'team/tool'])
})

describe('files in the place of a registry', () => {
  const layout = 'layout'
  const bundle = 'bundle'
  const files = [`oci:${layout}`, `bundle:${bundle}`]
  const images = () => [`${old.host}/pause:3.9`, `${old.host}/pause:latest`, `${old.host}/team/tool:1.0`]
  const run = (...words: string[]) => runHosted(words, { folder: folder.path })
  beforeEach(async () => {
    for (const name of [layout, bundle]) await rm(fileOf(name), { recursive: true, force: true })
    expect(await run('copy', ...images(), `oci:${layout}`)).toMatchObject({ code: 0 })
    await writeFile(fileOf('images.txt'), images().join('\n'))
    const exported = await run('bundle', 'export', '--images', 'images.txt', '--output', bundle)
    expect(exported.code, exported.err).toBe(0)
  })

  it.each(files)('%s is what the old name had', async (place) => {
    const { code, out, err } = await check('--from', place)
    expect(out, err).toContain('2 repositories, 4 tags, 4 manifests, 5 blobs, 1 referrer.')
    expect(code).toBe(0)
    expect((await listAt('old.json')).listedFrom).toBe(place)
    script(next, '/v2/images/team/tool/manifests/1.0', status(404))
    const missed = await check('--from', place)
    expect(missed.out).toContain(`"portolan copy ${place}:team/tool:1.0 ${next.host}/images/team/tool:1.0"`)
    expect(missed.code).toBe(1)
  })

  it('a bundle with two repositories of one name is no list of either', async () => {
    await using other = await startScriptedRegistry({ repositories: repositories() })
    await writeFile(fileOf('images.txt'), [`${other.host}/team/tool:1.0`, ...images()].join('\n'))
    await run('bundle', 'export', '--images', 'images.txt', '--output', 'two')
    const { code, out } = await check('--from', 'bundle:two')
    expect(out).toContain('bundle:two has team/tool of several hosts, and nobody can say which is meant')
    expect(code).toBe(3)
  })

  it.each([
    ['layout', layout],
    ['bundle', bundle],
  ])('a %s is what the new name has', async (kind, place) => {
    await save({ upstreams: [{ id: 'main', [kind]: place, at: 'my/main' }] })
    const { code, out, err } = await first()
    expect(out, err).toContain(`All of it is at ${kind === 'layout' ? 'oci' : 'bundle'}:${fileOf(place)}.`)
    expect(code).toBe(0)
  })

  it('what is gone from a layout is missed at the new name, and is no list of all that the old one has', async () => {
    await rm(join(fileOf(layout), 'blobs/sha256', TOOL.digest.slice('sha256:'.length)))
    await save({ upstreams: [{ id: 'main', layout, at: 'my/main' }] })
    const { code, out } = await first()
    expect(out).toMatch(/missing: 1\n.*\n +tag +team\/tool:1\.0 +is not there\n/)
    expect(code).toBe(1)
    await save()
    const asOld = await check('--from', `oci:${layout}`)
    expect(asOld.out).toContain('Nothing is written: a door would refuse what the list lacks.')
    expect(asOld.code).toBe(3)
  })
})

it('asks both registries with the login of whoever runs it', async () => {
  const basic = btoa('me:secret')
  const challenge = ({ headers }: SeenRequest) =>
    headers.authorization === `Basic ${basic}` ? undefined : 'Basic realm="registry"'
  await using closedOld = await startScriptedRegistry({ repositories: repositories(), challenge })
  await using closedNext = await startScriptedRegistry({ repositories: repositories(), challenge })
  await writeFile(fileOf('names.txt'), 'team/tool')
  await save({ upstreams: [{ id: 'main', url: closedNext.origin, at: 'my/main' }] })
  const words = ['--from', closedOld.origin, '--repositories', 'names.txt']
  const refused = await check(...words)
  expect(refused).toMatchObject({ code: 3 })
  const auths = Object.fromEntries([closedOld, closedNext].map(({ host }) => [host, { auth: basic }]))
  await writeFile(fileOf('config.json'), JSON.stringify({ auths }))
  const env = { DOCKER_CONFIG: folder.path }
  // Logins are read once for a process.
  const ended = await runCommand(['legacy', 'check', 'door.yaml', ...words], { folder: folder.path, env })
  expect(ended.out, ended.err).toContain('All of it is at')
  expect(ended.code).toBe(0)
  expect(ended.out + ended.err + (await readFile(fileOf('old.json'), 'utf8'))).not.toContain('secret')
})

describe('wrong usage is one line and ends with 2', () => {
  it.each<[what: string, words: () => string[], err: RegExp]>([
    [
      'the new name',
      () => ['--from', 'registry.example'],
      /is the new name, registry\.example: name the registry where/,
    ],
    ['its upstream', () => ['--from', `${next.origin}/images`], /is the canonical upstream of the config/],
    [
      'a password',
      () => ['--from', 'https://me:secret@old.example'],
      /--from must be a URL without credentials/,
    ],
    ['no front', () => ['--from', 'old.example/UP'], /"UP" is no front of repository names/],
    [
      'a store',
      () => ['--from', 'store:paris'],
      /--from store:paris cannot be compared; expected the registry/,
    ],
    [
      'no pattern',
      () => ['--from', old.origin, '--except', '/(/'],
      /^portolan: --except "\/\(\/" is not a pattern: /,
    ],
    ['how without where', () => ['--repositories', 'catalog'], /--repositories needs --from/],
    ['blobs', () => ['--no-blobs', '--out', 'x.json'], /--no-blobs and --out exclude each other/],
  ])('%s', async (_, words, message) => {
    const { code, out, err } = await check(...words())
    expect([code, out]).toEqual([2, ''])
    expect(err).toMatch(message)
    expect(err).not.toContain('secret')
    expect(err.trim()).not.toContain('\n')
  })

  it('names that cannot be', async () => {
    await writeFile(fileOf('names.txt'), 'pause\nUP/x\n')
    const { code, err } = await first('--repositories', 'names.txt')
    expect([code, err]).toEqual([2, 'portolan: names.txt:2: "UP/x" is no name of a repository\n'])
  })

  it('a door, which has nothing of its own', async () => {
    const upstreams = [{ id: 'main', url: next.origin, prefix: 'images', at: 'my/main' }]
    const door = await startServer(configOf({ upstreams }), 0)
    const { port } = door.address() as AddressInfo
    await writeFile(fileOf('names.txt'), 'pause\n')
    const words = ['--from', `http://127.0.0.1:${port}`, '--repositories', 'names.txt']
    const { code, err } = await check(...words).finally(() => door.close())
    expect(err).toMatch(/ is answered by a door, which gives no catalog and has no content of its own, /)
    expect(code).toBe(2)
  })

  it('a config without an old name', async () => {
    await save({ legacy: undefined })
    expect(await first()).toMatchObject({
      ...{ code: 2, err: expect.stringMatching(/^portolan: door\.yaml has no "legacy"/) },
    })
  })
})

describe('what lies where the list goes', () => {
  it('is left alone when it is no list, or one of another name', async () => {
    await writeFile(fileOf('old.json'), '{"secret":1}')
    const { code, err } = await first()
    expect(err).toMatch(/^portolan: .*old\.json is no list of an old name: /)
    expect(code).toBe(1)
    expect(await readFile(fileOf('old.json'), 'utf8')).toBe('{"secret":1}')
    await rm(fileOf('old.json'))
    await first()
    await save({}, { host: 'older.example' })
    expect(await check()).toMatchObject({
      code: 2,
      err: expect.stringContaining('is the list of old.example'),
    })
  })

  it('is found at once not to be writable', async () => {
    const before = old.requests.length
    const { code, err } = await first('--out', 'no/such/list.json')
    expect(err).toMatch(/^portolan: cannot write no\/such\/list\.json: ENOENT/)
    expect(code).toBe(1)
    expect(old.requests.length).toBe(before)
  })

  it('is still reported on when it cannot be written at the end', async () => {
    await mkdir(fileOf('old.json.draft'))
    const { code, out } = await first().finally(() => rm(fileOf('old.json.draft'), { recursive: true }))
    expect(out).toMatch(/All of it is at .*\. Nothing is written: cannot write .*old\.json: EISDIR/)
    expect(code).toBe(1)
  })

  it('need not be what the config names, which is said then', async () => {
    const { code, out } = await first('--out', 'other.json')
    expect(out).toContain('Written: other.json; the door goes by it when legacy.list of the config names it.')
    expect(code).toBe(0)
    await save({}, { list: undefined })
    const { out: nowhere } = await first()
    expect(nowhere).toContain('Nothing is written: neither --out nor legacy.list of the config names a file.')
  })
})

it('a check that began before another one ended does not replace it', async () => {
  await first()
  const path = '/v2/images/team/tool/manifests/1.0'
  const reached = new Promise<() => void>((resolve) => {
    script(next, path, [(request, response) => resolve(() => serve(TOOL)(request, response))])
  })
  await using slow = startCommand(['legacy', 'check', 'door.yaml'], { folder: folder.path })
  const goOn = await reached
  await check()
  const { checked } = await listAt('old.json')
  goOn()
  const { code, out } = await slow.ended
  expect(out).toContain('old.json is of a check that began later.')
  expect(code).toBe(0)
  expect((await listAt('old.json')).checked).toBe(checked)
})

it('Ctrl-C ends it with 1, and leaves the list as it was', async () => {
  await first()
  const before = await readFile(fileOf('old.json'), 'utf8')
  const path = `/v2/images/pause/blobs/${LAYER!.digest}`
  script(next, path, [() => {}])
  const asked = next.requests.length
  await using running = startCommand(['legacy', 'check', 'door.yaml', '--json'], { folder: folder.path })
  await until('a blob to be asked for', () =>
    next.requests.slice(asked).some((request) => request.path === path),
  )
  running.process.kill('SIGINT')
  const { code, out, err } = await running.ended
  expect(code).toBe(1)
  expect(JSON.parse(out)).toEqual({
    ...{ version: 1, error: { code: 'INTERRUPTED', message: 'interrupted: nothing is written' } },
  })
  expect(err).toContain('SIGINT: stopping, and writing nothing; once more ends at once')
  expect(await readFile(fileOf('old.json'), 'utf8')).toBe(before)
})
