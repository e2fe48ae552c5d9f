import { generateKeyPairSync, sign as signBytes, verify } from 'node:crypto'
import { appendFile, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type BundledImage, type BundleMaking, makeBundle } from '../../../test/support/bundles.ts'
import { runCommand } from '../../../test/support/command.ts'
import { runHosted } from '../../../test/support/command-host.ts'
import { makeBlob, makeManifest } from '../../../test/support/content.ts'
import { type PushFaults, startPushableRegistry } from '../../../test/support/pushable-registry.ts'
import { makeTempFolder } from '../../../test/support/temp.ts'
import { parseReceipt } from '../../bundle/form.ts'

const [config, shared, large] = [
  makeBlob('config', 100),
  makeBlob('shared', 3000),
  makeBlob('large', 200_000),
]
const app = makeManifest(config, shared, large)
const base = makeManifest(config, shared)
const IMAGES: readonly BundledImage[] = [
  { name: 'registry.test/app:v1', manifests: [app], blobs: [config, shared, large] },
  { name: 'other.test/base:v1', manifests: [base], blobs: [config, shared] },
]
/** Every content once, and the two that two repositories share a second time. */
const BLOBS = 5

async function world(images = IMAGES, making: BundleMaking = {}, faults: PushFaults = {}) {
  const folder = await makeTempFolder()
  const bundle = await makeBundle(images, { partSize: 64 * 1024, ...making })
  await bundle.write(folder.path)
  const registry = await startPushableRegistry(faults)
  const receipt = join(folder.path, 'receipt.json')
  return {
    folder: folder.path,
    bundle,
    registry,
    receipt,
    async run(...words: readonly string[]) {
      const all = ['bundle', 'import', folder.path, '--to', `${registry.host}/gap`, '--json', ...words]
      const { code, out, err } = await runHosted(all, { folder: folder.path, hasty: true })
      return { code, err, report: out === '' ? undefined : (JSON.parse(out) as ImportJson) }
    },
    pipe: (input: Uint8Array, ...words: readonly string[]) =>
      runCommand(['bundle', 'import', '-', '--to', `${registry.host}/gap`, ...words], {
        folder: folder.path,
        input,
      }),
    async [Symbol.asyncDispose]() {
      await registry[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}

describe('bundle import', () => {
  it('brings every image, each blob once, and writes a receipt of all of it', async () => {
    await using at = await world()
    const { code, report, err } = await at.run('--receipt', at.receipt)
    expect(code, err).toBe(0)
    expect(report?.images.map(({ status, target }) => [status, target])).toEqual([
      ['copied', `${at.registry.host}/gap/app:v1`],
      ['copied', `${at.registry.host}/gap/base:v1`],
    ])
    expect(report?.totals).toMatchObject({ manifests: 2, uploaded: 3, mounted: 2, bytes: 203_100 })
    expect(at.registry.manifests.get('gap/app:v1')?.bytes).toEqual(app.bytes)
    expect(at.registry.manifests.get('gap/base:v1')?.bytes).toEqual(base.bytes)
    expect(at.registry.blobs.size).toBe(BLOBS)
    const receipt = parseReceipt(await readFile(at.receipt))
    expect(receipt.target).toBe(`${at.registry.host}/gap`)
    expect(receipt.images.map(({ name }) => name)).toEqual(IMAGES.map(({ name }) => name))
    expect(receipt.contents).toEqual([config, shared, large, app, base].map(({ digest }) => digest).sort())
  })

  it('puts tags last, and sends nothing a second time', async () => {
    await using at = await world()
    await at.run()
    const written = at.registry.requests.filter((line) => line.startsWith('PUT'))
    const isTag = (line: string) => /manifests\/v1 /.test(line)
    expect(written.findIndex(isTag)).toBeGreaterThan(written.findLastIndex((line) => /blobs/.test(line)))
    const before = at.registry.requests.length
    const { code, report } = await at.run()
    expect(code).toBe(0)
    expect(report?.images.map(({ status }) => status)).toEqual(['there', 'there'])
    expect(at.registry.requests.slice(before).filter((line) => !/^(?:HEAD|GET) /.test(line))).toEqual([])
  })

  it('sends a blob to each repository where the registry mounts nothing', async () => {
    await using at = await world(IMAGES, {}, { mounts: false })
    const { code, report } = await at.run()
    expect(code).toBe(0)
    expect(report?.totals).toMatchObject({ uploaded: 5, mounted: 0 })
  })

  it('goes on where a push breaks off', async () => {
    await using at = await world(IMAGES, {}, { cutAfter: [100_000], resumes: true })
    const { code, report, err } = await at.run()
    expect(report?.faults, err).toEqual([])
    expect(code).toBe(0)
    expect(at.registry.blobs.get(`gap/app@${large.digest}`)).toEqual(large.bytes)
  })

  it('goes on in the middle of a blob where an import before it was ended', async () => {
    const blob = makeBlob('huge', 3_000_000)
    const images = [{ name: 'registry.test/huge:v1', manifests: [makeManifest(blob)], blobs: [blob] }]
    await using at = await world(images, { partSize: 1_000_000 })
    const { origin, host } = at.registry
    const begun = await fetch(`${origin}/v2/gap/huge/blobs/uploads/`, { method: 'POST' })
    const session = new URL(begun.headers.get('location')!, origin).href
    await fetch(session, { method: 'PATCH', body: new Uint8Array(blob.bytes.subarray(0, 2_000_000)) })
    const uploads = { [`gap/huge@${blob.digest}`]: session }
    await writeFile(`${at.receipt}.uploads`, JSON.stringify({ target: `${host}/gap`, uploads }))
    const { received } = at.registry
    const { code, err } = await at.run('--receipt', at.receipt)
    expect(code, err).toBe(0)
    expect(at.registry.blobs.get(`gap/huge@${blob.digest}`)).toEqual(blob.bytes)
    expect(at.registry.received - received).toBeLessThan(1_000_001)
    await expect(readFile(`${at.receipt}.uploads`)).rejects.toThrow(/ENOENT/)
  })

  it('leaves no note of an upload behind whose end an import before it did not live to see', async () => {
    await using at = await world()
    expect((await at.run()).code).toBe(0)
    const uploads = { [`gap/app@${large.digest}`]: `${at.registry.origin}/v2/gap/app/blobs/uploads/s1` }
    await writeFile(`${at.receipt}.uploads`, JSON.stringify({ target: `${at.registry.host}/gap`, uploads }))
    expect((await at.run('--receipt', at.receipt)).code).toBe(0)
    await expect(readFile(`${at.receipt}.uploads`)).rejects.toThrow(/ENOENT/)
  })

  it.each<[string, (at: { folder: string; bytes: Buffer; offset: number }) => Promise<void>, RegExp]>([
    [
      'a flipped bit',
      async ({ folder, bytes, offset }) => {
        bytes[offset]! ^= 1
        const number = Math.floor(offset / 65_536)
        const part = bytes.subarray(number * 65_536, (number + 1) * 65_536)
        await writeFile(join(folder, `bundle.000${number + 1}.tar`), part)
      },
      /was altered: its bytes are those of/,
    ],
    ['a missing part', ({ folder }) => rm(join(folder, 'bundle.0002.tar')), /it is missing; in it lie/],
    [
      'a part with more in it',
      ({ folder }) => appendFile(join(folder, 'bundle.0002.tar'), 'x'),
      /it has 65537 bytes; expected 65536/,
    ],
  ])('asks the registry nothing where there is %s', async (_, spoil, message) => {
    await using at = await world()
    const { bytes, index } = at.bundle
    const { offset } = index.contents.find(({ digest }) => digest === large.digest)!
    await spoil({ folder: at.folder, bytes, offset })
    const { code, report } = await at.run('--receipt', at.receipt)
    expect(code).toBe(1)
    expect(report?.faults).toContainEqual(
      expect.objectContaining({ message: expect.stringMatching(message) }),
    )
    expect(at.registry.requests).toEqual([])
    await expect(readFile(at.receipt)).rejects.toThrow(/ENOENT/)
  })

  it('takes what a bundle leaves out from where else the registry has it', async () => {
    await using at = await world(IMAGES, { known: [shared.digest] })
    at.registry.seed('gap/app', shared.bytes)
    const { code, report, err } = await at.run('--receipt', at.receipt)
    expect(code, err).toBe(0)
    expect(report?.lost).toEqual([])
    expect(at.registry.blobs.get(`gap/base@${shared.digest}`)).toEqual(shared.bytes)
    expect(parseReceipt(await readFile(at.receipt)).contents).toContain(shared.digest)
  })

  it('takes it from a repository of the receipt, of which no image is in the bundle', async () => {
    const lenders = ['registry.test/app']
    await using at = await world(IMAGES.slice(1), { known: [shared.digest], lenders })
    at.registry.seed('gap/app', shared.bytes)
    const { code, report, err } = await at.run()
    expect(code, err).toBe(0)
    expect(report?.totals).toMatchObject({ mounted: 1 })
    expect(at.registry.blobs.get(`gap/base@${shared.digest}`)).toEqual(shared.bytes)
  })

  it('asks another repository where one of the receipt may not be looked into', async () => {
    const lenders = ['registry.test/app', 'registry.test/more']
    await using at = await world(IMAGES.slice(1), { known: [shared.digest], lenders })
    at.registry.seed('gap/more', shared.bytes)
    at.registry.faults.answers = [{ method: 'HEAD', path: /gap\/app\/blobs/, status: 403 }]
    const { code, err } = await at.run()
    expect(code, err).toBe(0)
    expect(at.registry.blobs.get(`gap/base@${shared.digest}`)).toEqual(shared.bytes)
  })

  it('takes nothing for lost that a registry refuses to say, and brings the other images', async () => {
    await using at = await world(IMAGES, { known: [large.digest] })
    at.registry.seed('gap/app', large.bytes)
    const path = new RegExp(`gap/app/blobs/${large.digest}`)
    at.registry.faults.answers = [{ method: 'HEAD', path, status: 403 }]
    const { code, report } = await at.run('--receipt', at.receipt)
    expect([code, report?.lost]).toEqual([1, []])
    expect(report?.images).toMatchObject([
      { status: 'failed', faults: [expect.stringMatching(/answered HEAD with 403/)] },
      { status: 'copied' },
    ])
    expect(parseReceipt(await readFile(at.receipt)).contents).not.toContain(large.digest)
  })

  it('says what the registry has lost that the bundle leaves out, and names no image that lacks it', async () => {
    await using at = await world(IMAGES, { known: [large.digest] })
    const { code, report } = await at.run('--receipt', at.receipt)
    expect(code).toBe(1)
    expect(report?.lost).toEqual([{ digest: large.digest, repositories: ['gap/app'] }])
    expect(report?.images).toMatchObject([
      { status: 'failed', faults: [expect.stringContaining(large.digest)] },
      { status: 'copied' },
    ])
    expect([...at.registry.manifests.keys()].filter((name) => name.startsWith('gap/app'))).toEqual([])
    const receipt = parseReceipt(await readFile(at.receipt))
    expect(receipt.contents).toEqual([config, shared, base].map(({ digest }) => digest).sort())
    expect(receipt.images.map(({ name }) => name)).toEqual(['other.test/base:v1'])
  })

  it('brings the rest where one image lacks something, and says what the bundle itself lacks', async () => {
    const lacking = IMAGES.map((image) => ({ ...image, blobs: image.blobs.filter((each) => each !== large) }))
    const missing = [{ digest: large.digest as never, why: 'missing' as const, message: 'it was not there' }]
    await using at = await world(lacking, { missing })
    const { code, report } = await at.run()
    expect(code).toBe(1)
    expect(report?.missing).toEqual(missing)
    expect(report?.images).toMatchObject([
      { status: 'failed', faults: [expect.stringMatching(/the bundle lacks .* missing: it was not there/)] },
      { status: 'copied' },
    ])
  })

  it('ends at once where there is no registry', async () => {
    await using at = await world()
    await at.registry[Symbol.asyncDispose]()
    const { code, err } = await at.run('--receipt', at.receipt)
    expect([code, err]).toEqual([3, expect.stringContaining(at.registry.host)])
  })

  it('refuses names that would be one', async () => {
    const same = IMAGES.map((image) => ({ ...image, name: image.name.replace('/base', '/app') }))
    await using at = await world(same)
    const { code, err } = await at.run()
    expect([code, err]).toEqual([2, expect.stringMatching(/would both become gap\/app:v1.*--map/)])
    expect(at.registry.requests).toEqual([])
  })

  it('imports what comes through a pipe, and passes over what is there', async () => {
    await using at = await world()
    const first = await at.pipe(at.bundle.bytes, '--receipt', at.receipt)
    expect(first.code, first.err).toBe(0)
    expect(at.registry.manifests.get('gap/app:v1')?.bytes).toEqual(app.bytes)
    expect(at.registry.blobs.size).toBe(BLOBS)
    expect(parseReceipt(await readFile(at.receipt)).contents).toHaveLength(5)
    const { received } = at.registry
    expect((await at.pipe(at.bundle.bytes)).code).toBe(0)
    expect(at.registry.received).toBe(received)
  })

  it('signs its receipt, from a folder and from a pipe', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    await using at = await world()
    const key = join(at.folder, 'receiver.pem')
    await writeFile(key, privateKey.export({ type: 'pkcs8', format: 'pem' }))
    const signing = ['--receipt', at.receipt, '--sign', key]
    for (const run of [() => at.run(...signing), () => at.pipe(at.bundle.bytes, ...signing)]) {
      const { code, err } = await run()
      expect(code, err).toBe(0)
      const { signature, ...stated } = JSON.parse(await readFile(at.receipt, 'utf8')) as { signature: string }
      const statement = Buffer.from(`${JSON.stringify(stated)}\n`)
      expect(verify(null, statement, publicKey, Buffer.from(signature, 'base64'))).toBe(true)
      await rm(at.receipt)
    }
  })

  it.each([
    ['no key', ['--receipt', 'receipt.json', '--sign', 'nowhere.pem'], 'nowhere.pem'],
    ['no receipt', ['--sign', 'nowhere.pem'], '--receipt'],
  ])('sends nothing where there is %s to sign with', async (_, words, named) => {
    await using at = await world()
    const { code, err } = await at.run(...words)
    expect([code, err]).toEqual([2, expect.stringContaining(named)])
    expect(at.registry.requests).toEqual([])
  })

  it('takes only what was signed by the key it is given', async () => {
    const [ours, others] = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')]
    const pemOf = ({ publicKey }: typeof ours) => `${publicKey.export({ type: 'spki', format: 'pem' })}`
    const lineOf = (pair: typeof ours) => pemOf(pair).split('\n')[1]!
    const sign = async (statement: Uint8Array) =>
      signBytes(null, statement, ours.privateKey).toString('base64')
    await using at = await world(IMAGES, { sign })
    const key = join(at.folder, 'key.pem')
    await writeFile(key, pemOf(ours))
    expect((await at.run('--key', lineOf(others))).code).toBe(1)
    expect(at.registry.requests).toEqual([])
    const { code, err } = await at.run('--key', key)
    expect(code, err).toBe(0)
    await using unsigned = await world()
    expect((await unsigned.run('--key', key)).code).toBe(1)
    expect(unsigned.registry.requests).toEqual([])
  })
})

interface ImportJson {
  readonly images: readonly { target: string; status: string; faults: readonly string[] }[]
  readonly faults: readonly unknown[]
  readonly totals: Readonly<Record<string, number>>
  readonly lost: readonly object[]
  readonly missing: readonly object[]
}
