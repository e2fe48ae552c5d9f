import { z } from 'zod'
import type { NeededHost } from '../doctor/needed-hosts.ts'
import type { ComparedHost } from '../endpoints/compare-hosts.ts'
import { PortolanError } from '../errors.ts'
import { readTextAt, statementOf } from './read-endpoints.ts'

/** A list of hosts from before. */
export interface HostList {
  readonly hosts: readonly ComparedHost[]
  /** Which of the hosts of today it tells of, of which the first is the door itself. */
  readonly comparable: (hosts: readonly NeededHost[]) => readonly NeededHost[]
}

const listed = z.object({
  hosts: z.array(
    z.object({
      host: z.string(),
      port: z.int().nullable(),
      why: z.array(z.string()),
      from: z.array(z.string()),
    }),
  ),
})

/**
 * Reads what `hosts --json` has printed, or published endpoints, from a file or a URL. Throws `FILE_UNREADABLE`,
 * `UNREACHABLE` or `CONTENT_INVALID`.
 */
export async function readHostList(location: string): Promise<HostList> {
  const text = await readTextAt(location)
  const value = parseJson(text, location)
  const all = listed.safeParse(value)
  if (all.success) return { hosts: all.data.hosts, comparable: (hosts) => hosts }
  const { endpoints, registry } = statementOf(text, location)
  return {
    hosts: endpoints.filter(({ host }) => host !== registry),
    // The door itself is published by the name that clients use.
    comparable: (hosts) => hosts.slice(1).filter(({ from }) => from.includes('clients')),
  }
}

function parseJson(text: string, location: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const message = `${location} is neither what "hosts --json" prints nor published endpoints: it is no JSON`
    throw new PortolanError('CONTENT_INVALID', message, { location }, cause)
  }
}
