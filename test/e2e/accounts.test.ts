import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PutBucketPolicyCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Azurite, startAzurite } from '../support/azurite.ts'
import { type Ended, runCommand } from '../support/command.ts'
import { makeBlob, makeManifest } from '../support/content.ts'
import { noFakeGcs, startFakeGcs } from '../support/fake-gcs.ts'
import type { S3Server } from '../support/s3-server.ts'
import { startScriptedRegistry } from '../support/scripted-registry.ts'
import { makeTempFolder } from '../support/temp.ts'
import { noVersitygw, startVersitygw } from '../support/versitygw.ts'

const unable = noVersitygw ?? noFakeGcs
if (unable !== undefined) console.warn(`stores of several accounts are skipped; ${unable}`)

/** Four stores of four accounts, each with credentials that are found in its own way. */
describe.skipIf(unable !== undefined)('a config with stores of several accounts', () => {
  const made = new AsyncDisposableStack()
  let folder: string
  let stores: { paris: S3Server; r2: S3Server; azure: Azurite }
  let environment: Record<string, string>

  beforeAll(async () => {
    folder = made.use(await makeTempFolder()).path
    const [config, layer] = [makeBlob('config'), makeBlob('layer', 9 * 1024 * 1024)]
    const tags = { v1: makeManifest(config, layer) }
    const repositories = [{ name: 'app', tags, manifests: Object.values(tags), blobs: [config, layer] }]
    const upstream = made.use(await startScriptedRegistry({ repositories }))
    const gcs = made.use(await startFakeGcs())
    stores = {
      paris: made.use(await startVersitygw('paris')),
      r2: made.use(await startVersitygw('r2')),
      azure: made.use(await startAzurite()),
    }
    await writeFile(join(folder, 'azure-key'), `${stores.azure.environment.AZURE_STORAGE_KEY}\n`)
    await writeFile(join(folder, 'r2-secret'), 'r2-secret\n')
    await writeFile(
      join(folder, 'aws'),
      '[paris]\naws_access_key_id = paris-access\naws_secret_access_key = paris-secret\n',
    )
    environment = {
      AWS_SHARED_CREDENTIALS_FILE: join(folder, 'aws'),
      R2_ID: 'r2-access',
      // Of nobody here: what a store names goes before.
      AWS_ACCESS_KEY_ID: 'stranger',
      AWS_SECRET_ACCESS_KEY: 'strange',
      AZURE_STORAGE_KEY: 'c3RyYW5nZQ==',
    }
    const s3 = ({ origin, bucket }: S3Server, more: object) => ({
      url: `${origin}/${bucket}`,
      fill: { s3: { bucket, endpoint: origin, ...more } },
    })
    await writeFile(
      join(folder, 'config.yaml'),
      JSON.stringify({
        version: 1,
        upstreams: [{ id: 'main', url: upstream.origin, at: 'dc/x' }],
        stores: [
          { id: 'paris', ...s3(stores.paris, { region: 'us-east-1', credentials: { profile: 'paris' } }) },
          {
            id: 'r2',
            ...s3(stores.r2, {
              region: 'us-east-1',
              credentials: { accessKeyId: { variable: 'R2_ID' }, secretAccessKey: { file: 'r2-secret' } },
            }),
          },
          {
            id: 'azure',
            url: `${stores.azure.endpoint}/${stores.azure.container}`,
            fill: {
              azureBlob: {
                endpoint: stores.azure.endpoint,
                container: stores.azure.container,
                credentials: { sharedKey: { file: 'azure-key' } },
              },
            },
          },
          {
            id: 'gcs',
            url: `${gcs.origin}/bucket`,
            fill: { gcs: { bucket: gcs.bucket, endpoint: gcs.origin } },
          },
        ].map((store) => ({ ...store, at: 'dc/x' })),
        sync: { journal: 'journal', repositories: { list: ['app'] } },
      }),
    )
  })
  afterAll(() => made.disposeAsync())

  const portolan = (...words: string[]): Promise<Ended> =>
    runCommand([...words, '--config', 'config.yaml', '--json'], { folder, env: environment })

  it('is filled, each store with its own credentials', async () => {
    const { code, out, err } = await portolan('sync')
    expect(code, err + out).toBe(0)
    const report = JSON.parse(out) as { stores: { store: string; complete: boolean }[] }
    expect(report.stores.map(({ store, complete }) => [store, complete])).toEqual([
      ['paris', true],
      ['r2', true],
      ['azure', true],
      ['gcs', true],
    ])
  })

  it('is found private as long as a bucket lets only its owner read, and public by its policy', async () => {
    const before = await portolan('audit', '--store', 'paris', '--full')
    expect(before.code, before.out).toBe(1)
    expect(before.out).toMatch(/403/)
    const { origin, bucket } = stores.paris
    await using client = disposable(
      new S3Client({
        ...{ endpoint: origin, forcePathStyle: true, region: 'us-east-1' },
        credentials: { accessKeyId: 'paris-access', secretAccessKey: 'paris-secret' },
      }),
    )
    const Statement = [
      { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: `arn:aws:s3:::${bucket}/*` },
    ]
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement })
    await client.value.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }))
    const after = await portolan('audit', '--store', 'paris', '--full')
    expect(after.code, after.out + after.err).toBe(0)
  })

  it('names what to look at when one of them is refused, and fills the others', async () => {
    await writeFile(join(folder, 'r2-secret'), 'another\n')
    const { code, out } = await portolan('sync', '--recheck')
    expect(code).toBe(1)
    const { faults } = JSON.parse(out) as { faults: { store: string; message: string }[] }
    expect([...new Set(faults.map(({ store }) => store))]).toEqual(['r2'])
    expect(faults[0]!.message).toMatch(/check what is in R2_ID, \S+\/r2-secret/)
    expect(out).not.toContain('another')
  })
})

function disposable(value: S3Client) {
  return { value, [Symbol.asyncDispose]: async () => value.destroy() }
}
