import { Checkup } from '../../migrate/node-check/checkup.ts'
import { DAEMON } from '../../migrate/node-check/docker.ts'
import type { NodeFiles } from '../../migrate/node-check/node-files.ts'
import { isSettingsFault, readJson, textsOf, valueAt } from '../../migrate/node-check/settings-text.ts'
import { unitCommands } from '../../migrate/node-check/systemd-units.ts'
import { parseAddress } from '../../net/address.ts'
import { zoneOfHost } from '../../net/host-zone.ts'
import { type Prefix, parsePrefix, prefixContains } from '../../net/prefix.ts'

/** What dockerd is told by its daemon.json and the flags of its unit, of what no other runtime is told so. */
export interface DockerDaemon {
  /** Whether any certificate will do for a registry, such as `registry.example:5000`, and plain HTTP. */
  isInsecure(registry: string): boolean
  /** Proxies count before those of its environment (Docker 23 and later); by the names of variables. */
  readonly proxies: Readonly<Record<string, string>>
  /** Where those proxies stand. */
  readonly from: string
}

/** By the names of flags, and of what is in daemon.json below `proxies`. */
const PROXIES = { HTTP_PROXY: 'http-proxy', HTTPS_PROXY: 'https-proxy', NO_PROXY: 'no-proxy' } as const

/** Reads it; dockerd reaches registries on its own loopback without being told (dockerd(8), "Insecure registries"). */
export function dockerDaemon(files: NodeFiles): DockerDaemon {
  const read = readJson(files.read(DAEMON) ?? '{}')
  const daemon = isSettingsFault(read) ? {} : read.value
  const words = unitCommands(new Checkup('docker', files, {}), 'docker.service').flatMap((one) => one.words)
  const insecure = [
    ...textsOf(valueAt(daemon, 'insecure-registries')),
    ...flagsOf(words, '--insecure-registry'),
  ].map((entry) => entry.replace(/^https?:\/\//, ''))
  const ranges = insecure.flatMap(prefixOf)
  const proxies = Object.entries(PROXIES).flatMap(([name, key]) => {
    const value = valueAt(daemon, 'proxies', key) ?? flagsOf(words, `--${key}`)[0]
    return typeof value === 'string' && value !== '' ? [[name, value] as const] : []
  })
  return {
    isInsecure(registry) {
      const host = new URL(`http://${registry}`).hostname.replace(/^\[|\]$/g, '')
      const address = parseAddress(host)
      const isInRange = address !== undefined && ranges.some((range) => prefixContains(range, address))
      return insecure.includes(registry) || isInRange || zoneOfHost(host) === 'loopback'
    },
    proxies: Object.fromEntries(proxies),
    from: DAEMON,
  }
}

function prefixOf(entry: string): readonly Prefix[] {
  if (!entry.includes('/')) return []
  try {
    return [parsePrefix(entry)]
  } catch {
    return []
  }
}

function flagsOf(words: readonly string[], flag: string): string[] {
  return words.flatMap((word, index) => {
    if (word === flag) return [words[index + 1] ?? '']
    return word.startsWith(`${flag}=`) ? [word.slice(flag.length + 1)] : []
  })
}
