import type { Config, UpstreamConfig } from '../config/config.ts'
import { ofLogin } from '../doctor/login-hosts.ts'
import { allNeeds, type NeededHost } from '../doctor/needed-hosts.ts'
import { askUpstream, LATEST, type TriedImage } from '../doctor/upstream-hosts.ts'
import { type ListedImage, parseImageList } from '../oci/image-list.ts'
import { parseName } from '../oci/name.ts'
import { parseReference, type Reference } from '../oci/reference.ts'
import { Logins } from '../server/logins.ts'
import { commandRuntime } from './command-runtime.ts'
import { createRuntime } from './runtime.ts'
import { readTextFile } from './text-file.ts'

/** What is found of the hosts that a config needs. */
export interface FoundHosts {
  /** The door itself comes first. */
  readonly hosts: readonly NeededHost[]
  /** Why not all is known: one line for each upstream that could not be asked. */
  readonly problems: readonly string[]
}

/** Finds all that a network must allow for a config; `image` is pulled in part to see where upstreams send clients. */
export async function findHosts(
  config: Config,
  { image, offline }: { readonly image: string | undefined; readonly offline: boolean },
): Promise<FoundHosts> {
  const named = image === undefined ? undefined : parseReference(image)
  const lists = await readPinned(config)
  // As the mirror asks: what only its login may read leads to the same hosts.
  const { openCredentials } = createRuntime({ level: 'silent', access: false, addresses: 'off' })
  const logins = new Logins(openCredentials)
  const remote = config.upstreams.filter((upstream) => isRemote(upstream))
  const asked = offline
    ? []
    : await Promise.all(
        remote.map((upstream) =>
          askUpstream(
            upstream,
            imageFor(upstream, named, lists, config),
            commandRuntime,
            logins.of(upstream),
          ),
        ),
      )
  const hosts = allNeeds(config, [
    ...config.upstreams.flatMap(ofLogin),
    ...asked.flatMap(({ needs }) => needs),
  ])
  return { hosts, problems: asked.flatMap(({ problem }) => problem ?? []) }
}

function isRemote(upstream: UpstreamConfig): upstream is UpstreamConfig & { readonly url: string } {
  return upstream.url !== undefined
}

/** The images of a mirror's lists; those that cannot be read are left out, as others may be written where it runs. */
async function readPinned({ cache }: Config): Promise<readonly ListedImage[]> {
  const texts = await Promise.all((cache?.pin ?? []).map((file) => readTextFile(file).catch(() => '')))
  return texts.flatMap((text) => parseImageList(text).images)
}

/**
 * What is pulled of an upstream to see where it sends clients: what was named, unless that is of another registry; else
 * something that the upstream is known to have.
 */
function imageFor(
  { id, canary }: UpstreamConfig,
  named: Reference | undefined,
  pinned: readonly ListedImage[],
  { sync, registries }: Config,
): TriedImage | undefined {
  const host = registries.find(({ upstreams }) => upstreams.includes(id))?.host
  if (named !== undefined && (named.host === undefined || host === undefined || named.host === host))
    return triedImage(named)
  if (canary !== undefined) return triedImage(parseReference(canary))
  const listed = pinned.find(({ registry }) => registry === host)
  if (listed !== undefined) return { name: listed.name, reference: listed.reference }
  const list = sync?.repositories.list
  const name = typeof list === 'object' ? parseName(list[0] ?? '') : undefined
  return name && { name, reference: LATEST }
}

function triedImage({ name, tag, digest }: Reference): TriedImage {
  return { name, reference: digest ?? tag ?? LATEST }
}
