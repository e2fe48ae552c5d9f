import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deliversBlob } from '../../src/backends/health/check-delivery.ts'
import { checkStore } from '../../src/backends/health/check-store.ts'
import { probeBackend } from '../../src/backends/presence/probe.ts'
import { parseDigest } from '../../src/oci/digest.ts'
import { parseName } from '../../src/oci/name.ts'
import { AuditFindings } from '../../src/replication/audit-findings.ts'
import { auditPublic } from '../../src/replication/audit-public.ts'
import { compileDigestPath, type Store } from '../../src/routing/backend.ts'
import { FolderStore } from '../../src/storage/fs/folder-store.ts'
import { makeBlob } from '../support/content.ts'
import { CELLAR } from '../support/places.ts'
import { findFreePort } from '../support/ports.ts'
import { findPrograms } from '../support/programs.ts'
import { makeTempFolder } from '../support/temp.ts'
import { createTestRuntime } from '../support/test-runtime.ts'
import { until } from '../support/until.ts'
import { storeAt } from '../support/view.ts'

const { found, missing } = findPrograms('nginx')
const BLOBS = [makeBlob('', 0), makeBlob('one byte', 1), makeBlob('more', 5000)]
const blobPath = compileDigestPath('containers/images/{digest}')
const ask = (url: string, init: RequestInit) => fetch(url, init)

describe.skipIf(missing !== undefined)(`a folder that nginx serves${missing ? ` (${missing})` : ''}`, () => {
  const made = new AsyncDisposableStack()
  let folder: string
  let store: Store

  beforeAll(async () => {
    const { path } = made.use(await makeTempFolder())
    folder = join(path, 'root')
    await mkdir(join(folder, 'containers/images'), { recursive: true })
    // nginx's workers are somebody else, who has to get in.
    for (const each of [path, folder]) await chmod(each, 0o755)
    for (const { digest, bytes } of BLOBS) await writeFile(join(folder, 'containers/images', digest), bytes)
    const port = await findFreePort()
    const scratch = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${name};`,
    )
    await writeFile(
      join(path, 'nginx.conf'),
      `daemon off; pid nginx.pid; error_log error.log; events {}
      http { access_log off; ${scratch.join(' ')} server { listen 127.0.0.1:${port}; root ${folder}; } }`,
    )
    const child = spawn(found.nginx, ['-p', path, '-c', 'nginx.conf', '-e', 'error.log'], { stdio: 'ignore' })
    const exited = once(child, 'exit')
    made.defer(async () => {
      child.kill('SIGTERM')
      await exited
    })
    const url = `http://127.0.0.1:${port}`
    await until('nginx', () =>
      fetch(url).then(
        () => true,
        () => false,
      ),
    )
    store = storeAt('store', CELLAR, { url, blobPath })
  })
  afterAll(() => made.disposeAsync())

  it('answers a range of nothing with all of it', async () => {
    const response = await fetch(`${store.url}/${blobPath(parseDigest(BLOBS[0]!.digest)!)}`, {
      headers: { Range: 'bytes=0-0' },
    })
    expect([response.status, response.headers.get('content-length')]).toEqual([200, '0'])
  })

  it.each(BLOBS.map((blob) => [blob.bytes.length, blob] as const))(
    'delivers a blob of %i bytes to probes, checks and audits',
    async (size, { digest: text }) => {
      const digest = parseDigest(text)!
      const request = { kind: 'blob', name: parseName('app')!, digest } as const
      expect(await probeBackend(store, request, ask)).toEqual({ presence: 'present', size })
      expect(await checkStore(store, digest, ask)).toMatchObject({ kind: 'passed', proof: 'full' })
      expect(await deliversBlob(store, digest, ask, { random: Math.random })).toBe(true)

      const objects = new FolderStore(folder, createTestRuntime({ random: Math.random }))
      const findings = new AuditFindings(() => ({ images: [], imageCount: 0 }))
      const target = { id: 'store', url: store.url, objects, blobKey: blobPath }
      const object = { key: blobPath(digest), digest, size }
      const sample = { closely: [object], once: [object] }
      expect(await auditPublic(target, sample, ask, findings, () => {})).toMatchObject({ fetched: 2 })
      expect(findings.sorted()).toEqual([])
      await objects.close()
    },
  )
})
