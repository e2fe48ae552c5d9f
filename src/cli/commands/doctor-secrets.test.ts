import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { runHosted } from '../../../test/support/command-host.ts'
import { type Instead, type PullWorld, startPullWorld } from '../../../test/support/pull-world.ts'
import { makeTempFolder } from '../../../test/support/temp.ts'
import { DOCTOR_REPORT } from '../../doctor/network/report-schema.ts'

const folder = await makeTempFolder()
afterAll(() => folder[Symbol.asyncDispose]())

/** Whatever lets somebody in, here; as long as what is real. */
const SECRET = 'hunter2x0123456789abcdefABCDEF'
const LOGIN = `jo:${SECRET}`

type Files = Readonly<Record<string, string>>
const CONTAINERD =
  "version = 3\n[plugins.'io.containerd.cri.v1.images'.registry]\nconfig_path = '/etc/containerd/certs.d'\n"
const hosts = (host: string, text: string, scheme = 'http'): Files => ({
  '/etc/containerd/config.toml': CONTAINERD,
  '/etc/containerd/certs.d/registry.example/hosts.toml': `server = "${scheme}://${host}"\n${text}`,
})
const plain = (host: string, scheme = 'http') => hosts(host, `[host."${scheme}://${host}"]\n`, scheme)
const unit = (text: string): Files => ({
  '/etc/systemd/system/containerd.service': `[Service]\nEnvironment=${text}\n`,
})

let count = 0
/** All that doctor says of a machine: as text, as JSON, as a list of hosts, and beside another machine. */
async function sayAll(
  files: Files,
  runtime: string,
  image = 'registry.example/app:1',
): Promise<readonly string[]> {
  const root = join(folder.path, String(++count))
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
  const words = ['doctor', image, '--root', root, '--runtime', runtime, '--platform', 'linux/amd64']
  const run = (...more: string[]) =>
    runHosted([...words, '--timeout', '500ms', ...more], { folder: folder.path })
  const printed = await run('--json')
  DOCTOR_REPORT.parse(JSON.parse(printed.out))
  const other = join(folder.path, `${count}.json`)
  // A report of before, or one that somebody has written.
  const report = JSON.parse(printed.out)
  report.view.proxies.https = `http://${LOGIN}@127.0.0.1:3128`
  report.view.endpoints = [`https://${LOGIN}@mirror.example/v2?token=${SECRET}`]
  report.view.findings = [{ problem: `password=${SECRET} is not read` }]
  report.checks = [{ check: 'pull', at: `https://${LOGIN}@there.example`, verdict: `fail: Bearer ${SECRET}` }]
  await writeFile(other, JSON.stringify(report))
  const all = [
    printed,
    await run(),
    await run('--allowlist'),
    await run('--compare', other),
    await run('--compare', other, '--json'),
  ]
  for (const { code, out } of all) expect([code, out.length > 100]).toEqual([printed.code, true])
  return all.flatMap(({ out, err }) => `${out}\n${err}`.split('\n')).filter((line) => line.includes(SECRET))
}

describe('what doctor says holds nothing that lets its reader in', () => {
  const settings: readonly (readonly [string, string, (host: string) => Files])[] = [
    [
      'a login in the URL of a mirror',
      'containerd',
      (host) => hosts(host, `[host."http://${LOGIN}@${host}"]\n`),
    ],
    [
      'a login in the header of a mirror',
      'containerd',
      (host) =>
        hosts(
          host,
          `[host."http://${host}"]\n[host."http://${host}".header]\nAuthorization = "Basic ${SECRET}"\n`,
        ),
    ],
    [
      'a key that nobody knows',
      'containerd',
      (host) => hosts(host, `[host."http://${host}"]\npassword = "${SECRET}"\n"token=${SECRET}" = 1\n`),
    ],
    [
      'a query of a mirror',
      'containerd',
      (host) => hosts(host, `[host."http://${host}/v2?token=${SECRET}"]\n[host."${LOGIN}@${host}"]\n`),
    ],
    [
      'a file that is no TOML',
      'containerd',
      (host) => hosts(host, `[host."http://${host}"]\npassword = ${SECRET}"\n`),
    ],
    [
      'the login of a proxy',
      'containerd',
      (host) => ({
        ...plain(host),
        ...unit(`HTTP_PROXY=http://${LOGIN}@127.0.0.1:1 HTTPS_PROXY=${LOGIN}@127.0.0.1:1`),
      }),
    ],
    [
      'a proxy that is none',
      'containerd',
      () => ({ ...plain('mirror.example', 'https'), ...unit(`HTTPS_PROXY=${LOGIN}@[bad`) }),
    ],
    [
      'a proxy of another kind',
      'containerd',
      () => ({
        ...plain('mirror.example', 'https'),
        ...unit(`HTTPS_PROXY=socks5://${LOGIN}@127.0.0.1:1`),
      }),
    ],
    [
      'a login in mirrors and registries of Docker',
      'docker',
      (host) => ({
        '/etc/docker/daemon.json': JSON.stringify({
          'registry-mirrors': [
            `http://${LOGIN}@${host}`,
            `http://${host}/a?token=${SECRET}`,
            `${LOGIN}@${host}`,
          ],
          'insecure-registries': [`${LOGIN}@${host}`],
          proxies: { 'http-proxy': `http://${LOGIN}@127.0.0.1:1` },
        }),
      }),
    ],
    [
      'a login in a location of registries.conf',
      'podman',
      (host) => ({
        '/etc/containers/registries.conf': `[[registry]]\nprefix = "registry.example"\nlocation = "${LOGIN}@${host}"\ninsecure = true\n[[registry.mirror]]\nlocation = "http://${LOGIN}@${host}?token=${SECRET}"\n`,
      }),
    ],
  ]

  it.each(settings)('%s', async (_, runtime, files) => {
    await using world = await startPullWorld({ byAddress: true })
    const { host } = new URL(world.base)
    const image = runtime === 'docker' ? `${host}/app:1` : undefined
    expect(await sayAll(files(host), runtime, image)).toEqual([])
  })

  it.each([200, 404])('the link of a report that is none, answered with %i', async (status) => {
    await using world = await startPullWorld({ byAddress: true })
    world.instead.set('registry.test', answer(status, {}, 'x'))
    for (const link of [
      `http://${LOGIN}@127.0.0.1:1/r.json`,
      `${new URL(world.base).origin}/r.json?sig=${SECRET}`,
    ]) {
      const { code, out, err } = await runHosted(['doctor', 'app:1', '--compare', link], {
        folder: folder.path,
      })
      expect([code !== 0, out, err.includes('/r.json')]).toEqual([true, '', true])
      expect(err).not.toContain(SECRET)
    }
  })

  const answer =
    (status: number, headers: Readonly<Record<string, string>>, body = ''): Instead =>
    (_, response) => {
      response.writeHead(status, headers).end(body)
      return true
    }
  const JSON_TYPE = { 'Content-Type': 'application/vnd.oci.image.manifest.v1+json' }
  const answers: readonly (readonly [string, string, (world: PullWorld) => Instead])[] = [
    [
      'a redirect with a login',
      'registry.test',
      ({ ports }) => answer(307, { Location: `http://${LOGIN}@127.0.0.1:${ports.get('blobs-1.test')}/x` }),
    ],
    [
      'a redirect with a token in its path',
      'registry.test',
      ({ ports }) =>
        answer(307, {
          Location: `http://127.0.0.1:${ports.get('auth.test')}/token=${SECRET}/${SECRET}/eyJhbGciOiJub25lIn0.${SECRET}.x?sig=${SECRET}#${SECRET}`,
        }),
    ],
    ['a redirect in a circle', 'registry.test', () => answer(307, { Location: `?token=${SECRET}` })],
    [
      'a redirect elsewhere',
      'registry.test',
      () => answer(307, { Location: `ftp://${LOGIN}@a.example/${SECRET}` }),
    ],
    [
      'a challenge',
      'registry.test',
      ({ ports }) =>
        answer(401, {
          'WWW-Authenticate': `Bearer realm="http://127.0.0.1:${ports.get('auth.test')}/${SECRET}/t?key=${SECRET}",service="${SECRET}",scope="x"`,
          'Set-Cookie': `a=${SECRET}`,
        }),
    ],
    [
      'a challenge with a login',
      'registry.test',
      () => answer(401, { 'WWW-Authenticate': `Bearer realm="http://${LOGIN}@127.0.0.1/t"` }),
    ],
    [
      'a challenge of another kind',
      'registry.test',
      () => answer(401, { 'WWW-Authenticate': `Token ${SECRET}` }),
    ],
    [
      'headers',
      'registry.test',
      () =>
        answer(429, {
          Server: `x password=${SECRET}`,
          Via: `1.1 ${LOGIN}@proxy`,
          'Retry-After': `Bearer ${SECRET}`,
          'Content-Type': `text/plain; token=${SECRET}`,
          'Set-Cookie': `session=${SECRET}`,
        }),
    ],
    [
      'a body that is no JSON',
      'registry.test',
      () => answer(200, JSON_TYPE, `${SECRET} {"token":"${SECRET}"`),
    ],
    [
      'a body that is no manifest',
      'registry.test',
      () => answer(200, JSON_TYPE, JSON.stringify({ schemaVersion: SECRET, token: SECRET, mediaType: 1 })),
    ],
    [
      'a page',
      'registry.test',
      () => answer(403, { 'Content-Type': 'text/html' }, `<html>password=${SECRET}</html>`),
    ],
    [
      'the encoding of a blob',
      'blobs-2.test',
      () => answer(200, { 'Content-Encoding': `token=${SECRET}` }, 'x'.repeat(307_200)),
    ],
  ]

  it.each(answers)('%s of a host', async (_, name, spoil) => {
    await using world = await startPullWorld({ byAddress: true })
    world.instead.set(name, spoil(world))
    expect(await sayAll(plain(new URL(world.base).host), 'containerd')).toEqual([])
  })
})
