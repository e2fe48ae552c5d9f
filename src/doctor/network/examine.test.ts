import { createServer } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { makePrivateAuthority, noPrivateAuthority } from '../../../test/support/private-authority.ts'
import { type PullWorld, type PullWorldOptions, startPullWorld } from '../../../test/support/pull-world.ts'
import { systemClock } from '../../adapters/clock.ts'
import { createHash } from '../../adapters/hash.ts'
import { readProxies } from '../../net/proxies.ts'
import { parseReference } from '../../oci/reference.ts'
import type { Sockets } from '../../runtime.ts'
import { examine } from './examine.ts'
import type { NetworkReport } from './report.ts'
import { DOCTOR_REPORT } from './report-schema.ts'
import type { NetworkView } from './view.ts'

const made: AsyncDisposable[] = []
afterEach(async () => {
  for (const one of made.splice(0)) await one[Symbol.asyncDispose]()
})

async function world(options?: PullWorldOptions): Promise<PullWorld> {
  const started = await startPullWorld(options)
  made.push(started)
  return started
}

async function look(
  { base, sockets }: Pick<PullWorld, 'base' | 'sockets'>,
  view: Partial<NetworkView> = {},
  more: { readonly authorities?: readonly string[]; readonly hint?: string; readonly mirror?: string } = {},
): Promise<NetworkReport> {
  const facts = {
    ...{ runtime: 'containerd', proxies: { from: 'a unit' }, findings: [] },
    ...{ authorities: { files: [], count: 0 }, endpoints: [base] },
  }
  const registry = { base, role: 'registry', authorities: more.authorities ?? [] } as const
  const mirrors =
    more.mirror === undefined ? [] : [{ base: more.mirror, role: 'mirror', authorities: [] } as const]
  const report = await examine(
    {
      image: {
        reference: parseReference('registry.test/app:1'),
        platform: { os: 'linux', architecture: 'amd64' },
      },
      endpoints: [...mirrors, registry],
      view: { proxies: readProxies({}), authorities: [], publicAuthorities: [], timeout: 1000, ...view },
      facts,
      ...(more.hint !== undefined && { hint: more.hint }),
    },
    { ...systemClock, createHash, userAgent: 'portolan/test', background() {}, sockets },
  )
  DOCTOR_REPORT.parse({ version: 1, ...JSON.parse(JSON.stringify(report)) })
  return report
}

const hostsOf = ({ allow }: NetworkReport) => allow.map(({ host, port }) => `${host}:${port}`)

describe('a pull that works', () => {
  it('passes, and lists exactly the hosts that were asked', async () => {
    const pulled = await world({ token: 'a-token-of-some-length' })
    const report = await look(pulled)
    expect(report.summary).toMatchObject({
      verdict: 'pass',
      sentence: 'containerd can pull registry.test/app:1',
    })
    expect(new Set(hostsOf(report))).toEqual(pulled.asked)
    expect(report.allow.map(({ why }) => why)).toEqual([
      ['the registry'],
      expect.any(Array),
      ['blobs'],
      ['blobs'],
      ['blobs'],
    ])
    expect(report.checks.filter(({ verdict }) => verdict === 'fail' || verdict === 'warn')).toEqual([])
  })

  it('says nothing that lets its reader in', async () => {
    const proxies = readProxies({ http_proxy: 'http://jo:hunter2@127.0.0.1:1' })
    const pulled = await world({ token: 'a-token-of-some-length' })
    for (const report of [await look(pulled), await look(pulled, { proxies })])
      expect(JSON.stringify(report)).not.toMatch(/hunter2|s3cret|a-token|Bearer/)
  })

  it('tells only a warning of a host that ignores Range', async () => {
    const pulled = await world()
    pulled.instead.set('blobs-3.test', (request) => {
      delete request.headers.range
      return false
    })
    const { summary, checks } = await look(pulled)
    expect(summary.verdict).toBe('pass')
    expect(checks.find(({ cause }) => cause === 'range-ignored')).toMatchObject({
      check: 'range',
      at: `blobs-3.test:${pulled.ports.get('blobs-3.test')}`,
      verdict: 'warn',
    })
  })

  it('goes on at the registry when its mirror fails, and warns of that', async () => {
    const pulled = await world()
    const { summary } = await look(pulled, {}, { mirror: 'http://mirror.test:5000/v2' })
    expect(summary).toMatchObject({ verdict: 'warn', cause: 'dns', host: 'mirror.test', port: 5000 })
    expect(summary.sentence).toContain('the pull goes on elsewhere')
  })
})

describe('a host of blobs that is not there', () => {
  it.each(['registry.test', 'blobs-2.test'])('names %s where it has no address', async (name) => {
    const pulled = await world()
    pulled.names.delete(name)
    const { summary } = await look(pulled)
    expect(summary).toMatchObject({ verdict: 'fail', cause: 'dns', host: name, owner: 'the network' })
    expect(summary.sentence).toMatch(`${name} has no address: getaddrinfo ENOTFOUND ${name}`)
    expect(summary.try[0]).toContain(`getent ahosts ${name}`)
  })

  it.each(['registry.test', 'blobs-2.test'])('names %s where nothing listens', async (name) => {
    const pulled = await world()
    await pulled.stop(name)
    const { summary } = await look(pulled, {}, { hint: 'this shell has a proxy' })
    expect(summary).toMatchObject({
      verdict: 'fail',
      cause: 'refused',
      host: name,
      port: pulled.ports.get(name),
    })
    expect(summary.sentence).toContain('this shell has a proxy')
  })

  it('finds that a family has no address where only that one counts', async () => {
    const { summary } = await look(await world(), { only: 6 })
    expect(summary).toMatchObject({ verdict: 'fail', cause: 'dns' })
    expect(summary.sentence).toContain('registry.test has no address of IPv6')
  })
})

describe('an answer that is none of a registry', () => {
  const page = '<html><title>blocked</title></html>'
  it.each([
    [
      'a page with 403',
      403,
      { 'Content-Type': 'text/html; charset=utf-8' },
      page,
      'html-instead-of-json',
      'curl',
    ],
    ['a page with 200', 200, { 'Content-Type': 'text/html' }, page, 'html-instead-of-json', 'curl'],
    ['403', 403, { 'Content-Type': 'application/json' }, '{}', 'forbidden', 'curl'],
    ['401', 401, {}, '', 'unauthorized', 'skopeo'],
    ['429', 429, { 'Retry-After': '120' }, '', 'rate-limited', 'wait'],
    ['404', 404, {}, '', 'manifest-unknown', 'skopeo'],
    ['451', 451, {}, '', 'blocked-by-law', 'ask'],
    ['503', 503, {}, '', 'server-error', 'try again'],
    ['a circle', 307, { Location: '/v2/app/manifests/1' }, '', 'redirect-loop', 'curl'],
    ['a way to the machine itself', 307, { Location: 'http://127.0.0.1:1/' }, '', 'redirect-refused', 'have'],
  ] as const)('is named: %s', async (_, status, headers, body, cause, hint) => {
    const pulled = await world()
    pulled.instead.set('registry.test', (_, response) => {
      response.writeHead(status, headers).end(body)
      return true
    })
    const { summary } = await look(pulled)
    // What is not followed was not tried.
    const verdict = cause === 'redirect-refused' ? 'unknown' : 'fail'
    expect(summary).toMatchObject({ verdict, cause, host: 'registry.test' })
    expect(summary.try[0]).toContain(hint)
    if (status === 429) expect(summary.sentence).toContain('Retry-After: 120')
  })

  it('is told of the one family over which it comes', async () => {
    const pulled = await world()
    const { port, close } = await pagesAt('::1', pulled.ports.get('registry.test')!)
    made.push({ [Symbol.asyncDispose]: close })
    pulled.names.set('registry.test', { 4: '127.0.0.1', 6: '::1' })
    const { summary, checks } = await look(pulled)
    expect(summary).toMatchObject({ verdict: 'fail', cause: 'forbidden', host: 'registry.test', port })
    expect(summary.sentence).toContain('over IPv6, and not over IPv4')
    const pulls = checks.filter(({ check }) => check === 'pull')
    expect(pulls.map(({ family, verdict }) => [family, verdict])).toEqual([
      [4, 'pass'],
      [6, 'fail'],
    ])
    expect((await look(pulled, { only: 4 })).summary.verdict).toBe('pass')
  })
})

async function pagesAt(host: string, port: number) {
  const server = createServer((_, response) => response.writeHead(403).end())
  await new Promise<void>((resolve) => server.listen(port, host, resolve))
  return { port, close: () => new Promise<void>((resolve) => server.close(() => resolve())) }
}

describe('a host of blobs that sends something else', () => {
  it.each([
    ['cut off', 'truncated', (response) => response.write(Buffer.alloc(10), () => response.destroy())],
    ['standing still', 'timeout', (response) => response.write(Buffer.alloc(10))],
    ['other bytes', 'wrong-digest', (response) => response.end(Buffer.alloc(300_000))],
    ['compressed', 'wrong-digest', (response) => response.end(gzipSync(Buffer.alloc(300_000, 'layer')))],
  ] as readonly [string, string, (response: import('node:http').ServerResponse) => unknown][])(
    'is named: %s',
    async (_, cause, send) => {
      const pulled = await world()
      pulled.instead.set('blobs-2.test', (request, response) => {
        if (request.headers.range !== undefined) return false
        const isWhole = cause === 'wrong-digest'
        response.writeHead(200, isWhole ? {} : { 'Content-Length': 300_000 })
        send(response)
        return true
      })
      const { summary } = await look(pulled)
      expect(summary).toMatchObject({ verdict: 'fail', cause, host: 'blobs-2.test' })
    },
  )
})

describe.skipIf(noPrivateAuthority)(`TLS ${noPrivateAuthority ?? ''}`, () => {
  const names = ['registry.test', 'blobs-1.test', 'blobs-2.test', 'blobs-3.test']

  async function authority() {
    const issued = await makePrivateAuthority(names)
    made.push(issued)
    return issued
  }

  it('passes by the authority of the runtime, and names an authority that it does not know', async () => {
    const issued = await authority()
    const pulled = await world({ certificate: issued })
    expect((await look(pulled, { authorities: [issued.issuer] })).summary.verdict).toBe('pass')
    expect((await look(pulled, {}, { authorities: [issued.issuer] })).summary.verdict).toBe('pass')
    const { summary } = await look(pulled)
    expect(summary).toMatchObject({ verdict: 'fail', cause: 'tls-unknown-authority', host: 'registry.test' })
    expect(summary.sentence).toContain('issued by "CN=private"')
    const known = await look(pulled, { publicAuthorities: [issued.issuer] })
    expect(known.summary.sentence).toContain('a public authority vouches for it')
  })

  it('names the runtime that was not restarted, where only authorities vouch that were installed since', async () => {
    const issued = await authority()
    const other = await authority()
    const pulled = await world({ certificate: issued })
    const why = 'it has been running since before'
    const late = (certificates: readonly string[]) => ({ late: { certificates, why } })
    const authorities = [other.issuer, issued.issuer]
    const { summary, checks } = await look(pulled, { authorities, ...late([issued.issuer]) })
    expect(summary).toMatchObject({
      ...{ verdict: 'fail', cause: 'restart-needed', owner: 'this machine', host: 'registry.test' },
      port: pulled.ports.get('registry.test'),
    })
    expect(summary.sentence).toMatch(
      /^containerd has been running since before the authority of registry\.test was installed.*issued by "CN=private"; it has been running since before/,
    )
    expect(summary.try[0]).toContain('`systemctl restart containerd`')
    expect(checks.find(({ check }) => check === 'tls')).toMatchObject({
      verdict: 'fail',
      cause: 'restart-needed',
    })
    // Others may be new, and what is named for the registry is read for every pull.
    expect((await look(pulled, { authorities, ...late([other.issuer]) })).summary.verdict).toBe('pass')
    const named = { authorities: [issued.issuer] }
    expect((await look(pulled, { authorities, ...late([issued.issuer]) }, named)).summary.verdict).toBe(
      'pass',
    )
    // What is wrong in any case is said as it is.
    const unknown = await look(pulled, { authorities: [other.issuer], ...late([other.issuer]) })
    expect(unknown.summary.cause).toBe('tls-unknown-authority')
  })

  it('names what opens TLS on the way where an issuer says it, trusted or not, and in any case the issuer', async () => {
    const ZSCALER = '/C=US/O=Zscaler Inc./CN=Zscaler Root CA'
    const says = /that is Zscaler, which opens TLS on the way/
    for (const [subject, under] of [[ZSCALER], ['/CN=Corp Proxy CA', ZSCALER]]) {
      const issued = await makePrivateAuthority(names, { subject: subject!, ...(under && { under }) })
      made.push(issued)
      const pulled = await world({ certificate: issued })
      const { summary, checks } = await look(pulled, { authorities: [issued.issuer] })
      expect(summary.verdict).toBe('pass')
      const found = checks.find(({ check }) => check === 'tls')!.says
      expect(found).toMatch(says)
      expect(found).toContain(under === undefined ? 'CN=Zscaler Root CA' : 'issued by CN=Corp Proxy CA')
      if (under !== undefined) continue
      const refused = (await look(pulled)).summary
      expect(refused.cause).toBe('tls-unknown-authority')
      expect(refused.sentence).toMatch(says)
      expect(refused.sentence).toContain('issued by "C=US, O=Zscaler Inc., CN=Zscaler Root CA"')
    }
    const own = await world({ certificate: await authority() })
    expect(JSON.stringify(await look(own))).not.toContain('opens TLS')
  })

  it('names a certificate that has expired, and one of another host', async () => {
    const issued = await authority()
    const trusting = { authorities: [issued.issuer] }
    const expired = await world({ certificate: await issued.issue(names, -1) })
    expect((await look(expired, trusting)).summary).toMatchObject({
      cause: 'tls-expired',
      host: 'registry.test',
    })
    const other = await world({ certificate: await issued.issue(['registry.test', 'blobs-1.test']) })
    const { summary } = await look(other, trusting)
    expect(summary).toMatchObject({ cause: 'tls-name-mismatch', host: 'blobs-2.test' })
    expect(summary.sentence).toContain('for registry.test, blobs-1.test')
  })

  it('blames the clock of this machine where the certificate is good by theirs', async () => {
    const issued = await authority()
    const pulled = await world({ certificate: issued })
    // No certificate can be made here that is valid at another time alone: what TLS says of a good one is changed.
    const connectLate: Sockets['connect'] = async (...to) => {
      const connection = await pulled.sockets.connect(...to)
      const secure = connection.secure.bind(connection)
      connection.secure = async (...how) => ({ ...(await secure(...how)), fault: 'CERT_HAS_EXPIRED' })
      return connection
    }
    const { summary } = await look({ ...pulled, sockets: { ...pulled.sockets, connect: connectLate } })
    expect(summary).toMatchObject({ verdict: 'fail', cause: 'clock', owner: 'this machine' })
    expect(summary.sentence).toContain('when its certificate is valid')
    expect(summary.try[0]).toContain('date -u')
  })

  it.each([
    [
      'plain HTTP',
      'plain-http',
      (socket: import('node:net').Socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    ],
    ['a reset after the hello', 'reset', (socket: import('node:net').Socket) => socket.resetAndDestroy()],
    ['silence', 'timeout', () => {}],
  ] as const)('names %s', async (_, cause, answer) => {
    const server = createTcpServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => answer(socket))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    made.push({ [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())) })
    const { port } = server.address() as AddressInfo
    const pulled = await world()
    const { summary } = await look({ ...pulled, base: `https://registry.test:${port}/v2` }, { timeout: 400 })
    expect(summary).toMatchObject({ verdict: 'fail', cause, host: 'registry.test', port })
  })
})

describe('a proxy', () => {
  async function proxy(status: number, { ports }: PullWorld) {
    const server = createServer((request, response) => {
      if (status !== 200) return void response.writeHead(status).end()
      const { port, pathname, search } = new URL(request.url!)
      const onward = connect(Number(port), '127.0.0.1', () => {
        onward.write(
          `GET ${pathname}${search} HTTP/1.0\r\nHost: ${request.headers.host}\r\nRange: ${request.headers.range ?? 'none'}\r\n\r\n`,
        )
        onward.pipe(response.socket!)
      })
    })
    server.on('connect', (request, socket) => {
      socket.on('error', () => {})
      if (status !== 200) return void socket.end(`HTTP/1.1 ${status} no\r\n\r\n`)
      const onward = connect(Number(request.url!.split(':')[1]), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n')
        onward.pipe(socket).pipe(onward)
      })
      onward.on('error', () => socket.destroy())
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    made.push({
      async [Symbol.asyncDispose]() {
        server.closeAllConnections()
        server.close()
      },
    })
    expect(ports.size).toBeGreaterThan(0)
    return `http://jo:hunter2@127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  it.skipIf(noPrivateAuthority)('is gone through, and hosts behind it are not looked up here', async () => {
    const issued = await makePrivateAuthority([
      'registry.test',
      'blobs-1.test',
      'blobs-2.test',
      'blobs-3.test',
    ])
    made.push(issued)
    const secured = await world({ certificate: issued })
    const plain = await world()
    for (const pulled of [secured, plain]) {
      const url = await proxy(200, pulled)
      pulled.names.clear()
      const report = await look(pulled, {
        authorities: [issued.issuer],
        proxies: readProxies({ all_proxy: url }),
      })
      expect(report.summary).toMatchObject({ verdict: 'pass' })
      expect(hostsOf(report)[0]).toBe(new URL(url).host)
      expect(new Set(hostsOf(report).slice(1))).toEqual(pulled.asked)
      expect(JSON.stringify(report)).not.toContain('hunter2')
    }
  })

  it.each([
    [407, 'proxy-auth'],
    [403, 'proxy-denied'],
    [502, 'proxy-failed'],
  ] as const)('that answers %i is named %s', async (status, cause) => {
    const pulled = await world()
    const proxies = readProxies({ all_proxy: await proxy(status, pulled) })
    const { summary } = await look({ ...pulled, base: pulled.base.replace('http:', 'https:') }, { proxies })
    expect(summary).toMatchObject({ verdict: 'fail', cause, host: 'registry.test' })
  })

  it.each([
    ['jo:hunter2@[bad', 'fail', 'proxy-invalid', 'HTTPS_PROXY "***@[bad" must be an http or https proxy'],
    ['http://jo:hunt/er2@proxy.test:1', 'fail', 'proxy-invalid', 'HTTPS_PROXY "http://…@proxy.test:1"'],
    ['socks5://jo:hunter2@proxy.test:1', 'unknown', 'proxy-untried', 'HTTPS_PROXY "socks5://…@proxy.test:1"'],
  ])('that is none, or of another kind, is named: %s', async (text, verdict, cause, says) => {
    const base = 'https://registry.test:1/v2'
    const { summary } = await look(
      { ...(await world()), base },
      { proxies: readProxies({ HTTPS_PROXY: text }) },
    )
    expect(summary).toMatchObject({ verdict, cause, owner: 'this machine' })
    expect(summary.sentence).toContain(says)
    expect(summary.sentence).not.toMatch(/hunt/)
  })

  it('whose login cannot be read is named', async () => {
    const proxies = readProxies({ all_proxy: 'http://jo:100%25%@127.0.0.1:1' })
    const { summary } = await look(await world(), { proxies })
    expect(summary).toMatchObject({ verdict: 'fail', cause: 'proxy-auth' })
  })

  it('that is not there is named, and no host behind it', async () => {
    const pulled = await world()
    const proxies = readProxies({ all_proxy: 'http://proxy.test:3128' })
    const { summary, checks } = await look(pulled, { proxies })
    expect(summary).toMatchObject({ verdict: 'fail', cause: 'proxy-unreachable' })
    expect(summary.sentence).toContain('proxy.test:3128')
    expect(checks.filter(({ check }) => check === 'connect').map(({ verdict }) => verdict)).toEqual([
      'unknown',
      'unknown',
    ])
  })
})

it('takes nothing for a fault of others where this machine has no network', async () => {
  const pulled = await world()
  const away = Object.assign(new Error('connect ENETUNREACH'), { code: 'ENETUNREACH' })
  const sockets: Sockets = { ...pulled.sockets, families: () => [], connect: () => Promise.reject(away) }
  const { summary, checks } = await look({ ...pulled, sockets })
  expect(summary).toMatchObject({ verdict: 'unknown', owner: 'this machine' })
  expect(checks.filter(({ verdict }) => verdict === 'fail')).toEqual([])
})

it('takes a host that alone cannot be reached for a fault', async () => {
  const pulled = await world()
  const away = Object.assign(new Error('connect EHOSTUNREACH'), { code: 'EHOSTUNREACH' })
  const sockets: Sockets = { ...pulled.sockets, families: () => [4], connect: () => Promise.reject(away) }
  const { summary } = await look({ ...pulled, sockets })
  expect(summary).toMatchObject({ verdict: 'fail', cause: 'unreachable', host: 'registry.test' })
})

it('tells a blob that is not there from a manifest, wherever blobs are', async () => {
  const pulled = await world()
  pulled.instead.set('blobs-2.test', (_, response) => {
    response.writeHead(404, { 'Content-Type': 'application/xml' }).end('<Error/>')
    return true
  })
  const { summary } = await look(pulled)
  expect(summary).toMatchObject({ verdict: 'fail', cause: 'blob-unknown', host: 'blobs-2.test' })
})
