import { z } from 'zod'
import { parseName } from '../../oci/name.ts'
import { readHostName } from '../listen-address.ts'
import { readRegistryHost } from '../registry-host.ts'
import {
  DAY,
  duration,
  durationBetween,
  file,
  flag,
  folder,
  HOSTS_MAX,
  HOUR,
  id,
  MINUTE,
  platforms,
  SECOND,
  size,
  text,
  textThat,
} from './values.ts'

const GIB = 1024 ** 3
const PINS_MAX = 64

/** What a mirror keeps on its disk. */
export const cacheSchema = z.strictObject({
  folder: folder().describe('Where; relative to the folder of this file. One mirror has it for itself.'),
  size: size(64 * 1024 ** 2, 1024 ** 2 * GIB).describe(
    'How much of the disk it may take, downloads on their way included, such as 200GiB.',
  ),
  pin: z
    .array(file())
    .max(PINS_MAX)
    .prefault([])
    .describe(
      'Files of image references, one a line: fetched at start, never dropped; relative to the folder of this file.',
    ),
  platforms: platforms().prefault([]).describe('Of what is pinned, only what is for these; none takes all.'),
  scrub: z
    .union([z.literal('off'), duration(HOUR, 365 * DAY)], {
      error: `must be off, or ${durationBetween(HOUR, 365 * DAY)}`,
    })
    .prefault('30d')
    .describe('Within which time each content is read once and compared with its digest, or off.'),
  accelRedirect: textThat('a path that begins and ends with "/", such as /portolan-cache/', (path) =>
    /^\/(?:[\w~-][\w.~-]*\/)+$/.test(path),
  )
    .optional()
    .describe('Below which path an nginx in front sends what is in the folder itself (X-Accel-Redirect).'),
})

/** A registry that a mirror answers for. */
export const registrySchema = z.strictObject({
  host: text('the host of a registry, such as docker.io or registry.test:5000', readRegistryHost).describe(
    'As image references name it; clients say it in "?ns=".',
  ),
  path: textThat('the first part of a repository name, such as docker.io', (value) => {
    return !value.includes('/') && parseName(value) !== undefined
  })
    .optional()
    .describe('What stands for it at the front of repository names; its host unless this says otherwise.'),
  names: z
    .array(text('a host name, such as k8s.mirror.example', readHostName))
    .max(HOSTS_MAX)
    .prefault([])
    .describe('Host names of the mirror that stand for it.'),
  upstreams: z
    .array(id())
    .min(1, { error: 'must name at least one upstream' })
    .describe('Ids of the upstreams that are this registry; one of them is canonical, or there is one.'),
  stores: z.array(id()).optional().describe('Ids of the stores that hold its content; all without it.'),
  public: flag()
    .prefault(false)
    .describe('Whether everybody may read it, whatever clients.htpasswd asks of others.'),
})

/** How a mirror finds out whether a tag still stands for what it stood for. */
export const revalidateSchema = z.strictObject({
  after: duration(0, 365 * DAY)
    .prefault('5m')
    .describe('How long an answer counts as new.'),
  timeout: duration(10, 30 * SECOND)
    .prefault('2s')
    .describe('How long a client waits for the upstream when there is an older answer.'),
  onError: z
    .enum(['stale', 'fail'])
    .prefault('stale')
    .describe('When the upstream cannot be asked: stale gives the older answer, fail says so.'),
  onGone: z
    .enum(['refuse', 'serve'])
    .prefault('refuse')
    .describe('When the upstream has it no more: refuse says so, serve gives the older answer.'),
  negative: duration(0, 10 * MINUTE)
    .prefault('10s')
    .describe('How long "there is none" is remembered.'),
})
