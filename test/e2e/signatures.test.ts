import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeSampleImages } from '../../src/demo/images.ts'
import type { SampleImage, SampleWorld } from '../../src/demo/sample-world.ts'
import { type DockerRegistry, noDockerRegistry, startDockerRegistry } from '../support/docker-registry.ts'
import { startFolderServer } from '../support/folder-server.ts'
import { startPortolan } from '../support/portolan.ts'
import { findPrograms, type Ran, run, runOk } from '../support/programs.ts'
import { makeTempFolder, type TempFolder } from '../support/temp.ts'

const { found, missing } = findPrograms('cosign', 'skopeo')
const unable = missing ?? noDockerRegistry
if (unable !== undefined) console.warn(`signatures are not verified by cosign through the door; ${unable}`)

/** Where clients are: near an upstream that has all but signatures, and near a store that has the blobs of images. */
const PLACES = ['gcp/europe-west1', 'aws/eu-west-3']
const STATEMENT = 'statement.json'

// As in examples/registry.k8s.io.yaml: images are everywhere, and what signs them is in the canonical upstream alone.
describe.skipIf(unable !== undefined)('what only the canonical upstream has a signature of', () => {
  const made = new AsyncDisposableStack()
  let folder: TempFolder
  let canonical: DockerRegistry
  let near: DockerRegistry
  let image: SampleImage
  /** The door for clients of each place, as `HOST:PORT`. */
  const doors = new Map<string, string>()

  const cosign = (...words: string[]): Promise<Ran> =>
    run(found.cosign, words, {
      cwd: folder.path,
      env: { PATH: process.env.PATH, HOME: folder.path, COSIGN_PASSWORD: '', COSIGN_EXPERIMENTAL: '1' },
    })
  const mustSucceed = async (...words: string[]) => {
    const { code, stderr } = await cosign(...words)
    if (code !== 0) throw new Error(`cosign ${words.join(' ')} ended with ${code}:\n${stderr}`)
  }
  const at = (host: string) => `${host}/${image.name}@${image.digest}`
  const verify = (word: string, place: string, ...more: string[]) =>
    cosign(word, ...more, '--insecure-ignore-tlog', '--allow-http-registry', at(doors.get(place)!))

  beforeAll(async () => {
    folder = made.use(await makeTempFolder())
    const source = await makeSampleImages(join(folder.path, 'source'))
    image = source.images.find(({ signatureTag }) => signatureTag === undefined)!
    canonical = made.use(await startDockerRegistry())
    near = made.use(await startDockerRegistry())
    for (const { host } of [canonical, near]) await push(source, image, host)
    const store = made.use(await startFolderServer(await fillBucket(source, image, folder.path)))

    await mustSucceed('generate-key-pair')
    for (const prefix of ['other', 'referrer']) {
      await mustSucceed('generate-key-pair', '--output-key-prefix', prefix)
    }
    await writeFile(join(folder.path, STATEMENT), '{"checked":true}')
    const how = ['--tlog-upload=false', '--allow-http-registry', '--yes']
    const own = ['--key', 'cosign.key', ...how]
    await mustSucceed('sign', ...own, at(canonical.host))
    await mustSucceed('attest', ...own, '--predicate', STATEMENT, at(canonical.host))
    const asReferrer = ['--key', 'referrer.key', '--registry-referrers-mode', 'oci-1-1', ...how]
    await mustSucceed('sign', ...asReferrer, at(canonical.host))

    for (const place of PLACES) {
      const config = {
        upstreams: [
          { id: 'iowa', url: `http://${canonical.host}`, at: 'gcp/us-central1', canonical: true },
          { id: 'belgium', url: `http://${near.host}`, at: 'gcp/europe-west1', signatures: false },
        ],
        stores: [{ id: 'paris', url: store.origin, at: 'aws/eu-west-3' }],
        routing: [
          { when: { cloud: 'aws' }, prefer: ['stores@aws'] },
          { when: { cloud: 'gcp' }, prefer: ['upstreams'] },
        ],
        clouds: { places: [{ prefix: '127.0.0.0/8', at: place }] },
      }
      doors.set(place, `127.0.0.1:${made.use(await startPortolan(config)).port}`)
    }
  })
  afterAll(() => made.disposeAsync())

  it.each(PLACES)('is verified by cosign from %s', async (place) => {
    const before = near.requests().length
    const { code, stdout, stderr } = await verify('verify', place, '--key', 'cosign.pub')
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout.toString())[0].critical.image).toEqual({
      'docker-manifest-digest': image.digest,
    })
    // What a signature is made of was never looked for by a client where it is not.
    const asked = near.requests().slice(before)
    expect(asked.filter((request) => request.startsWith('GET ') && request.endsWith(' 404'))).toEqual([])
  })

  it.each(PLACES)('has its attestation verified by cosign from %s', async (place) => {
    const { code, stderr } = await verify('verify-attestation', place, '--key', 'cosign.pub')
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
  })

  it.each(PLACES)('is verified by cosign from %s when its signature is a referrer', async (place) => {
    const { code, stderr } = await verify('verify', place, '--key', 'referrer.pub', '--experimental-oci11')
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
  })

  it.each(PLACES)('is refused by cosign from %s when another key signed it', async (place) => {
    const { code, stderr } = await verify('verify', place, '--key', 'other.pub')
    expect(code).not.toBe(0)
    expect(stderr).toMatch(/invalid signature/)
  })
})

async function push(source: SampleWorld, { name, tags }: SampleImage, host: string): Promise<void> {
  await runOk(found.skopeo, [
    ...['copy', '--all', '--quiet', '--preserve-digests', '--dest-tls-verify=false'],
    `oci:${source.folder}:${name}:${tags[0]}`,
    `docker://${host}/${name}:${tags[0]}`,
  ])
}

/** A folder that serves the blobs of an image as a store does. */
async function fillBucket(source: SampleWorld, { blobs }: SampleImage, folder: string): Promise<string> {
  const bucket = join(folder, 'bucket')
  await mkdir(join(bucket, 'containers/images'), { recursive: true })
  for (const { digest } of blobs) {
    const file = join(source.folder, 'blobs', digest.replace(':', '/'))
    await copyFile(file, join(bucket, 'containers/images', digest))
  }
  return bucket
}
