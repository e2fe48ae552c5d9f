import type { Place } from '../../src/clouds/place.ts'
import type { RuleConfig } from '../../src/config/config.ts'
import { compileDigestPath, type Store, type Upstream } from '../../src/routing/backend.ts'
import { compileRouting } from '../../src/routing/compile-routing.ts'
import { createView, type View } from '../../src/routing/view.ts'

export function upstreamAt(id: string, place: Place, rest: Partial<Upstream> = {}): Upstream {
  return {
    kind: 'upstream',
    id,
    place,
    canonical: false,
    complete: true,
    signatures: true,
    url: `https://${id}.test`,
    prefix: '',
    ...rest,
  }
}

export function storeAt(id: string, place: Place, rest: Partial<Store> = {}): Store {
  return {
    kind: 'store',
    id,
    place,
    url: `https://${id}.test`,
    blobPath: compileDigestPath('{digest}'),
    ...rest,
  }
}

/** A view in which all backends but those named are healthy. */
export function viewOf(
  upstreams: Upstream[],
  stores: Store[],
  rules: readonly RuleConfig[] = [],
  down: readonly string[] = [],
): View {
  return createView({
    upstreams,
    stores,
    ...compileRouting({ routing: rules }),
    isUsable: ({ id }) => !down.includes(id),
  })
}
