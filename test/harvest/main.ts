// Makes test/fixtures/errors/printed.json anew: what clients print when a pull fails, each fault with each client that
// is on this machine. As root, and offline: all of it happens in a network of its own.
//   node test/harvest/main.ts [--fault ID]… [--client NAME]…
import { spawnSync } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { findProgram, run } from '../support/programs.ts'
import { makeTempFolder } from '../support/temp.ts'
import { type Client, findClients, printed, versionOf } from './clients.ts'
import { commandEnvironment, type WrongCommand, wrongCommands } from './commands.ts'
import { FAULTS, type Fault, type Setting } from './faults.ts'
import { inOwnNetwork, layOutNetwork, mountDisk, noOwnNetwork } from './network.ts'
import { readRows, writeRows } from './rows.ts'
import { startServers } from './servers.ts'

const INSIDE = 'PORTOLAN_HARVEST_NETWORK'

if (noOwnNetwork !== undefined) throw new Error(noOwnNetwork)
if (process.env[INSIDE] === undefined) {
  const [program, words] = inOwnNetwork([process.execPath, ...process.argv.slice(1)])
  const { status } = spawnSync(program, words, { stdio: 'inherit', env: { ...process.env, [INSIDE]: '1' } })
  process.exit(status ?? 1)
}

const { values: only } = parseArgs({
  options: { fault: { type: 'string', multiple: true }, client: { type: 'string', multiple: true } },
})
const isWanted = (fault: string, client: string) =>
  (only.fault?.includes(fault) ?? true) && (only.client?.some((name) => client.startsWith(name)) ?? true)

await using folder = await makeTempFolder()
let places = 0
await layOutNetwork(join(folder.path, 'network'))
await using servers = await startServers(folder.path)
const clients = await findClients()
const commands = await wrongCommands(folder.path)
const order = [...FAULTS, ...commands].map(({ id }) => id)
const rows = (await readRows()).filter(({ fault, client }) => !isWanted(fault, client))
await Promise.all(
  clients.map(async (client) => {
    await harvest(client)
    await writeRows(rows, order)
  }),
)
for (const command of commands) await harvestCommand(command)
await writeRows(rows, order)
console.log(`${rows.length} messages of ${new Set(rows.map(({ client }) => client)).size} clients`)

async function harvest(client: Client): Promise<void> {
  const { name, version, lanes } = client
  const wanted = FAULTS.filter(
    ({ id, clients: some, without }) =>
      isWanted(id, name) &&
      (client.faults?.includes(id) ?? true) &&
      (some?.includes(name) ?? true) &&
      !without?.includes(name),
  )
  for (const [setting, group] of Map.groupBy(wanted, ({ setting = 'direct' }) => setting)) {
    // Podman wants it short.
    const place = join(folder.path, `p${++places}`)
    await mkdir(place, { recursive: true })
    await using _disk =
      setting === 'small disk' || setting === 'read-only disk' ? await mountDisk(place, setting) : undefined
    await using open = await client.open(place, setting, environmentOf(setting))
    const pullOne = async (fault: Fault) => {
      const said = await open.pull(imageOf(fault))
      console.log(`${name}: ${fault.id}: ${said === undefined ? 'pulled' : 'failed'}`)
      const cause = fault.told?.[name] ?? fault.told?.[name.split(' ')[0]!] ?? fault.cause
      const row = { fault: fault.id, cause, version }
      if (!said?.text) return
      rows.push({ ...row, client: name, text: said.text })
      const log = said.log?.split('\n').filter((line) => line.includes(`${fault.id}.example`)) ?? []
      if (log.length > 0) rows.push({ ...row, client: `${name} log`, text: log.join('\n') })
    }
    const waiting = [...group]
    const lane = async () => {
      for (let fault = waiting.shift(); fault !== undefined; fault = waiting.shift()) await pullOne(fault)
    }
    await Promise.all(Array.from({ length: lanes }, lane))
  }
}

async function harvestCommand({ id, cause, words }: WrongCommand): Promise<void> {
  const env = { ...environmentOf('direct'), ...(await commandEnvironment(folder.path)), HOME: folder.path }
  for (const [name, own] of Object.entries(words)) {
    const program = findProgram(name)
    if (program === undefined || !isWanted(id, name)) continue
    const said = printed(await run(program, own, { env }), folder.path)
    console.log(`${name}: ${id}: ${said === undefined ? 'succeeded' : 'failed'}`)
    if (said?.text)
      rows.push({ fault: id, cause, client: name, version: await versionOf(program), text: said.text })
  }
}

function imageOf({ id, setting, reference = 'team/app:1.0' }: Fault): string {
  return `${id}.example${setting === 'plain' ? ':443' : ''}/${reference}`
}

function environmentOf(setting: Setting): NodeJS.ProcessEnv {
  const proxies: Partial<Record<Setting, string>> = {
    proxy: 'http://jo:secret@proxy.example:3128',
    'dead proxy': 'http://proxy.example:3129',
    'lost proxy': 'http://lost-proxy.example:3128',
  }
  const proxy = proxies[setting]
  return {
    ...process.env,
    SSL_CERT_FILE: servers.trustFile,
    ...(proxy !== undefined && { HTTPS_PROXY: proxy, HTTP_PROXY: proxy, NO_PROXY: 'localhost' }),
  }
}
