import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { makeTempFolder } from '../../test/support/temp.ts'
import { printOf } from '../adapters/node/regular-file.ts'
import type { Config } from '../config/config.ts'
import { silentLog } from '../telemetry/log.ts'
import { readConfig } from './read-config.ts'
import { Reloader } from './reload.ts'

const TLS = ['one', 'two'].map((name) => ({ certificate: `/${name}.crt`, key: `/${name}.key` }))

let made: AsyncDisposableStack
let file: string
let inForce: Config[]
let warnings: object[]

beforeEach(async () => {
  made = new AsyncDisposableStack()
  file = join(made.use(await makeTempFolder()).path, 'config.yaml')
  ;[inForce, warnings] = [[], []]
})
afterEach(() => made.disposeAsync())

async function write(part: object): Promise<void> {
  const upstreams = [{ id: 'nobody', url: 'http://127.0.0.1:9', at: 'gcp/us-central1' }]
  await writeFile(file, JSON.stringify({ version: 1, listen: '127.0.0.1:8080', upstreams, ...part }))
}

/** Goes by the file as it is now, which changes while the service starts if `meanwhile` changes it. */
async function start(moves: boolean, meanwhile = async () => {}): Promise<Reloader> {
  const print = await printOf(file)
  const started = await readConfig(file)
  await meanwhile()
  return new Reloader({
    ...{ file, print, started },
    service: { reload: async (config) => void inForce.push(config), refuseReload() {} },
    log: { ...silentLog, warn: (fields) => void warnings.push(fields) },
    identities: { prepare: async () => () => {} },
    ...(moves && { prepare: async () => {} }),
  })
}

it('puts in force what has changed while the service started, and once', async () => {
  await write({})
  const reloader = await start(false, () => write({ debug: true }))
  await reloader.look()
  await reloader.look()
  expect(inForce.map(({ debug }) => debug)).toEqual([true])
})

it('goes on with the files of TLS that it had last where a config names none', async () => {
  await write({ tls: TLS[0] })
  const reloader = await start(false)
  for (const part of [{ tls: TLS[1] }, {}]) {
    await write(part)
    await reloader.reload('SIGHUP')
  }
  expect(inForce.map(({ tls }) => tls)).toEqual([TLS[1], TLS[1]])
  expect(warnings).toEqual([{ key: 'tls', inForce: 'on', inFile: 'off' }])
})

it.each([
  [false, '127.0.0.1:8080', 'plain', ['listener', 'listen', 'admin']],
  [true, '127.0.0.1:8081', 'node-http', ['admin']],
])(
  'listens elsewhere where it can (%s), and says what takes a restart',
  async (moves, listen, listener, kept) => {
    await write({})
    const reloader = await start(moves)
    await write({ listen: '127.0.0.1:8081', admin: '127.0.0.1:9091', listener: 'node-http' })
    await reloader.reload('SIGHUP')
    expect(inForce).toMatchObject([{ listen: { port: Number(listen.split(':')[1]) }, listener }])
    expect(inForce[0]!.admin).toMatchObject({ port: 9090 })
    expect(warnings.map((fields) => (fields as { key: string }).key)).toEqual(kept)
  },
)
