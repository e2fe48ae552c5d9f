import { verifyBytes } from '../../backends/ownership/ownership-key.ts'
import { compareHosts } from '../../endpoints/compare-hosts.ts'
import { dayOf } from '../../endpoints/day.ts'
import { draftStatement, type PublishedHost } from '../../endpoints/draft.ts'
import { hostOf, type Standing, standingOn } from '../../endpoints/standing.ts'
import {
  ENDPOINTS_PATH,
  type Endpoint,
  type EndpointsStatement,
  formatStatement,
} from '../../endpoints/statement.ts'
import { PortolanError } from '../../errors.ts'
import { writeWhole } from '../../storage/fs/workspace-file.ts'
import { readBundleKey } from '../bundle-key.ts'
import { EXIT } from '../exit-code.ts'
import { findHosts } from '../find-hosts.ts'
import { printable, printJson, say } from '../print.ts'
import { readConfig } from '../read-config.ts'
import { readTextAt, statementOf } from '../read-endpoints.ts'
import { readSigningFile } from '../read-signing-file.ts'
import { formatTable } from '../table.ts'
import { readTextFile } from '../text-file.ts'
import type { EndpointsDraftOptions, EndpointsSignOptions, EndpointsVerifyOptions } from './endpoints-spec.ts'

/** Writes the next list of hosts; gives the exit code: 3, and no list, where not all could be found out. */
export async function runEndpointsDraft(options: EndpointsDraftOptions): Promise<number> {
  const { registry, previous, notice, emergency, out } = options
  const door = doorOf(registry)
  const config = await readConfig(options.config)
  const { hosts, problems } = await findHosts(config, options)
  if (problems.length > 0) {
    for (const problem of problems) console.error(`portolan: not all is known: ${problem}`)
    console.error('portolan: no list is written; --offline writes one of what the config alone says')
    return EXIT.unreachable
  }
  // The door itself, which comes first, is published by the name that clients use.
  const others = hosts
    .slice(1)
    .filter(({ from }) => from.includes('clients'))
    .filter(({ host, port }) => host !== door.host || port !== door.port)
  const before = previous === undefined ? undefined : await readStatementAt(previous)
  const statement = draftStatement({
    registry: door.host,
    hosts: [door, ...others.map(publishedHost)],
    today: dayOf(Date.now()),
    notice,
    ...(before && { previous: before }),
    ...(emergency !== undefined && { emergency }),
  })
  // What was typed is input as well: nobody could use a list with faults.
  const text = formatStatement(statementOf(formatStatement(statement), 'this list'))
  if (out === undefined) process.stdout.write(text)
  else await writeWhole(out, text, true)
  say(
    `serial ${statement.serial}, ${statement.endpoints.length} hosts; sign it with "portolan endpoints sign"`,
  )
  return EXIT.done
}

/** Signs a list that has no faults; gives the exit code. */
export async function runEndpointsSign(file: string, { key }: EndpointsSignOptions): Promise<number> {
  const text = await readTextFile(file)
  const { serial } = statementOf(text, file)
  const sign = await readSigningFile(key, '--key')
  await writeWhole(`${file}.sig`, `${await sign(new TextEncoder().encode(text))}\n`, true)
  say(`serial ${serial} is signed: ${file}.sig`)
  return EXIT.done
}

/** Prints a list and what is new in it; gives the exit code: 1 where the signature is not that of the key. */
export async function runEndpointsVerify(location: string, options: EndpointsVerifyOptions): Promise<number> {
  const source = documentAt(location)
  const key = await readBundleKey(options.key)
  const text = await readTextAt(source)
  const statement = statementOf(text, source)
  const signature = key && (await readTextAt(`${source}.sig`)).trim()
  const signed = key && (await verifyBytes(new TextEncoder().encode(text), signature!, key))
  const old = options.diff === undefined ? undefined : await readStatementAt(options.diff)
  const diff = old && compareHosts(old.endpoints, statement.endpoints)
  if (options.json)
    printJson({ location: source, signed: signed ?? 'not-asked', statement, ...(diff && { diff }) })
  else {
    process.stdout.write(`${formatEndpoints(statement, old)}\n`)
    for (const { host, port } of diff?.removed ?? []) console.log(`  no longer published: ${host}:${port}`)
  }
  if (signed === false) console.error(`portolan: ${source} is not signed by this key: do not go by it`)
  else if (signed === undefined) say('its signature was not checked: give --key')
  if (old !== undefined && old.serial > statement.serial) {
    console.error(
      `portolan: serial ${statement.serial} is older than ${old.serial}, which was published before`,
    )
    return EXIT.failed
  }
  return signed === false ? EXIT.failed : EXIT.done
}

function formatEndpoints(
  { registry, serial, issued, notice, endpoints }: EndpointsStatement,
  old?: EndpointsStatement,
): string {
  const today = dayOf(Date.now())
  const known = new Set(old?.endpoints.map(({ host, port }) => `${host} ${port}`))
  const rows = endpoints.map((endpoint) => [
    endpoint.host,
    String(endpoint.port),
    daysOf(endpoint, standingOn(endpoint, today)),
    ...(old === undefined ? [] : [known.has(`${endpoint.host} ${endpoint.port}`) ? '' : 'new']),
    printable(whyOf(endpoint)),
  ])
  const title = `${registry}: serial ${serial} of ${issued}; what is new is published ${notice} days before`
  return `${title}\n${formatTable(['host', 'port', 'used', ...(old === undefined ? [] : ['']), 'why'], rows)}`
}

function whyOf({ why, emergency }: Endpoint): string {
  return [...why, ...(emergency === undefined ? [] : [`emergency: ${emergency}`])].join('; ')
}

function daysOf({ from, until }: Endpoint, standing: Standing): string {
  if (standing.kind === 'not-yet') return `from ${from} on`
  return until === undefined ? 'now' : `until ${until}`
}

/** Where the document is that a file, a URL, or the URL of a door names. */
function documentAt(location: string): string {
  return /^https?:\/\/[^/]+\/?$/.test(location) ? new URL(ENDPOINTS_PATH, location).href : location
}

async function readStatementAt(location: string): Promise<EndpointsStatement> {
  const source = documentAt(location)
  return statementOf(await readTextAt(source), source)
}

/** Throws `USAGE` for what is no host as references name it. */
function doorOf(registry: string): PublishedHost {
  const url = `https://${registry}`
  if (!/[/@?#\s]/.test(registry) && URL.canParse(url)) return { ...hostOf(url), why: ['the registry itself'] }
  throw new PortolanError(
    'USAGE',
    `--registry is ${JSON.stringify(registry)}; expected a host such as registry.example`,
  )
}

function publishedHost({
  host,
  port,
  why,
}: {
  host: string
  port: number | null
  why: readonly string[]
}): PublishedHost {
  // Only a listener of this machine's takes a free one.
  return { host, port: port!, why }
}
