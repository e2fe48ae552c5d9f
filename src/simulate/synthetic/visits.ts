import { drawImage, type SyntheticContent, type SyntheticImage, traffic } from './traffic.ts'

/** A request of a pull. */
export interface SyntheticRequest {
  readonly method: 'GET' | 'HEAD'
  readonly target: string
  /** Bytes that the client is sent for; absent of a HEAD. */
  readonly size?: number
}

/** One client that wants one image, and all that it asks for. */
export interface SyntheticVisit {
  /** Name of its place. */
  readonly place: string
  readonly knownBy: string
  /** Its network, as the access log masks it: of class E, which nobody has. */
  readonly network: string
  readonly requests: readonly SyntheticRequest[]
}

/** Clusters in each place. */
const CLUSTERS = 4096
/** RFC 1112, section 4: 240.0.0.0/4 is nobody's. */
const FIRST_NETWORK = 240 * 2 ** 16

/** Draws a client and what it asks for. */
export function drawVisit(random: () => number): SyntheticVisit {
  const { at, knownBy, weight } = traffic.clients.draw(random())
  // A place has its own clusters, and the same in every run.
  const cluster = Math.floor(random() * CLUSTERS) + Math.floor(weight * 1000) * 7
  const network = FIRST_NETWORK + (cluster % 2 ** 20)
  const kind = traffic.kinds.draw(random())
  const image = drawImage(random)
  const first = tagOf(image, kind.first as 'GET' | 'HEAD')
  const looksOnly = 'looksOnly' in kind || random() < traffic.held.image
  return {
    place: at,
    knownBy,
    network: `${network >>> 16}.${(network >>> 8) & 255}.${network & 255}.0/24`,
    requests: looksOnly ? [first] : [first, ...pull(image, first, random)],
  }
}

/** What follows when the node has not the image: its manifests, its config, and the layers that no other image brought. */
function pull(image: SyntheticImage, first: SyntheticRequest, random: () => number): SyntheticRequest[] {
  const { name, index, manifest, config, layers, shared } = image
  const manifestOf = ({ digest, size }: SyntheticContent): SyntheticRequest => ({
    method: 'GET',
    target: `/v2/${name}/manifests/${digest}`,
    size,
  })
  const blobOf = ({ digest, size }: SyntheticContent): SyntheticRequest => ({
    method: 'GET',
    target: `/v2/${name}/blobs/${digest}`,
    size,
  })
  const hasBase = random() < traffic.held.base
  return [
    ...(first.method === 'HEAD' ? [manifestOf(index)] : []),
    manifestOf(manifest),
    blobOf(config),
    ...layers.slice(hasBase ? shared : 0).map(blobOf),
  ]
}

function tagOf({ name, tag, index }: SyntheticImage, method: 'GET' | 'HEAD'): SyntheticRequest {
  const target = `/v2/${name}/manifests/${tag}`
  return method === 'HEAD' ? { method, target } : { method, target, size: index.size }
}
