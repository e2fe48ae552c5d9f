import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { readBundleHead } from '../../src/bundle/bundle-head.ts'
import { signReceipt } from '../../src/bundle/bundle-signature.ts'
import { ByteReader } from '../../src/bundle/byte-reader.ts'
import type { Receipt } from '../../src/bundle/form.ts'
import type { Digest } from '../../src/oci/digest.ts'
import { runHosted } from '../support/command-host.ts'
import { makeBlob, makeManifest, type TestBlob } from '../support/content.ts'
import { status } from '../support/list-server.ts'
import { type ScriptedRegistry, serve, startScriptedRegistry } from '../support/scripted-registry.ts'
import { makeTempFolder, type TempFolder } from '../support/temp.ts'

const [config, base, first, second] = ['config', 'base', 'first', 'second'].map((label) =>
  makeBlob(label),
) as [TestBlob, TestBlob, TestBlob, TestBlob]
const one = makeManifest(config, base, first)
const two = makeManifest(config, base, second)
const signed = makeManifest(makeBlob('signature config'), makeBlob('signature'))
const signature = `${one.digest.replace(':', '-')}.sig`

let folder: TempFolder
let registry: ScriptedRegistry
let runs = 0
let output = ''

beforeAll(async () => {
  folder = await makeTempFolder()
})
afterAll(() => folder[Symbol.asyncDispose]())

beforeEach(async () => {
  await registry?.[Symbol.asyncDispose]()
  registry = await startScriptedRegistry({
    repositories: [
      {
        name: 'app',
        tags: { v1: one, v2: two, [signature]: signed },
        blobs: [config, base, first, second, makeBlob('signature config'), makeBlob('signature')],
      },
      { name: 'other', tags: { v1: one }, blobs: [config, base, first] },
    ],
  })
  registry.script(/referrers/.source, status(404))
  output = join(folder.path, `bundle-${++runs}`)
})
afterAll(() => registry[Symbol.asyncDispose]())

const image = (tag: string) => `${registry.host}/app:${tag}`

async function exportBundle(...words: readonly string[]) {
  const options = { folder: folder.path, hasty: true }
  const ended = await runHosted(['bundle', 'export', ...words, '--output', output, '--json'], options)
  return { ...ended, report: JSON.parse(ended.out) as Report }
}

async function readBundle(at = output) {
  const names = (await readdir(at)).filter((name) => name.endsWith('.tar')).sort()
  const bytes = Buffer.concat(await Promise.all(names.map((name) => readFile(join(at, name)))))
  return { stream: bytes, ...(await readBundleHead(new ByteReader(Readable.from([bytes]), at))) }
}

const blobPath = ({ digest }: TestBlob) => `/v2/app/blobs/${digest}`

describe('what a bundle has', () => {
  it('is every content once, where the index says, children before parents', async () => {
    const { code, report, err } = await exportBundle(image('v1'), image('v2'))
    expect([code, report.missing], err).toEqual([0, []])
    const { stream: bytes, index } = await readBundle()
    expect(index.length).toBe(bytes.length)
    expect(index.images.map(({ name, digest }) => [name, digest])).toEqual([
      [`${registry.host}/app:${signature}`, signed.digest],
      [image('v1'), one.digest],
      [image('v2'), two.digest],
    ])
    const wanted = [
      one,
      two,
      signed,
      config,
      base,
      first,
      second,
      makeBlob('signature config'),
      makeBlob('signature'),
    ]
    expect(index.contents.map(({ digest }) => digest).sort()).toEqual(
      wanted.map(({ digest }) => digest).sort(),
    )
    for (const { digest, offset, size } of index.contents) {
      const content = wanted.find((each) => each.digest === digest)!
      expect(bytes.subarray(offset, offset + size).equals(content.bytes)).toBe(true)
    }
    expect(await readdir(output)).toEqual(['bundle.0001.tar'])
  })

  it('can be signed, and says nothing else then', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    const key = join(folder.path, 'key.pem')
    await writeFile(key, privateKey.export({ type: 'pkcs8', format: 'pem' }))
    expect((await exportBundle(image('v1'), '--sign', key)).code).toBe(0)
    const { stream, bytes, index } = await readBundle()
    const text = stream.toString('latin1')
    const at = text.indexOf('bundle.json.sig\0') + 512
    const wanted = Buffer.from(text.slice(at, at + 88), 'base64')
    expect(verify(null, bytes, publicKey, wanted)).toBe(true)
    expect(index.images).toHaveLength(2)
  })

  it('is the rest, after a receipt or by a ledger', async () => {
    const ledger = join(folder.path, `ledger-${runs}.json`)
    const nothing = await exportBundle(image('v1'), '--since', ledger)
    expect([nothing.code, nothing.report.error?.message]).toEqual([
      2,
      expect.stringContaining('no such file'),
    ])
    const written = ledger.replace(/[^/]+$/, './$&')
    expect((await exportBundle(image('v1'), '--since', written, '--ledger', ledger)).code).toBe(0)
    const { index: before } = await readBundle()
    output = `${output}-next`
    expect((await exportBundle(image('v2'), '--since', ledger, '--ledger', ledger)).code).toBe(0)
    const { index: after } = await readBundle()
    expect(after.contents.map(({ digest }) => digest).sort()).toEqual([second.digest, two.digest].sort())
    expect(after.assumed.map(({ digest }) => digest)).toEqual([config.digest, base.digest].sort())
    const noted = JSON.parse(await readFile(ledger, 'utf8')) as { contents: string[] }
    const all = [...before.contents, ...after.contents].map(({ digest }) => digest)
    expect(noted.contents).toEqual([...new Set(all)].sort())
    const receipt = join(folder.path, 'receipt.json')
    const contents = [...before.contents].map(({ digest }) => digest)
    const target = { version: 1, target: 'registry.test', bundle: one.digest, images: [], contents }
    await writeFile(receipt, JSON.stringify(target))
    output = `${output}-again`
    expect((await exportBundle(image('v2'), '--since', receipt)).code).toBe(0)
    expect((await readBundle()).stream.equals((await readBundle(output.replace('-again', ''))).stream)).toBe(
      true,
    )
  })
})

it('a bundle names the repositories of a receipt, which may lend what is left out', async () => {
  const known = [config, base, first, one].map(({ digest }) => digest)
  const named = { name: image('v1'), digest: one.digest, mediaType: one.type, size: one.bytes.length }
  const file = join(folder.path, 'since.json')
  const stated = { version: 1, target: 'registry.test', bundle: one.digest, images: [named] }
  await writeFile(file, JSON.stringify({ ...stated, contents: known }))
  expect((await exportBundle(`${registry.host}/other:v1`, '--since', file)).code).toBe(0)
  const { index } = await readBundle()
  expect(index.assumed.map(({ repositories }) => repositories)).toEqual(
    known.map(() => [`${registry.host}/other`]),
  )
  expect(index.lenders).toEqual([`${registry.host}/app`])
})

describe('whose a receipt is', () => {
  const [ours, others] = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')]
  const lineOf = ({ publicKey }: typeof ours) =>
    publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
  const receipt: Receipt = {
    ...{ version: 1, target: 'registry.test/k8s', images: [] },
    bundle: one.digest as Digest,
    contents: [base.digest as Digest],
  }
  const signedBy = ({ privateKey }: typeof ours) =>
    signReceipt(receipt, async (statement) => sign(null, statement, privateKey).toString('base64'))
  const refusal = /was not signed by the holder of this key, or was altered since/

  it.each<[string, () => Promise<object>, number, RegExp | undefined]>([
    ['signed by the holder of the key', () => signedBy(ours), 0, undefined],
    ['not signed', async () => receipt, 1, /since\.json is not signed/],
    ['signed by somebody else', () => signedBy(others), 1, refusal],
    [
      'of other contents by now',
      async () => ({ ...(await signedBy(ours)), contents: [config.digest] }),
      1,
      refusal,
    ],
    [
      'of another registry by now',
      async () => ({ ...(await signedBy(ours)), target: 'other.test' }),
      1,
      refusal,
    ],
    ['signed with what is no signature', async () => ({ ...receipt, signature: '?' }), 1, refusal],
    [
      'the index of a bundle that the holder of the key has signed',
      async () => {
        const index = { ...receipt, created: null, partSize: null, length: 0 }
        const signature = sign(null, Buffer.from(`${JSON.stringify(index)}\n`), ours.privateKey)
        return { ...index, signature: signature.toString('base64') }
      },
      1,
      refusal,
    ],
    ['a ledger', async () => ({ version: 1, ledger: true, contents: [] }), 2, /is a ledger.*never signed/],
  ])('with --key, one that is %s ends with the right code', async (_, make, code, message) => {
    const file = join(folder.path, 'since.json')
    // Laid out anew, as people's tools do.
    await writeFile(file, JSON.stringify(await make(), null, 2))
    const ended = await exportBundle(image('v1'), '--since', file, '--key', lineOf(ours))
    expect(ended.code, ended.err).toBe(code)
    if (message === undefined) {
      expect((await readBundle()).index.assumed.map(({ digest }) => digest)).toEqual([base.digest])
      expect(ended.report.since).toMatchObject({ kind: 'receipt', signature: 'valid' })
    } else {
      expect(ended.report.error?.message).toMatch(message)
      await expect(readdir(output)).rejects.toThrow('ENOENT')
    }
  })

  it.each([
    ['unchecked', () => signedBy(ours)],
    ['none', async () => receipt],
  ])('is said to be %s without a key', async (signature, make) => {
    const file = join(folder.path, 'since.json')
    await writeFile(file, JSON.stringify(await make()))
    const { code, report } = await exportBundle(image('v1'), '--since', file)
    expect([code, report.since]).toEqual([
      0,
      { file, kind: 'receipt', target: 'registry.test/k8s', signature },
    ])
  })

  it('is not asked where there is none', async () => {
    const { code, err } = await exportBundle(image('v1'), '--key', lineOf(ours))
    expect([code, err]).toEqual([2, expect.stringContaining('--since')])
  })
})

describe('what goes wrong', () => {
  it('is tried again while it may pass: 429, 503, bodies that break off, and bytes that were wrong', async () => {
    const cut = (bytes: number) => (_: unknown, response: ServerResponse) => {
      response.writeHead(200, { 'Content-Length': base.bytes.length })
      response.write(base.bytes.subarray(0, bytes), () => response.destroy())
    }
    const head = serve(base)
    registry.script('/v2/app/manifests/v1', [status(429), status(503)])
    registry.script(blobPath(base), [head, cut(100), cut(700)])
    registry.script(blobPath(first), [serve(first), serve({ bytes: Buffer.alloc(first.bytes.length, 7) })])
    const { code, report, err } = await exportBundle(image('v1'))
    expect([code, report.missing], err).toEqual([0, []])
    const { stream: bytes, index } = await readBundle()
    for (const content of [base, first]) {
      const { offset } = index.contents.find(({ digest }) => digest === content.digest)!
      expect(bytes.subarray(offset, offset + content.bytes.length).equals(content.bytes)).toBe(true)
    }
  })

  it.each([
    ['a signature that nobody may read', () => `/v2/app/manifests/${signature}`, 'unknown', [1, 0]],
    ['tags that nobody may list', () => '/v2/app/tags/list', 'unknown', [1, 0]],
    ['a blob that nobody may read', () => blobPath(first), 'refused', [1, 1]],
    ['an image that nobody may read', () => '/v2/app/manifests/v1', 'refused', [1, 1]],
  ])('is told of %s, and the bundle has the rest', async (_, path, why, codes) => {
    registry.script(path(), status(403))
    const { code, report } = await exportBundle(image('v1'), image('v2'))
    expect([code, report.missing.map((each) => each.why)]).toEqual([codes[0], [why]])
    const { index } = await readBundle()
    expect(index.missing).toEqual(report.missing)
    expect(index.images.map(({ digest }) => digest)).toContain(two.digest)
    output = `${output}-again`
    expect((await exportBundle(image('v1'), image('v2'), '--allow-unknown')).code).toBe(codes[1])
  })

  it.each([
    ['a tag', () => '/v2/app/manifests/v1', 404],
    ['a blob', () => blobPath(first), 404],
  ])('is %s that is not there', async (_, path, answer) => {
    registry.script(path(), status(answer))
    const { code, report } = await exportBundle(image('v1'), image('v2'), '--allow-unknown')
    expect([code, report.missing.map(({ why }) => why)]).toEqual([1, ['missing']])
  })

  it('is not that signatures are passed over where tags cannot be listed: they are asked for one by one', async () => {
    registry.script('/v2/app/tags/list', status(401))
    expect((await exportBundle(image('v1'), '--allow-unknown')).code).toBe(0)
    const { index } = await readBundle()
    expect(index.images.map(({ digest }) => digest)).toEqual([signed.digest, one.digest])
  })

  it('is no bundle, when none of the images can be had', async () => {
    registry.script('/v2/app/manifests/v1', status(404))
    const { code, report } = await exportBundle(image('v1'))
    expect([code, report.error?.message]).toEqual([1, expect.stringContaining('app:v1 is not there')])
    registry.script('/v2/app/manifests/v1', [])
    expect((await exportBundle(image('v1'))).code).toBe(0)
  })

  it('is left behind where another repository has the same blob as it should be', async () => {
    registry.script(blobPath(first), serve({ bytes: Buffer.alloc(first.bytes.length, 7) }))
    const { code, err } = await exportBundle(image('v1'), `${registry.host}/other:v1`)
    expect(code, err).toBe(0)
    const { stream, index } = await readBundle()
    const { offset, size } = index.contents.find(({ digest }) => digest === first.digest)!
    expect(stream.subarray(offset, offset + size).equals(first.bytes)).toBe(true)
  })

  it('ends an export that cannot go on, which is gone on with later and is then the same', async () => {
    await exportBundle(image('v1'))
    const { stream: bytes } = await readBundle()
    output = `${output}-again`
    const wrong = serve({ bytes: Buffer.alloc(first.bytes.length, 7) })
    registry.script(blobPath(first), wrong)
    const { code, report } = await exportBundle(image('v1'))
    expect([code, report.error?.message]).toEqual([1, expect.stringContaining(first.digest)])
    registry.script(blobPath(first), [])
    const asked = registry.requests.length
    const again = await exportBundle(image('v1'))
    expect([again.code, again.report.resumedFrom]).toEqual([0, expect.any(Number)])
    expect(again.report.resumedFrom).toBeGreaterThan(0)
    const paths = registry.requests.slice(asked).map(({ path }) => path)
    expect(paths.filter((path) => path.includes('tags'))).toEqual([])
    expect((await readBundle()).stream.equals(bytes)).toBe(true)
  })
})

describe('a folder', () => {
  it('with another bundle is left alone', async () => {
    await exportBundle(image('v1'))
    const { code, report } = await exportBundle(image('v2'))
    expect([code, report.error?.message]).toEqual([2, expect.stringContaining('has a bundle')])
    expect((await readBundle()).index.images.map(({ name }) => name)).toContain(image('v1'))
  })

  it('where another one was begun is left alone, and so is one that lacks a part', async () => {
    registry.script(blobPath(second), [serve(second), status(404), status(404)])
    expect((await exportBundle(image('v2'), '--part-size', '1MiB')).code).not.toBe(0)
    const other = await exportBundle(image('v2'))
    expect([other.code, other.report.error?.message]).toEqual([2, expect.stringContaining('another bundle')])
    await writeFile(join(output, 'bundle.0003.tar'), '')
    const lacks = await exportBundle(image('v2'), '--part-size', '1MiB')
    expect(lacks.report.error?.message).toContain('bundle.0002.tar')
  })

  it.each([
    ['nothing that is known', '{}', 'version'],
    ['a ledger without contents', '{"version":1,"ledger":true}', 'contents'],
    ['a receipt with what is no digest', '{"version":1,"target":"","bundle":"sha256:1"}', 'bundle'],
  ])('has nothing when --since names %s', async (_, text, field) => {
    const file = join(folder.path, 'since.json')
    await writeFile(file, text)
    const { report } = await exportBundle(image('v1'), '--since', file)
    expect(report.error?.message).toMatch(new RegExp(`since\\.json is not .*: ${field}`))
    await expect(readdir(output)).rejects.toThrow('ENOENT')
  })

  it('has nothing after a dry run', async () => {
    const { code, report } = await exportBundle(image('v1'), '--dry-run')
    expect([code, report.status, report.blobs]).toEqual([0, 'planned', 5])
    await expect(readdir(output)).rejects.toThrow('ENOENT')
  })
})

interface Report {
  readonly status?: string
  readonly resumedFrom?: number
  readonly blobs?: number
  readonly since?: object
  readonly missing: readonly { readonly why: string }[]
  readonly error?: { readonly message: string }
}
