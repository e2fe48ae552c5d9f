import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { startCommand } from '../../../test/support/command.ts'
import { findFreePort } from '../../../test/support/ports.ts'
import { startScriptedStore } from '../../../test/support/scripted-store.ts'
import { makeTempFolder } from '../../../test/support/temp.ts'
import { until } from '../../../test/support/until.ts'

const made = new AsyncDisposableStack()
afterAll(() => made.disposeAsync())
const folder = made.use(await makeTempFolder())
const upstream = made.use(await startScriptedStore(() => 200))

const ask = async (port: number, path: string) => {
  const reply = await fetch(`http://127.0.0.1:${port}${path}`).catch(() => undefined)
  return reply && { status: reply.status, text: await reply.text() }
}

it('serve --quiet logs errors alone, whatever its config says, and after a reload too', async () => {
  const [port, adminPort] = [await findFreePort(), await findFreePort()]
  const file = join(folder.path, 'door.yaml')
  const write = (rest: object) =>
    writeFile(
      file,
      JSON.stringify({
        ...{ version: 1, listen: `127.0.0.1:${port}`, admin: `127.0.0.1:${adminPort}` },
        upstreams: [{ id: 'main', url: upstream.origin, at: 'gcp/us-central1' }],
        ...rest,
      }),
    )
  await write({ log: { level: 'info' } })
  await using door = startCommand(['serve', file, '--quiet'], { folder: folder.path })
  await until('the door', async () => (await ask(adminPort, '/readyz'))?.status === 200)
  const reloaded = async (what: RegExp) => what.test((await ask(adminPort, '/reload'))?.text ?? '')

  await write({ log: { level: 'debug' } })
  door.process.kill('SIGHUP')
  await until('a reload', () => reloaded(/"ok":true/))
  expect((await ask(port, '/v2/'))?.status).toBe(200)
  await write({ log: { level: 'loud' } })
  door.process.kill('SIGHUP')
  await until('a refused reload', () => reloaded(/"ok":false/))
  door.process.kill()

  const { code, out, err } = await door.ended
  expect({ code, err }).toEqual({ code: 0, err: '' })
  const lines = out.trimEnd().split('\n')
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ level: 'error', msg: expect.stringMatching(/^the config was not reloaded/) }),
  ])
})

it('a mirror whose config cannot be put in force ends, and leaves its folder to the next', async () => {
  const [users, file] = [join(folder.path, 'users'), join(folder.path, 'mirror.yaml')]
  await writeFile(users, 'jo:plain\n')
  const config = {
    ...{ version: 1, listen: '127.0.0.1:0', admin: 'off', delivery: 'relay', clients: { htpasswd: users } },
    cache: { folder: join(folder.path, 'kept'), size: '64MiB' },
    upstreams: [{ id: 'main', url: upstream.origin, at: 'gcp/us-central1' }],
  }
  await writeFile(file, JSON.stringify(config))
  await using refused = startCommand(['serve', file], { folder: folder.path })
  const { code, err } = await refused.ended
  expect({ code, err }).toEqual({
    code: 2,
    err: expect.stringMatching(/users, line 1: the password of "jo"/),
  })
})

it('serve - goes on after SIGHUP, and says that it cannot read its config again', async () => {
  const config = {
    ...{ version: 1, listen: '127.0.0.1:0', admin: 'off' },
    upstreams: [{ id: 'main', url: upstream.origin, at: 'gcp/us-central1' }],
  }
  await using door = startCommand(['serve', '-'], { folder: folder.path, input: JSON.stringify(config) })
  let log = ''
  door.process.stdout!.on('data', (text) => {
    log += text
  })
  await until('the door', () => log.includes('every backend has been tried'))
  door.process.kill('SIGHUP')
  await until('a line that says so', () => log.includes('cannot be read again'))
  door.process.kill()
  expect(await door.ended).toMatchObject({ code: 0, signal: null })
})
