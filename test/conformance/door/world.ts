import { DIGEST, type ORIGIN, TAGGED, TAGS } from './cases.ts'

/**
 * How long one request may wait for backends, in milliseconds: as long as a loaded machine may take to begin with an isolate
 * or a probe; then more silence comes together, too, which must not take the store out.
 */
const BUDGET = 1000

export type Origins = Readonly<Record<keyof typeof ORIGIN, string>>

/** What the scripted store answers to a path. */
export function script(path: string): number | 'silent' {
  if (path.endsWith(DIGEST.present) || path.endsWith(DIGEST.present512) || path.includes('sha256:1'))
    return 200
  if (path.endsWith(DIGEST.forbidden)) return 403
  if (path.endsWith(DIGEST.broken)) return 500
  if (path.endsWith(DIGEST.silent) || path.includes('sha256:2')) return 'silent'
  return 404
}

/** What the scripted upstreams answer to a path. */
export function scriptUpstream(path: string): 200 | string {
  return path.endsWith(`/${TAGGED}/tags/list`) ? JSON.stringify({ name: TAGGED, tags: TAGS }) : 200
}

/** The config of the door in the table, with its backends at these origins. */
export function doorConfig(origins: Origins) {
  return {
    upstreams: [
      {
        id: 'iowa',
        url: `${origins.iowa}/registry`,
        prefix: 'project/images',
        at: 'gcp/us-central1',
        canonical: true,
      },
      { id: 'belgium', url: origins.belgium, at: 'gcp/europe-west1' },
    ],
    stores: [{ id: 'paris', url: origins.store, blobs: 'blobs/{digest}', at: 'aws/eu-west-3' }],
    routing: [{ when: { cloud: 'aws' }, prefer: ['stores@aws'] }, { prefer: ['upstreams'] }],
    pages: { info: 'https://info.test/', privacy: 'https://info.test/privacy' },
    clients: { trustedProxies: ['127.0.0.0/8'] },
    clouds: {
      places: [
        { prefix: '35.180.0.0/16', at: 'aws/eu-west-3' },
        { prefix: '34.1.0.0/16', at: 'gcp/us-central1' },
      ],
    },
    presence: { timeout: `${BUDGET}ms` },
    health: { failures: 10 },
  }
}
