import { describe, expect, test } from 'vitest'
import { lend } from '../../test/conformance/storage/lent.ts'
import { runOk } from '../../test/support/programs.ts'
import type { FillConfig } from '../config/config.ts'
import { openStore } from './open-store.ts'

const FILLS: readonly FillConfig[] = [
  { kind: 's3', bucket: 'b', region: 'eu-west-3', prefix: 'p' },
  { kind: 'azureBlob', account: 'acc', container: 'c', prefix: 'p' },
  { kind: 'gcs', bucket: 'b', prefix: '' },
  { kind: 'folder', folder: '/srv/store' },
]

/** The packages that a process has loaded after it opened these. */
async function packagesFor(fills: readonly FillConfig[]): Promise<string[]> {
  const script = `
    import { registerHooks } from 'node:module'
    const packages = new Set()
    registerHooks({ load(url, context, next) {
      const [, name] = /.*\\/node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url) ?? []
      if (name !== undefined) packages.add(name)
      return next(url, context)
    } })
    const { openStore } = await import(${JSON.stringify(new URL('open-store.ts', import.meta.url))})
    const lent = { environment: {}, runtime: { random: Math.random, fetch } }
    for (const fill of ${JSON.stringify(fills)}) await openStore(fill, lent)
    console.log(JSON.stringify([...packages]))`
  const printed = await runOk(process.execPath, ['--input-type=module', '--eval', script])
  return JSON.parse(String(printed))
}

describe('opening a store', () => {
  test.each([
    ['nothing', undefined, undefined],
    ['a folder', FILLS[3], undefined],
    ['Cloud Storage, before its first request', FILLS[2], undefined],
    ['S3', FILLS[0], '@aws-sdk/client-s3'],
    ['Azure Blob Storage', FILLS[1], '@azure/storage-blob'],
  ])('loads no SDK but its own: %s', async (_, fill, own) => {
    const packages = await packagesFor(fill === undefined ? [] : [fill])
    const sdks = ['@aws-sdk/client-s3', '@azure/storage-blob', 'google-auth-library']
    expect(sdks.filter((sdk) => packages.includes(sdk))).toEqual(own === undefined ? [] : [own])
    if (own === undefined) expect(packages).toEqual([])
  })

  test.each([
    [FILLS[0]!, 's3://b/p'],
    [{ ...FILLS[0]!, endpoint: 'https://minio.test' }, 's3://b/p at https://minio.test'],
    [FILLS[1]!, 'https://acc.blob.core.windows.net/c/p'],
    [FILLS[2]!, 'gs://b'],
    [FILLS[3]!, '/srv/store'],
  ])('names it to people: %j is %s', async (fill, location) => {
    const secrets = {
      AZURE_STORAGE_KEY: 'c2VjcmV0',
      AWS_ACCESS_KEY_ID: 'id',
      AWS_SECRET_ACCESS_KEY: 'secret',
    }
    expect((await openStore(fill, lend(secrets))).location).toBe(location)
  })
})
