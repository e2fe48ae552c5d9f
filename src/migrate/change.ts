import type { Edit } from './finding.ts'
import type { Found, KubeadmDns, Part } from './found.ts'
import { defaultsOf, dnsRegistry } from './kubeadm-dns.ts'
import type { Judgement, RegistryMap } from './map.ts'
import type { Name } from './name.ts'
import { restAfter } from './prefix-match.ts'

const BY_HAND = 'it is written with escapes or over several lines: change it by hand'

/** What becomes of a found reference, and by which edits; none when `note` says why not. */
export interface Change {
  readonly replacement?: string
  readonly edits: readonly Edit[]
  readonly note?: string
}

/** The change that gives a reference its new name. */
export function changeOf(found: Found, name: Name, { to }: Judgement, map: RegistryMap): Change {
  if (to === undefined) return { edits: [] }
  const { whole, registry, repository, tag, digest } = found.parts
  if (whole !== undefined) {
    const replacement =
      to.path +
      (to.tag === undefined ? '' : `:${to.tag}`) +
      (name.digest === undefined ? '' : `@${name.digest}`)
    return edited(replacement, [[whole, replacement]])
  }
  if (repository === undefined) {
    return found.dns?.isOwn ? dnsChange(found, found.dns, name, to) : bareChange(registry!, to.path)
  }
  const changes: [Part, string][] =
    registry === undefined ? [[repository, to.path]] : splitChanges(registry, repository, to.path, map)
  if (tag !== undefined && to.tag !== undefined) changes.push([tag, to.tag])
  return edited(
    to.path + (tag === undefined ? '' : `:${to.tag}`) + (digest === undefined ? '' : `@${digest.value}`),
    changes,
  )
}

/** Values with new texts: what stays is no edit, and what is written otherwise than it is meant cannot be edited. */
export function edited(replacement: string, changes: readonly (readonly [Part, string])[]): Change {
  const real = changes.filter(([part, text]) => part.value !== text)
  if (real.some(([part]) => part.escaped)) return { replacement, edits: [], note: BY_HAND }
  return { replacement, edits: real.map(([{ span }, text]) => ({ ...span, text })) }
}

/** What a move of kubeadm's `imageRepository` asks for besides, since CoreDNS is looked for there too. */
export function dnsNote({ dns }: Found, { path }: Name, map: RegistryMap): string | undefined {
  if (dns === undefined || dns.isOwn) return undefined
  const defaults = defaultsOf(dns)
  const prefix = map.judge({ path })?.to?.path
  // Where kubeadm went no deeper, or goes deeper under the new name too, nothing changes for CoreDNS.
  if (prefix === undefined || defaults?.includes(path) === false) return undefined
  if (!['k8s.gcr.io', 'registry.k8s.io'].includes(path)) return undefined
  const dnsPrefix = map.judge({ path: `${path}/coredns/coredns` })?.to?.path.replace(/\/coredns$/, '')
  if (dnsPrefix === undefined || dnsPrefix === prefix) return undefined
  const isSure = defaults?.length === 1
  if (isSure && defaults[0] === prefix) return undefined
  const unless = isSure ? '' : `, unless ${prefix} is its own default`
  return `kubeadm also needs dns.imageRepository: ${dnsPrefix}${unless}`
}

function dnsChange({ parts }: Found, dns: KubeadmDns, name: Name, to: NonNullable<Judgement['to']>): Change {
  const { registry, tag } = parts
  if (name.path === name.text) {
    const note = 'kubeadm looks for CoreDNS by its own version, which is not written: change it by hand'
    return { edits: [], note }
  }
  const path = dnsRegistry(to.path, dns)
  if (path === undefined)
    return { edits: [], note: `${name.path} is ${to.path} now, which this value cannot say` }
  const changes: [Part, string][] = [[registry!, withSlashOf(registry!, path)]]
  if (tag !== undefined && to.tag !== undefined) changes.push([tag, to.tag])
  return edited(path, changes)
}

function bareChange(registry: Part, path: string): Change {
  return edited(path, [[registry, withSlashOf(registry, path)]])
}

/**
 * The registry as it moves by itself, since other images may share it; else without a change of the repository, if that
 * can be; else the host alone.
 */
function splitChanges(registry: Part, repository: Part, path: string, map: RegistryMap): [Part, string][] {
  const alone = map.judge({ path: registry.value.replace(/\/$/, '').toLowerCase() })?.to?.path
  const kept = path.endsWith(`/${repository.value}`) ? path.slice(0, -repository.value.length - 1) : undefined
  const prefix = [alone, kept, path.slice(0, path.indexOf('/'))].find(
    (candidate) => candidate !== undefined && restAfter(path, candidate) !== undefined,
  )!
  return [
    [registry, withSlashOf(registry, prefix)],
    [repository, restAfter(path, prefix)!],
  ]
}

function withSlashOf({ value }: Part, path: string): string {
  return value.endsWith('/') ? `${path}/` : path
}
