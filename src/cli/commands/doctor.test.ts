import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { runHosted } from '../../../test/support/command-host.ts'
import { type PullWorld, startPullWorld } from '../../../test/support/pull-world.ts'
import { makeTempFolder } from '../../../test/support/temp.ts'
import { DOCTOR_REPORT } from '../../doctor/network/report-schema.ts'

const folder = await makeTempFolder()
afterAll(() => folder[Symbol.asyncDispose]())

const doctor = (words: readonly string[], input?: string) =>
  runHosted(['doctor', ...words], { folder: folder.path, ...(input !== undefined && { input }) })

const UNTRUSTED =
  'Failed to pull image "registry.example/web:1": failed to do request: Head "https://jo:hunter2@registry.example/v2/web/manifests/1?token=s3cret": x509: certificate signed by unknown authority'

describe('doctor --error', () => {
  it('says what is wrong, where, why, who mends it and what to type', async () => {
    const { code, out, err } = await doctor(['--error', UNTRUSTED])
    expect({ code, err }).toEqual({ code: 0, err: '1 error explained\n' })
    expect(out).toMatch(
      /^nobody that this machine trusts has signed the certificate of registry\.example {2}\[tls-unknown-authority\]\n/,
    )
    expect(out).toContain(
      '  step       tls, asking for a manifest: https://registry.example/v2/web/manifests/1\n',
    )
    expect(out).toContain('  image      registry.example/web:1\n')
    expect(out).toContain('openssl s_client -connect registry.example:443 -servername registry.example')
    expect(out).not.toMatch(/hunter2|s3cret/)
  })

  it('reads standard input, and prints JSON with the likeliest cause first', async () => {
    const { code, out } = await doctor(
      ['--error', '-', '--json'],
      `a line\n\u001b[31m${UNTRUSTED}\u001b[0m\n`,
    )
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      version: 1,
      causes: [{ id: 'tls-unknown-authority', host: 'registry.example', port: 443, step: 'tls', allow: [] }],
      errors: [{ line: 2, count: 1, images: ['registry.example/web:1'], causes: ['tls-unknown-authority'] }],
      unknown: [],
    })
    expect(out).not.toMatch(/hunter2|s3cret|\\u001b/)
  })

  it('ends with 1 for what it does not know, and names what is nearest', async () => {
    const text = 'the certificate was signed by an unknown authority\u001b]0;x\u0007\u009b'
    const { code, out, err } = await doctor(['--error', text])
    expect({ code, err }).toEqual({ code: 1, err: 'nothing of this is known\n' })
    expect(out).toMatch(
      /^not known: line 1\n {2}said {5}the certificate was signed by an unknown authority\n {2}nearest {2}x509: certificate signed by unknown authority {2}\[tls-unknown-authority\]\n/,
    )
    expect(out.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
    const printed = await doctor(['--error', text, '--json'])
    expect(printed.code).toBe(1)
    expect(JSON.parse(printed.out)).toMatchObject({ version: 1, causes: [], errors: [] })
  })

  it.each([
    [['app:1', '--error', 'x'], '--error explains a text and tries nothing: give it alone'],
    [['--error', ' '], 'portolan: --error is empty: give it what was printed when the pull failed\n'],
  ])('refuses %j', async (words, message) => {
    const { code, out, err } = await doctor(words)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain(message)
  })
})

describe('doctor IMAGE', () => {
  const root = join(folder.path, 'machine')
  /** Its runtime pulls from a registry of this machine's own, whose images are the world's. */
  async function machine(pulled: PullWorld, more = ''): Promise<readonly string[]> {
    const { host } = new URL(pulled.base)
    const config = '/etc/containerd/config.toml'
    const hosts = '/etc/containerd/certs.d/registry.example/hosts.toml'
    for (const [path, text] of [
      [
        config,
        "version = 3\n[plugins.'io.containerd.cri.v1.images'.registry]\nconfig_path = '/etc/containerd/certs.d'\n",
      ],
      [hosts, `server = "http://${host}"\n[host."http://${host}"]\n${more}`],
    ] as const) {
      await mkdir(dirname(join(root, path)), { recursive: true })
      await writeFile(join(root, path), text)
    }
    return ['registry.example/app:1', '--root', root, '--platform', 'linux/amd64']
  }

  it('passes by the mirror that the settings name, and lists the hosts that were asked', async () => {
    await using pulled = await startPullWorld({ byAddress: true, token: 'a-token-of-some-length' })
    const words = await machine(pulled)
    const { code, out, err } = await doctor(words)
    expect({ code, err }).toEqual({ code: 0, err: `pulling as containerd would, from ${pulled.base}\n` })
    expect(out).toMatch(/^pass: containerd can pull registry\.example\/app:1\n/)
    expect(out).toContain('proxy   none (containerd.service)')
    const printed = await doctor([...words, '--json'])
    const { allow } = DOCTOR_REPORT.parse(JSON.parse(printed.out))
    const hosts = allow.map(({ host, port }) => `${host}:${port}`)
    expect(new Set(hosts)).toEqual(pulled.asked)
    expect(printed.out).not.toMatch(/hunter2|s3cret|a-token/)
    const listed = await doctor([...words, '--allowlist'])
    for (const host of pulled.asked) expect(listed.out).toContain(host.replace(':', '  '))
  })

  it('ends with 1 where a host of blobs is down, and names it with what to type', async () => {
    await using pulled = await startPullWorld({ byAddress: true })
    const words = await machine(pulled)
    await pulled.stop('blobs-2.test')
    const { code, out } = await doctor(words)
    expect(code).toBe(1)
    const port = pulled.ports.get('blobs-2.test')
    expect(out).toMatch(`fail: 127.0.0.1 answers, and nothing listens at port ${port} `)
    expect(out).toContain(`\`nc -vz 127.0.0.1 ${port}\``)
    const listed = await doctor([...words, '--allowlist'])
    expect(listed.out).toContain('not all: ')
  })

  it('ends with 1 where the runtime does not start by its settings, though the network is well', async () => {
    await using pulled = await startPullWorld({ byAddress: true })
    const words = await machine(pulled)
    await writeFile(join(root, '/etc/containerd/config.toml'), 'version = [')
    const { code, out } = await doctor([...words, '--door', new URL(pulled.base).origin])
    expect(code).toBe(1)
    expect(out).toContain(
      'the settings of containerd do not do what they say: /etc/containerd/config.toml:1: ',
    )
  })

  it('names the settings that it cannot read', async () => {
    await using pulled = await startPullWorld({ byAddress: true })
    const words = await machine(pulled)
    const daemon = join(root, '/etc/systemd/system/containerd.service.d/long.conf')
    await mkdir(dirname(daemon), { recursive: true })
    await writeFile(daemon, '#'.repeat(2 ** 20 + 1))
    const { code, err } = await doctor(words)
    expect(code).toBe(0)
    expect(err).toContain(
      'not read: /etc/systemd/system/containerd.service.d/long.conf: it is longer than 1 MiB',
    )
    await rm(daemon)
  })

  it('says what is otherwise than on a machine that works, and nothing where all is the same', async () => {
    await using pulled = await startPullWorld({ byAddress: true })
    const words = await machine(pulled)
    const good = join(folder.path, 'good.json')
    await writeFile(good, (await doctor([...words, '--json'])).out)
    const same = await doctor([...words, '--compare', good])
    expect({ code: same.code, last: same.out.split('\n\n').at(-1) }).toEqual({
      code: 0,
      last: 'nothing is otherwise than there\n',
    })
    await pulled.stop('blobs-2.test')
    const unit = join(root, '/etc/systemd/system/containerd.service')
    await mkdir(dirname(unit), { recursive: true })
    await writeFile(unit, '[Service]\nEnvironment=HTTPS_PROXY=http://jo:hunter2@127.0.0.1:1\n')
    const { code, out } = await doctor([...words, '--compare', good, '--json'])
    expect(code).toBe(1)
    expect(out).not.toContain('hunter2')
    const at = `127.0.0.1:${pulled.ports.get('blobs-2.test')}`
    expect(DOCTOR_REPORT.parse(JSON.parse(out)).differences).toEqual(
      expect.arrayContaining([
        { what: 'proxy for https', there: 'none', here: 'http://…@127.0.0.1:1' },
        { what: `connect ${at} IPv4`, there: 'pass', here: 'fail' },
        { what: `pull ${pulled.base} IPv4`, there: 'pass', here: 'fail' },
      ]),
    )
    await rm(unit)
  })

  it.each(['[]', '{"version":2}', 'x', '{"version":1,"image":1}'])('compares with no %s', async (text) => {
    const file = join(folder.path, 'other.json')
    await writeFile(file, text)
    const { code, out, err } = await doctor(['app:1', '--compare', file])
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toMatch(/^portolan: .*other\.json is not what doctor --json prints/)
  })

  it.each([
    [['a b'], 'portolan: "a b" is not an image reference'],
    [['--door', 'registry.example'], 'must be http:// or https:// and a host'],
    [['--root', '/nowhere'], '--root is "/nowhere", which is no folder here'],
    [['--family', '5'], 'must be one of 4, 6'],
    [['--timeout', '1ms'], 'must be a duration from 100ms to 5m'],
    [['--platform', 'linux'], 'must be OS/ARCHITECTURE'],
  ])('refuses %j', async (words, message) => {
    const { code, err } = await doctor(words)
    expect(code).toBe(2)
    expect(err).toContain(message)
  })
})
