import { checkLogin } from './check-credentials.ts'
import type { Draft, DraftUpstream } from './draft.ts'
import type { ConfigPath, Remark } from './fault.ts'
import { readFlag } from './schema/values.ts'

/** An upstream that is filled is a registry, another one than what is copied from, and of the same registry where a mirror has several. */
export function* checkRegistryFills(draft: Draft): Iterable<Remark> {
  const { upstreams = [], registries = [] } = draft
  const source = sourceOf(draft)
  for (const [index, upstream] of upstreams.entries()) {
    if (upstream === undefined || !('fill' in upstream)) continue
    const path: ConfigPath = ['upstreams', index, 'fill']
    const folder = ['layout', 'bundle'].find((key) => key in upstream)
    if (folder !== undefined) {
      const message = `is for an upstream with url: a ${folder} is read as it lies there, and "portolan ${folder === 'layout' ? 'copy' : 'bundle'}" writes one`
      yield { path, message, key: true }
    }
    if (source !== undefined && upstream.id === source) {
      const message = `would fill ${source} from itself: it is what is copied from; name another one in sync.from, or fill another one`
      yield { path, message, key: true }
    } else if (source !== undefined && upstream.id !== undefined) {
      const of = registries.find((registry) => registry?.upstreams?.includes(upstream.id))
      if (of !== undefined && !of.upstreams!.includes(source)) {
        const message = `would bring the content of ${source} to an upstream of ${of.host}, which is another registry`
        yield { path, message, key: true }
      }
    }
    const registry = upstream.fill?.registry
    if (registry !== undefined) yield* checkRegistry(registry, upstream, [...path, 'registry'])
  }
}

function* checkRegistry(
  registry: NonNullable<NonNullable<DraftUpstream['fill']>['registry']>,
  { url }: DraftUpstream,
  path: ConfigPath,
): Iterable<Remark> {
  const { credentials } = registry
  // A faulty address is not the upstream's.
  const where = 'url' in registry ? registry.url : url
  yield* checkLogin({ ...(where !== undefined && { url: where }), credentials }, [...path, 'credentials'])
}

/** The id of the upstream that is copied from; `undefined` where that is not known. */
function sourceOf({ upstreams = [], sync }: Draft): string | undefined {
  if (sync?.from !== undefined) return sync.from
  if (upstreams.length === 1) return upstreams[0]?.id
  return upstreams.find((upstream) => readFlag(upstream?.canonical) === true)?.id
}
