import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runHosted } from '../../test/support/command-host.ts'
import { EXIT, exitCodeOf } from './exit-code.ts'

const README = fileURLToPath(new URL('../../README.md', import.meta.url))
const GOOD = 'version: 1\nupstreams: [{ id: a, layout: images, at: dc/x }]\n'
const BAD = 'version: 1\nupstreams: [{ id: a, layout: a, at: dc/x }]\ndebug: yes\nlisten: 8080\n'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portolan-cli-'))
  await mkdir(join(folder, 'images'))
  await writeFile(join(folder, 'good.yaml'), GOOD)
  await writeFile(join(folder, 'bad.yaml'), BAD)
  await writeFile(join(folder, 'latin1.yaml'), Buffer.from([0x61, 0x3a, 0xe9]))
})
afterAll(() => rm(folder, { recursive: true }))

/** Runs the program in the folder of the configs, as a user would. */
function portolan(words: string[], options: { input?: string; env?: Record<string, string> } = {}) {
  return runHosted(words, { folder, ...options })
}

const FAULTS = [
  'bad.yaml:3:8 debug: "yes": must be true or false',
  'bad.yaml:4:9 listen: 8080: must be HOST:PORT, such as 0.0.0.0:8080, :8080 or [::]:8080, with a port from 0 to 65535',
]

test('config check of a valid config ends with 0', async () => {
  expect(await portolan(['config', 'check', 'good.yaml'])).toEqual({
    code: 0,
    out: 'good.yaml: valid; upstreams: 1, stores: 0, rules: 0\n',
    err: '',
  })
})

test('config check of several configs says of each what is wrong with it', async () => {
  expect(await portolan(['config', 'check', 'good.yaml', 'bad.yaml', 'good.yaml'])).toEqual({
    code: 2,
    out: 'good.yaml: valid; upstreams: 1, stores: 0, rules: 0\n'.repeat(2),
    err: `${FAULTS.join('\n')}\n`,
  })
  const { out } = await portolan(['config', 'check', '--json', 'bad.yaml', 'good.yaml'])
  expect(JSON.parse(out).faults).toMatchObject([{ file: 'bad.yaml' }, { file: 'bad.yaml' }])
})

test('config check follows links to see that no two stores are one folder, and that no journal is served', async () => {
  await mkdir(join(folder, 'store'))
  for (const link of ['link', 'other']) await symlink(join(folder, 'store'), join(folder, link))
  const stores = ['store', 'link'].map((path) => ({
    ...{ id: path, url: `https://${path}.test`, at: 'dc/x', fill: { folder: path } },
  }))
  const more = JSON.stringify({ stores, sync: { journal: 'other/journal' } }).slice(1, -1)
  const upstreams = '"upstreams": [{ "id": "a", "url": "https://a.test", "at": "dc/x" }]'
  await writeFile(join(folder, 'twice.yaml'), `{ "version": 1, ${upstreams}, ${more} }`)
  const { code, err } = await portolan(['config', 'check', 'twice.yaml'])
  expect(code).toBe(2)
  expect(err).toMatch(/^twice[.]yaml stores\[1\][.]fill[.]folder: is where stores\[0\] is filled too/m)
  expect(err).toMatch(/^twice[.]yaml sync[.]journal: lies in the folder of stores\[0\], which is served/m)
})

test('config check looks at the files by which a door speaks TLS, and warns of those that are elsewhere', async () => {
  await writeFile(join(folder, 'noise.pem'), 'noise')
  const config = (tls: object) => `${GOOD}tls: ${JSON.stringify(tls)}\n`
  await writeFile(join(folder, 'elsewhere.yaml'), config({ certificate: 'tls.crt', key: '/secret/tls.key' }))
  const elsewhere = await portolan(['config', 'check', 'elsewhere.yaml'])
  expect(elsewhere.code).toBe(0)
  expect(elsewhere.err.trimEnd().split('\n')).toEqual([
    expect.stringMatching(
      /^warning: elsewhere\.yaml tls\.certificate: ".*\/tls\.crt": cannot be read here \(ENOENT/,
    ),
    expect.stringMatching(
      /^warning: elsewhere\.yaml tls\.key: "\/secret\/tls\.key": cannot be read here \(ENOENT/,
    ),
  ])
  await writeFile(join(folder, 'noise.yaml'), config({ certificate: 'noise.pem', key: 'noise.pem' }))
  expect(await portolan(['config', 'check', 'noise.yaml'])).toMatchObject({
    code: 2,
    out: '',
    err: expect.stringMatching(/^noise\.yaml tls\.certificate: .* holds no certificate; expected PEM/),
  })
})

test('config check looks at the files of users and logins, and repeats nothing of them', async () => {
  await writeFile(join(folder, 'users'), 'jo:hunter2\n')
  const upstream = { id: 'a', url: 'https://a.example', at: 'dc/x' }
  const credentials = { username: 'jo', passwordFile: 'nowhere' }
  const config = {
    ...{ version: 1, delivery: 'relay', cache: 'off', listen: '127.0.0.1:8080' },
    clients: { htpasswd: 'users' },
    upstreams: [{ ...upstream, credentials }],
  }
  await writeFile(join(folder, 'mirror.yaml'), JSON.stringify(config))
  const { code, err } = await portolan(['config', 'check', 'mirror.yaml'])
  expect(code).toBe(2)
  expect(err).toMatch(
    /^mirror\.yaml clients\.htpasswd: .*users, line 1: the password of "jo" is not kept by bcrypt/m,
  )
  expect(err).toMatch(
    /^warning: .* upstreams\[0\]\.credentials\.passwordFile: .*nowhere": cannot be read here/m,
  )
  expect(err).not.toContain('hunter2')
})

test('config check warns of lists of pinned images that a mirror could not keep', async () => {
  await writeFile(join(folder, 'pins.txt'), 'a.example/app:1\na b c\nb.example/app:1\n')
  const config = {
    ...{ version: 1, delivery: 'relay', listen: '127.0.0.1:8080' },
    cache: { folder: 'kept', size: '1GiB', pin: ['pins.txt', 'gone.txt'] },
    registries: [{ host: 'a.example', upstreams: ['a'] }],
    upstreams: [{ id: 'a', url: 'https://a.example', at: 'dc/x' }],
  }
  await writeFile(join(folder, 'pinning.yaml'), JSON.stringify(config))
  const { code, out, err } = await portolan(['config', 'check', 'pinning.yaml'])
  expect({ code, out }).toEqual({
    code: 0,
    out: 'pinning.yaml: valid; a mirror; registries: 1, upstreams: 1, stores: 0, rules: 0\n',
  })
  expect(err.trimEnd().split('\n')).toEqual([
    expect.stringMatching(/^warning: pinning\.yaml cache\.pin\[0\]: ".*pins\.txt": line 2: /),
    expect.stringMatching(
      /pins\.txt": names b\.example\/app:1, and b\.example is none of the registries: a\.example$/,
    ),
    expect.stringMatching(/cache\.pin\[1\]: ".*gone\.txt": cannot be read here \(ENOENT/),
  ])
})

test('config check warns of an image layout that is not there', async () => {
  const config = { version: 1, upstreams: [{ id: 'a', layout: './gone', at: 'dc/x' }] }
  await writeFile(join(folder, 'layout.yaml'), JSON.stringify(config))
  expect(await portolan(['config', 'check', 'layout.yaml'])).toMatchObject({
    code: 0,
    err: expect.stringMatching(/upstreams\[0\]\.layout: ".*gone": cannot be read here \(ENOENT/),
  })
})

test('config check reads standard input, once', async () => {
  const input = GOOD
  expect(await portolan(['config', 'check', '-'], { input })).toMatchObject({
    out: 'standard input: valid; upstreams: 1, stores: 0, rules: 0\n',
  })
  expect(await portolan(['config', 'check', '-', 'good.yaml', '-'], { input })).toEqual({
    code: 2,
    out: '',
    err: 'portolan: - stands twice: standard input can be read once\n',
  })
})

test('config check goes on behind a file that cannot be read, and tells of each', async () => {
  const words = ['config', 'check', 'missing.yaml', 'bad.yaml', '.', 'good.yaml']
  const { code, out, err } = await portolan(words)
  expect({ code, out }).toEqual({ code: 2, out: 'good.yaml: valid; upstreams: 1, stores: 0, rules: 0\n' })
  const lines = err.trimEnd().split('\n')
  expect(lines).toEqual([
    expect.stringMatching(/^missing\.yaml: cannot be read: ENOENT/),
    ...FAULTS,
    expect.stringMatching(/^\.: cannot be read: EISDIR/),
  ])
  const printed = await portolan([...words, '--json'])
  expect({ ...printed, out: JSON.parse(printed.out) }).toMatchObject({
    code: 2,
    out: {
      faults: [
        { file: 'missing.yaml', path: '', message: expect.stringMatching(/^cannot be read: ENOENT/) },
        { file: 'bad.yaml' },
        { file: 'bad.yaml' },
        { file: '.', path: '', message: expect.stringMatching(/^cannot be read: EISDIR/) },
      ],
    },
    err: '',
  })
})

test('a file that is no config at all has one fault, where it ceases to be YAML', async () => {
  const { code, err } = await portolan(['config', 'check', README])
  expect(code).toBe(2)
  expect(err).toMatch(/^[^\n]*README\.md:\d+:1: is not YAML: [^\n]+\n$/)
})

test('with --quiet, a command says its results and nothing else', async () => {
  await writeFile(
    join(folder, 'pod.yaml'),
    'kind: Pod\nspec: { containers: [{ image: k8s.gcr.io/pause:3.2 }] }\n',
  )
  const loud = await portolan(['scan', 'pod.yaml'])
  expect(loud).toMatchObject({ code: 1, err: '1 file, 1 finding\n' })
  expect(await portolan(['scan', 'pod.yaml', '--quiet'])).toEqual({ ...loud, err: '' })
  const env = { PORTOLAN_SCAN_QUIET: 'true' }
  expect(await portolan(['scan', 'pod.yaml'], { env })).toEqual({ ...loud, err: '' })
})

test('config check of an invalid config prints a line for each fault and ends with 2', async () => {
  expect(await portolan(['config', 'check', 'bad.yaml'])).toEqual({
    code: 2,
    out: '',
    err: `${FAULTS.join('\n')}\n`,
  })
})

test('config check --json prints faults as data, and none for a valid config', async () => {
  const bad = await portolan(['config', 'check', '--json', 'bad.yaml'])
  expect(bad).toMatchObject({ code: 2, err: '' })
  expect(JSON.parse(bad.out).faults[0]).toEqual({
    file: 'bad.yaml',
    path: 'debug',
    value: 'yes',
    message: 'must be true or false',
    line: 3,
    column: 8,
  })
  const good = await portolan(['config', 'check', 'good.yaml'], {
    env: { PORTOLAN_CONFIG_CHECK_JSON: 'true' },
  })
  expect(good).toMatchObject({ code: 0 })
  expect(JSON.parse(good.out)).toEqual({ version: 1, faults: [], warnings: [] })
})

test('config show reads standard input and the environment, and starts paths from the working folder', async () => {
  const input = `${GOOD}log: { level: "\${LEVEL}" }\n`
  const shown = await portolan(['config', 'show', '-', '--json'], { input, env: { LEVEL: 'warn' } })
  expect(shown).toMatchObject({ code: 0, err: '' })
  expect(JSON.parse(shown.out)).toMatchObject({
    log: { level: 'warn' },
    upstreams: [{ layout: expect.stringMatching(/\/images$/) }],
  })
})

test('config show of an invalid config prints its faults and ends with 2', async () => {
  expect(await portolan(['config', 'show', 'bad.yaml'])).toEqual({
    code: 2,
    out: '',
    err: `${FAULTS.join('\n')}\n`,
  })
})

test('config schema prints a JSON Schema', async () => {
  const { code, out } = await portolan(['config', 'schema'])
  expect(code).toBe(0)
  expect(JSON.parse(out)).toMatchObject({ type: 'object', required: ['version', 'upstreams'] })
})

test('serve of an invalid config starts nothing', async () => {
  const env = { PORTOLAN_SERVE_CONFIG: 'bad.yaml' }
  expect(await portolan(['serve'], { env })).toEqual({ code: 2, out: '', err: `${FAULTS.join('\n')}\n` })
})

test.each<[words: string[], err: RegExp]>([
  [['bogus'], /^portolan: unknown command 'bogus'\n$/],
  [['config', 'check'], /^portolan: missing required argument 'file'\n$/],
  [
    ['config', 'check', 'good.yaml', '--jsn'],
    /^portolan: unknown option '--jsn' \(Did you mean --json\?\)\n$/,
  ],
  [['config', 'check', 'missing.yaml'], /^missing\.yaml: cannot be read: ENOENT.*\n$/],
  [['config', 'check', '.'], /^\.: cannot be read: EISDIR.*\n$/],
  [['config', 'check', 'latin1.yaml'], /^latin1\.yaml: cannot be read: .*utf-8.*\n$/],
  [['serve'], /^portolan: --config <file> \(or PORTOLAN_SERVE_CONFIG\) is required\n$/],
  [['serve', '--cofnig', 'a'], /^portolan: unknown option '--cofnig' \(Did you mean --config\?\)\n$/],
  [['serve', 'a.yaml', 'more'], /^portolan: too many arguments .*\n$/],
  [
    ['serve', 'a.yaml', '--config', 'b.yaml'],
    /^portolan: "a\.yaml" and --config b\.yaml say the same: give one of them\n$/,
  ],
  [['serve', 'missing.yaml'], /^portolan: cannot read missing\.yaml: ENOENT.*\n$/],
  [['sync', 'good.yaml'], /^portolan: the config has no "sync".*\n$/],
  [['audit', 'good.yaml'], /^portolan: the config has no "sync".*\n$/],
  [['demo', '--port', '65536'], /^portolan: --port "65536" must be a port from 0 to 65535\n$/],
])('wrong usage, %j, is one line and ends with 2', async (words, err) => {
  expect(await portolan(words)).toEqual({ code: 2, out: '', err: expect.stringMatching(err) })
})

test.each<[words: string[], code: number, error: object]>([
  [['config', 'check', '--json'], 2, { code: 'USAGE', message: "missing required argument 'file'" }],
  [
    ['config', 'check', '--json', '--bogus', 'good.yaml'],
    2,
    { code: 'USAGE', message: "unknown option '--bogus'" },
  ],
  [
    ['config', 'show', '--json', 'missing.yaml'],
    2,
    { code: 'FILE_UNREADABLE', message: expect.stringMatching(/^cannot read missing\.yaml: ENOENT/) },
  ],
  [
    ['config', 'show', '--json', 'bad.yaml'],
    2,
    { code: 'CONFIG_INVALID', message: FAULTS.join('\n'), faults: [{ path: 'debug' }, { path: 'listen' }] },
  ],
  [
    ['sync', '--json', '--concurrency', '0', '--config', 'good.yaml'],
    2,
    { code: 'USAGE', message: '--concurrency "0" must be a whole number from 1 to 64' },
  ],
  [
    ['explain', '--json', 'a', '--from', '192.0.2.1', '--admin', 'http://127.0.0.1:1'],
    3,
    { code: 'UNREACHABLE' },
  ],
])('an error with --json, %j, is a document too', async (words, code, error) => {
  const ended = await portolan(words)
  expect({ ...ended, out: JSON.parse(ended.out) }).toMatchObject({
    code,
    out: { version: 1, error },
    err: expect.stringMatching(/./),
  })
})

test('every command has help with an example', async () => {
  const commands = [
    [],
    ['serve'],
    ['demo'],
    ['sync'],
    ['audit'],
    ['config'],
    ['config', 'check'],
    ['config', 'show'],
    ['config', 'schema'],
  ]
  for (const { code, out } of await Promise.all(commands.map((words) => portolan([...words, '--help'])))) {
    expect(code).toBe(0)
    expect(out).toMatch(/Examples?:\n {2}\$ portolan /)
  }
})

test('the version is that of the package', async () => {
  expect(await portolan(['--version'])).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
  })
})

test('what could not be reached is told from wrong usage and from a failure', () => {
  expect(exitCodeOf('UNREACHABLE')).toBe(EXIT.unreachable)
  expect(exitCodeOf('CONFIG_INVALID')).toBe(EXIT.wrongUsage)
  expect(exitCodeOf('LISTEN_FAILED')).toBe(EXIT.unreachable)
  expect(exitCodeOf('STORE_REFUSED')).toBe(EXIT.failed)
})
