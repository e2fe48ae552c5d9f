import { join } from 'node:path'
import { beforeEach, expect, it, onTestFinished } from 'vitest'
import { audit } from '../../../src/replication/audit.ts'
import type { RegistryAudit } from '../../../src/replication/audit-report.ts'
import { formatAudit } from '../../../src/replication/format-audit.ts'
import { walk } from '../../../src/replication/walk.ts'
import type { KeptManifest } from '../../../src/storage/workspace.ts'
import { openFilledRegistry } from '../../support/filled-registry.ts'
import { type PushableRegistry, startPushableRegistry } from '../../support/pushable-registry.ts'
import { makeTempFolder } from '../../support/temp.ts'
import { createTestRuntime } from '../../support/test-runtime.ts'
import { EVERYTHING, makeUpstream, runSync, type TestUpstream } from './world.ts'

let upstream: TestUpstream
let target: PushableRegistry

beforeEach(async () => {
  const temp = await makeTempFolder()
  onTestFinished(() => temp[Symbol.asyncDispose]())
  upstream = makeUpstream()
  target = await startPushableRegistry({ isStrict: true })
  onTestFinished(() => target[Symbol.asyncDispose]())
  const registries = [openFilledRegistry('west', target.origin, 'mirror')]
  const folder = join(temp.path, 'journal')
  const report = await runSync({ folder, targets: [], upstream: upstream.registry, registries })
  expect(report.registries).toMatchObject([{ complete: true }])
})

async function auditWest(content: Parameters<typeof audit>[2]['content'] = 'full') {
  const kept = new Map<string, KeptManifest>()
  const workspace = {
    manifest: async (digest: string) => kept.get(digest),
    keepManifest: async (digest: string, manifest: KeptManifest) => void kept.set(digest, manifest),
  }
  const reachable = await walk(upstream.registry, EVERYTHING, { workspace })
  const runtime = createTestRuntime({ random: Math.random })
  const west = openFilledRegistry('west', target.origin, 'mirror')
  const report = await audit(reachable, [], { runtime, content }, [west])
  return { audit: report.registries[0]!, text: formatAudit(report) }
}

const kindsOf = ({ findings }: RegistryAudit) => findings.map(({ kind, key }) => [kind, key])
const digestKey = (digest: string) => `app@${digest}`

it('finds nothing wrong with what a sync has filled, of every byte or of a sample', async () => {
  const full = await auditWest()
  expect(full.audit).toMatchObject({ findings: [], notes: [], tags: 1, expected: 9, held: 9, read: 9 })
  expect(full.text).toContain('registry west (')
  expect(full.text).toContain('nothing wrong; 1 tags, 9 of 9 there, 9 read')
  expect((await auditWest({ count: 3 })).audit).toMatchObject({ findings: [], held: 9, read: 3 })
})

it.each<[what: string, kind: string, key: () => string, alter: () => void]>([
  [
    'a blob that is gone',
    'missing',
    () => digestKey(upstream.small.digest),
    () => target.blobs.delete(`mirror/app@${upstream.small.digest}`),
  ],
  [
    'a blob of other bytes',
    'altered',
    () => digestKey(upstream.small.digest),
    () => {
      target.blobs.get(`mirror/app@${upstream.small.digest}`)![7]! ^= 1
    },
  ],
  [
    'a blob that is too short',
    'size',
    () => digestKey(upstream.small.digest),
    () => {
      const key = `mirror/app@${upstream.small.digest}`
      target.blobs.set(key, target.blobs.get(key)!.subarray(1))
    },
  ],
  [
    'a manifest that is gone',
    'missing',
    () => digestKey(upstream.index.digest),
    () => target.manifests.delete(`mirror/app@${upstream.index.digest}`),
  ],
  [
    'a manifest of other bytes',
    'altered',
    () => digestKey(upstream.index.digest),
    () => {
      const key = `mirror/app@${upstream.index.digest}`
      const { mediaType, bytes } = target.manifests.get(key)!
      target.manifests.set(key, { mediaType, bytes: Buffer.concat([bytes, Buffer.from(' ')]) })
    },
  ],
  ['a tag that is gone', 'missing', () => 'app:v1', () => target.manifests.delete('mirror/app:v1')],
  [
    'a tag that stands for something else',
    'moved',
    () => 'app:v1',
    () => {
      const [, other] = [...target.manifests].find(([key]) => !key.endsWith(upstream.index.digest))!
      target.manifests.set('mirror/app:v1', other)
    },
  ],
])('tells %s, with its images, and nothing else', async (_, kind, key, alter) => {
  alter()
  const { audit: found } = await auditWest()
  expect(kindsOf(found)).toEqual([[kind, key()]])
  expect(found.findings[0]!.images).toEqual(['app:v1'])
})

it('what the registry does not say is unreadable, and not missing; it is not asked for ever', async () => {
  target.faults.answers = Array.from({ length: 100 }, () => ({
    method: 'HEAD',
    path: /manifests/,
    status: 403,
  }))
  const { audit: found } = await auditWest()
  expect(new Set(kindsOf(found).map(([kind]) => kind))).toEqual(new Set(['unreadable']))
  target.faults.answers = Array.from({ length: 100 }, () => ({ method: 'HEAD', path: /blobs/, status: 403 }))
  const later = (await auditWest()).audit
  expect(new Set(kindsOf(later).map(([kind]) => kind))).toEqual(new Set(['unreadable']))
  expect(later.findings.some(({ message }) => /more questions were not asked/.test(message))).toBe(true)
})

it('notes tags that nobody chose, unless the upstream cannot be read', async () => {
  target.manifests.set('mirror/app:old', target.manifests.get('mirror/app:v1')!)
  expect((await auditWest()).audit.notes).toEqual(['has tags beside the chosen ones: app:old'])
  upstream.registry.tag('app', 'gone', { digest: `sha256:${'0'.repeat(64)}` as never })
  expect((await auditWest()).audit).toMatchObject({ findings: [], notes: [] })
})
