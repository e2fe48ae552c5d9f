import { writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Ended, runCommand } from '../../../test/support/command.ts'
import { startPortolan } from '../../../test/support/portolan.ts'
import { findFreePort } from '../../../test/support/ports.ts'
import {
  makePrivateAuthority,
  noPrivateAuthority,
  type PrivateAuthority,
} from '../../../test/support/private-authority.ts'
import { makeTempFolder } from '../../../test/support/temp.ts'

const made = new AsyncDisposableStack()
const folder = made.use(await makeTempFolder())
afterAll(() => made.disposeAsync())

const CONFIG = { version: 1, upstreams: [{ id: 'main', url: 'http://127.0.0.1:9', at: 'gcp/us-central1' }] }

/** Nobody here is as late as that, however much else the machine has to do. */
const PATIENT = ['--timeout', '60s']

let configs = 0

async function healthcheck(
  admin: string,
  words: readonly string[] = PATIENT,
  env: Readonly<Record<string, string>> = {},
  more: object = {},
): Promise<Ended> {
  const file = `door-${++configs}.yaml`
  await writeFile(join(folder.path, file), JSON.stringify({ ...CONFIG, admin, ...more }))
  return runCommand(['healthcheck', file, ...words], { folder: folder.path, env })
}

async function serve(answer: RequestListener, host = '127.0.0.1'): Promise<number> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  made.defer(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

it('says of a door that runs that it lives, and whether clients should come', async () => {
  await using door = await startPortolan(CONFIG)
  const admin = `127.0.0.1:${door.adminPort}`
  const lives = await healthcheck(admin)
  expect(lives).toMatchObject({ code: 0, err: '', out: `http://${admin}/healthz answered 200: ok\n` })
  // Its only upstream is a port where nobody listens.
  const ready = await healthcheck(admin, ['--ready', ...PATIENT])
  expect(ready).toMatchObject({
    code: 1,
    out: `http://${admin}/readyz answered 503: not ready, no backend can be used yet\n`,
  })
  const printed = await healthcheck(admin, ['--ready', '--json', ...PATIENT])
  expect(printed.code).toBe(1)
  expect(JSON.parse(printed.out)).toEqual({
    version: 1,
    url: `http://${admin}/readyz`,
    answered: 503,
    healthy: false,
    said: { status: 'not ready', why: 'no backend can be used yet' },
  })
})

describe.concurrent('where it asks', () => {
  const alive: RequestListener = (_, reply) => reply.end('{"status":"ok"}')

  it.each([
    ['0.0.0.0:PORT', '127.0.0.1', '127.0.0.1'],
    [':PORT', '127.0.0.1', '127.0.0.1'],
    [':PORT', '::1', '[::1]'],
    ['[::]:PORT', '::1', '[::1]'],
    ['[::]:PORT', '127.0.0.1', '127.0.0.1'],
    ['localhost:PORT', 'localhost', 'localhost'],
  ])('%s, where only %s listens: %s', async (admin, host, asked) => {
    const port = await serve(alive, host)
    const { code, out, err } = await healthcheck(admin.replace('PORT', String(port)))
    expect({ code, out, err }).toEqual({
      code: 0,
      err: '',
      out: `http://${asked}:${port}/healthz answered 200: ok\n`,
    })
  })

  it('goes past every proxy, and names a host that the admin service answers to', async () => {
    const hosts: (string | undefined)[] = []
    const port = await serve(({ headers }, reply) => {
      hosts.push(headers.host)
      reply.end()
    })
    const nobody = `http://127.0.0.1:${await findFreePort()}`
    const { code } = await healthcheck(`127.0.0.1:${port}`, PATIENT, {
      ...{ http_proxy: nobody, HTTP_PROXY: nobody, ALL_PROXY: nobody, NODE_USE_ENV_PROXY: '1', no_proxy: '' },
    })
    expect({ code, hosts }).toEqual({ code: 0, hosts: ['localhost'] })
  })
})

describe.skipIf(noPrivateAuthority !== undefined)('an admin service that speaks TLS', () => {
  let authority: PrivateAuthority
  let files: { certificate: string; key: string }
  beforeAll(async () => {
    // Whose name is not that of loopback.
    authority = made.use(await makePrivateAuthority(['door.example']))
    files = { certificate: join(folder.path, 'tls.crt'), key: join(folder.path, 'tls.key') }
    await writeFile(files.certificate, authority.certificate)
    await writeFile(files.key, authority.key)
  })

  it.each(['for anybody', 'for clients that show a certificate'])('%s', async (whom) => {
    const adminTls = { ...files, ...(whom !== 'for anybody' && { clientCA: authority.file }) }
    await using door = await startPortolan({
      ...CONFIG,
      adminTls,
      admin: `127.0.0.1:${await findFreePort()}`,
    })
    const admin = `127.0.0.1:${door.adminPort}`
    const { code, out, err } = await healthcheck(admin, PATIENT, {}, { adminTls })
    expect({ code, out, err }).toEqual({
      code: 0,
      err: '',
      out: `https://${admin}/healthz answered 200: ok\n`,
    })
  })

  it('whose key is not to be read', async () => {
    const adminTls = { ...files, key: join(folder.path, 'gone.key'), clientCA: authority.file }
    const { code, err } = await healthcheck('127.0.0.1:1', PATIENT, {}, { adminTls })
    expect(code).toBe(2)
    expect(err).toMatch(/^portolan: cannot read \S*gone\.key: ENOENT/)
  })
})

describe.concurrent('what it says of', () => {
  it('a port where nobody listens', async () => {
    const port = await findFreePort()
    const { code, err } = await healthcheck(`127.0.0.1:${port}`)
    expect(code).toBe(3)
    expect(err).toBe(`portolan: http://127.0.0.1:${port}/healthz: connect ECONNREFUSED 127.0.0.1:${port}\n`)
  })

  it('a door that hangs', async () => {
    const port = await serve(() => {})
    const { code, err } = await healthcheck(`127.0.0.1:${port}`, [])
    expect(code).toBe(3)
    expect(err).toMatch(/^portolan: \S+\/healthz: no answer within \d+ ms\n$/)
  })

  it('one that hangs, sooner where no more is wanted', async () => {
    const port = await serve(() => {})
    const { code, err } = await healthcheck(`127.0.0.1:${port}`, ['--timeout', '500ms'])
    expect(code).toBe(3)
    expect(Number(/no answer within (\d+) ms/.exec(err)?.[1])).toBeLessThanOrEqual(500)
  })

  it('one that is slow, where more is wanted than the usual two seconds', async () => {
    const port = await serve((_, reply) => {
      setTimeout(() => reply.end('{"status":"ok"}'), 2200)
    })
    expect(await healthcheck(`127.0.0.1:${port}`)).toMatchObject({ code: 0, err: '' })
  })

  it.each(['0s', '499ms', '6m', '2'])('--timeout %s', async (timeout) => {
    const { code, err } = await healthcheck('127.0.0.1:1', ['--timeout', timeout])
    expect(code).toBe(2)
    expect(err).toContain('must be a duration from 500ms to 5m')
  })

  it('a body that never ends', async () => {
    const port = await serve((_, reply) => {
      reply.write('{')
    })
    const { code, err } = await healthcheck(`127.0.0.1:${port}`, [])
    expect(code).toBe(3)
    expect(err).toContain('no answer within')
  })

  it('a stranger that answers endlessly, which is not read', async () => {
    const port = await serve((_, reply) => {
      reply.writeHead(404)
      const more = () => {
        while (reply.write('x'.repeat(64 * 1024)));
      }
      reply.on('drain', more)
      more()
    })
    const { code, out } = await healthcheck(`127.0.0.1:${port}`)
    expect({ code, out }).toEqual({ code: 1, out: `http://127.0.0.1:${port}/healthz answered 404\n` })
  })

  it.each([
    ['off', 'portolan: admin is "off": there is no service to ask\n'],
    ['127.0.0.1:0', 'portolan: admin is "127.0.0.1:0", a free port that nobody else knows: name a port\n'],
  ])('admin: %s', async (admin, said) => {
    const { code, out, err } = await healthcheck(admin)
    expect({ code, out, err }).toEqual({ code: 2, out: '', err: said })
  })
})
