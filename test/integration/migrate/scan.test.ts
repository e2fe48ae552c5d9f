import { chmod, mkdir, open, readFile, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { z } from 'zod'
import { runHosted } from '../../support/command-host.ts'
import { findPrograms, runOk } from '../../support/programs.ts'
import { makeTempFolder } from '../../support/temp.ts'

const SCHEMA = join(import.meta.dirname, '../../../docs/schemas/scan-report.json')
const NODES = join(import.meta.dirname, '../../fixtures/migrate/nodes')
const POD =
  'apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - name: a\n      image: k8s.gcr.io/pause:3.2\n'
const LIST = '{"version":1,"findings":{"pod.yaml | Pod container a | k8s.gcr.io/pause:3.2":1}}'

/** Runs a command in a folder as a user would, with a text on standard input. */
function portolan(folder: string, words: readonly string[], input = '') {
  return runHosted(words, { folder, input })
}

/** Makes a folder of files, by path to content. */
async function makeTree(files: Readonly<Record<string, string | Uint8Array>>) {
  const folder = await makeTempFolder()
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder.path, path)), { recursive: true })
    await writeFile(join(folder.path, path), content)
  }
  return folder
}

/** Where findings are, as `--json` gives them. */
async function scanned(cwd: string, ...words: string[]) {
  const { out, code, err } = await portolan(cwd, ['scan', '--json', ...words])
  expect(err).not.toContain('this is a bug')
  const report = JSON.parse(out)
  return { ...report, code, paths: report.findings.map(({ path }: { path: string }) => path) }
}

describe('scan', () => {
  it('prints each reference with its place, what it becomes and what it belongs to, and ends with 1', async () => {
    await using folder = await makeTree({ 'pod.yaml': POD, 'README.md': 'we use k8s.gcr.io/pause\n' })
    expect(await portolan(folder.path, ['scan', '.'])).toEqual({
      code: 1,
      out:
        '  place          reference             becomes                    belongs to\n' +
        '  pod.yaml:6:14  k8s.gcr.io/pause:3.2  registry.k8s.io/pause:3.2  Pod container a\n',
      err:
        'not understood: README.md: 1 mention, the first in line 1\n' +
        '2 files, 1 finding, 1 file with mentions that were not understood (--include-text shows them)\n',
    })
  })

  it.each([[['.', './x']], [['x', '.']], [['x/pod.yaml', '.', '../REPO/x']], [['.', '.']]])(
    'looks through a file once, however often it is named: %j',
    async (paths) => {
      await using folder = await makeTempFolder()
      await mkdir(join(folder.path, 'x'))
      await writeFile(join(folder.path, 'x/pod.yaml'), POD)
      await writeFile(join(folder.path, 'other.yaml'), POD)
      const words = paths.map((path) => path.replace('REPO', folder.path.split('/').at(-1)!))
      const { out, err } = await portolan(folder.path, ['scan', '--json', ...words])
      expect(err).toBe('2 files, 2 findings\n')
      expect(JSON.parse(out)).toMatchObject({ files: 2 })
    },
  )

  it('ends with 0 and prints nothing to standard output when there is nothing to find', async () => {
    await using folder = await makeTree({ 'pod.yaml': POD.replace('k8s.gcr.io', 'registry.k8s.io') })
    expect(await portolan(folder.path, ['scan', '.'])).toEqual({
      code: 0,
      out: '',
      err: '1 file, 0 findings\n',
    })
  })

  it.each([
    [['scan'], 'name what to scan'],
    [['scan', '--node', '.'], 'name no paths with it'],
    [['scan', '--root', '/', '.'], '--root needs --node'],
    [['scan', '--json', '--sarif', '.'], '--json and --sarif exclude each other'],
    [['scan', 'missing'], 'cannot read missing: there is no such file'],
    [['scan', '--map', 'missing.yaml', '.'], 'cannot read missing.yaml'],
    [['scan', '--baseline', 'bad.json', '.'], 'bad.json is no baseline: its version is 2'],
  ])('refuses %j', async (words, message) => {
    await using folder = await makeTree({ 'bad.json': '{"version":2}' })
    const { code, err } = await portolan(folder.path, words)
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining(message) })
  })

  it('reads standard input', async () => {
    await using folder = await makeTempFolder()
    expect((await portolan(folder.path, ['scan', '-'], POD)).out).toContain('stdin.yaml:6:14')
    const words = ['scan', '--stdin-name', 'Dockerfile', '-']
    expect((await portolan(folder.path, words, 'FROM k8s.gcr.io/pause:3.2\n')).out).toContain(
      'Dockerfile:1:6',
    )
  })

  it('finds comments, prose and URLs with --include-text only, each reference once', async () => {
    await using folder = await makeTree({
      'pod.yaml': `# k8s.gcr.io/a:1\n${POD}`,
      'notes.md': 'https://k8s.gcr.io/v2/\n',
    })
    expect((await scanned(folder.path, '.')).paths).toEqual(['pod.yaml'])
    expect((await scanned(folder.path, '--include-text', '.')).paths).toEqual([
      'notes.md',
      'pod.yaml',
      'pod.yaml',
    ])
  })

  it('uses an operator’s map, and goes the other way with --revert', async () => {
    await using folder = await makeTree({
      'map.yaml': 'registry.k8s.io: mirror.example/k8s\n',
      'deploy/pod.yaml': POD.replace('k8s.gcr.io', 'registry.k8s.io'),
    })
    const { findings } = await scanned(folder.path, '--map', 'map.yaml', 'deploy')
    expect(findings[0].replacement).toBe('mirror.example/k8s/pause:3.2')
    const back = await scanned(folder.path, '--revert', 'deploy')
    expect(back.findings[0].replacement).toBe('k8s.gcr.io/pause:3.2')
  })

  it('does not end with 1 for what is only related', async () => {
    await using folder = await makeTree({ 'pod.yaml': POD.replace('k8s.gcr.io', 'registry-sandbox.k8s.io') })
    expect(await scanned(folder.path, '.')).toMatchObject({ code: 0, findings: [{ verdict: 'related' }] })
  })
})

describe('a baseline', () => {
  it('has findings not counted again, though lines above them come and go', async () => {
    await using folder = await makeTree({ 'pod.yaml': POD })
    expect(await portolan(folder.path, ['scan', '--write-baseline', 'known.json', '.'])).toMatchObject({
      code: 0,
    })
    expect(JSON.parse(await readFile(join(folder.path, 'known.json'), 'utf8'))).toEqual(JSON.parse(LIST))
    await writeFile(join(folder.path, 'pod.yaml'), `# a\n# b\n${POD}`)
    expect(await portolan(folder.path, ['scan', '--baseline', 'known.json', 'pod.yaml'])).toEqual({
      code: 0,
      out: '',
      err: '1 file, 0 findings, 1 more known from the baseline\n',
    })
  })

  it('has a second one of the same kind counted', async () => {
    await using folder = await makeTree({ 'known.json': LIST, 'pod.yaml': `${POD}---\n${POD}` })
    expect(await scanned(folder.path, '--baseline', 'known.json', 'pod.yaml')).toMatchObject({
      code: 1,
      known: 1,
    })
  })
})

describe('the walk', () => {
  const TREE = {
    '.gitignore': 'vendor/\n*.gen.yaml\n',
    '.git/config': 'k8s.gcr.io',
    'a.yaml': POD,
    'a.gen.yaml': POD,
    'vendor/b.yaml': POD,
    'sub/.gitignore': '!kept.gen.yaml\n/c.yaml\n',
    'sub/c.yaml': POD,
    'sub/kept.gen.yaml': POD,
    'sub/deep/c.yaml': POD,
  }

  it('obeys .gitignore, the nearest one first', async () => {
    await using folder = await makeTree(TREE)
    expect((await scanned(folder.path, '.')).paths).toEqual([
      'a.yaml',
      'sub/deep/c.yaml',
      'sub/kept.gen.yaml',
    ])
  })

  it('obeys those above the folder that is named, and reads a named file whatever they say', async () => {
    await using folder = await makeTree({ ...TREE, 'sub/d.gen.yaml': POD })
    expect((await scanned(folder.path, 'sub', 'a.gen.yaml')).paths).toEqual([
      'sub/deep/c.yaml',
      'sub/kept.gen.yaml',
      'a.gen.yaml',
    ])
  })

  it('looks everywhere but into .git with --no-ignore', async () => {
    await using folder = await makeTree(TREE)
    expect((await scanned(folder.path, '--no-ignore', '.')).paths).toHaveLength(6)
  })

  it('passes over what is excluded, by name or by path', async () => {
    await using folder = await makeTree(TREE)
    expect((await scanned(folder.path, '--exclude', 'deep', 'sub/kept*', '--', '.')).paths).toEqual([
      'a.yaml',
    ])
  })

  it('is not led around by symbolic links', async () => {
    await using folder = await makeTree({ 'a/pod.yaml': POD })
    await symlink('..', join(folder.path, 'a/loop'))
    await symlink('pod.yaml', join(folder.path, 'a/again.yaml'))
    expect((await scanned(folder.path, '.')).paths).toEqual(['a/pod.yaml'])
  })
})

describe('what is hostile', () => {
  it.runIf(process.getuid?.() !== 0)('is named when it may not be read', async () => {
    await using folder = await makeTree({ 'closed/pod.yaml': POD, 'closed.yaml': POD, 'pod.yaml': POD })
    await chmod(join(folder.path, 'closed'), 0)
    await chmod(join(folder.path, 'closed.yaml'), 0)
    const { notRead, paths } = await scanned(folder.path, '.')
    await chmod(join(folder.path, 'closed'), 0o700)
    expect({ notRead, paths }).toEqual({
      notRead: [
        { path: 'closed', reason: 'permission denied' },
        { path: 'closed.yaml', reason: 'permission denied' },
      ],
      paths: ['pod.yaml'],
    })
  })

  const { found, missing } = findPrograms('mkfifo')
  it.skipIf(missing)('is named when it is a named pipe, which nobody waits for', async () => {
    await using folder = await makeTree({ 'pod.yaml': POD })
    await runOk(found.mkfifo, [join(folder.path, 'pipe')])
    const { notRead, paths } = await scanned(folder.path, '.')
    expect({ notRead, paths }).toEqual({
      notRead: [{ path: 'pipe', reason: 'it is a named pipe' }],
      paths: ['pod.yaml'],
    })
  })

  it('is searched through, and named only if it holds a name, when it is too long to be parsed', async () => {
    await using folder = await makeTree({ 'pod.yaml': POD })
    for (const [name, end] of [
      ['clean.yaml', ''],
      ['long.yaml', 'k8s.gcr.io/pause:3.2'],
    ] as const) {
      const file = await open(join(folder.path, name), 'w')
      for (let mebibyte = 0; mebibyte < 100; mebibyte++) await file.write('x'.repeat(1024 * 1024))
      await file.write(end)
      await file.close()
    }
    const { notRead, paths } = await scanned(folder.path, '.')
    const reason = 'it names a host of the map, and is longer than 8 MiB'
    expect({ notRead, paths }).toEqual({ notRead: [{ path: 'long.yaml', reason }], paths: ['pod.yaml'] })
  })

  it.each([
    [
      'binary',
      Buffer.concat([Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0]), Buffer.from('k8s.gcr.io/pause:3.2')]),
    ],
    ['nested too deeply', `k8s.gcr.io: ${'['.repeat(200_000)}`],
    ['nested', `a: ${'{a: '.repeat(2000)}k8s.gcr.io/a${'}'.repeat(2000)}`],
    ['an alias bomb', bomb()],
    ['one long line', `# k8s.gcr.io ${'a-.'.repeat(1_000_000)}`],
    ['quotes that never close', `# k8s.gcr.io\n${'"$('.repeat(300_000)}`],
    ['braces that never close', `# k8s.gcr.io\n${'${'.repeat(300_000)}`],
    [
      'here-documents that never close',
      `# k8s.gcr.io\n${Array.from({ length: 50_000 }, (_, at) => `RUN cat <<E${at}\n`).join('')}`,
    ],
  ])('is bounded and stops nothing: %s', async (_, content) => {
    await using folder = await makeTree({
      ...{ 'a.yaml': content, 'a.sh': content, 'a.tf': content, 'a.toml': content, Dockerfile: content },
      ...{
        Makefile: content,
        'containerd/config.toml': content,
        'docker-compose.yml': content,
        'pod.yaml': POD,
      },
    })
    expect((await scanned(folder.path, '.')).paths).toContain('pod.yaml')
  })

  it('is read as far as it can be when it is not UTF-8', async () => {
    const bytes = Buffer.concat([Buffer.from('# caf\xe9\n', 'latin1'), Buffer.from(POD)])
    await using folder = await makeTree({ 'pod.yaml': bytes })
    expect(await scanned(folder.path, '.')).toMatchObject({ findings: [{ line: 7, column: 14 }] })
  })
})

describe('what is not fully read', () => {
  it.each([
    [
      'UTF-16',
      Buffer.from(`\uFEFF${POD}`, 'utf16le'),
      'not read: a.yaml: it names a host of the map in UTF-16',
    ],
    ['UTF-16 without a mark', Buffer.from(POD, 'utf16le'), 'in UTF-16'],
    ['a broken document', 'k8s.gcr.io: [\n', 'not fully read: a.yaml:1: it is not YAML'],
  ])('is named, and ends with 1: %s', async (_, content, message) => {
    await using folder = await makeTree({ 'a.yaml': content })
    const { code, err } = await portolan(folder.path, ['scan', '.'])
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining(message) })
  })

  it('is not a long list, minified or not', async () => {
    const pod = (name: number) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: `p${name}` },
      spec: { containers: [{ name: 'a', image: `k8s.gcr.io/acme/a:v${name}` }] },
    })
    const items = Array.from({ length: 3000 }, (_, at) => pod(at))
    await using folder = await makeTree({
      'list.json': JSON.stringify({ apiVersion: 'v1', kind: 'List', items }),
      'list.yaml': stringify({ apiVersion: 'v1', kind: 'List', items }),
    })
    const { findings, partlyRead } = await scanned(folder.path, '.')
    expect(partlyRead).toEqual([])
    expect(findings.map(({ owner }: { owner: string }) => owner)).toEqual(
      [...items, ...items].map(({ metadata: { name } }) => `Pod/${name} container a`),
    )
  })

  it('does not keep prose from being named, which does not end with 1', async () => {
    await using folder = await makeTree({ 'a.md': 'once\nat k8s.gcr.io/a, and k8s.gcr.io/b\n' })
    expect(await scanned(folder.path, '.')).toMatchObject({
      code: 0,
      findings: [],
      mentions: [{ path: 'a.md', count: 2, line: 2 }],
    })
  })
})

it('gives what is only related one line a name, and each place with --related', async () => {
  const image = 'image: registry-sandbox.k8s.io/a:1\n'
  await using folder = await makeTree({ 'a.yaml': image, 'b.yaml': image })
  expect((await portolan(folder.path, ['scan', '.'])).out).toContain(
    'registry-sandbox.k8s.io/a:1 [1]       2 places  a.yaml:1\n',
  )
  expect((await portolan(folder.path, ['scan', '--related', '.'])).out).toMatch(
    /a\.yaml:1:8 [\s\S]*b\.yaml:1:8 /,
  )
})

it('lists strings of programs by themselves', async () => {
  await using folder = await makeTree({ 'a.py': 'IMAGE = "k8s.gcr.io/acme/a:v1"\n' })
  const { code, out } = await portolan(folder.path, ['scan', '.'])
  expect({ code, out }).toEqual({
    code: 1,
    out: expect.stringMatching(/^strings of programs [\s\S]*a\.py:1:10/),
  })
})

it('prints JSON of the form that its schema says', async () => {
  const schema = JSON.parse(await readFile(SCHEMA, 'utf8'))
  const form = z.fromJSONSchema(schema)
  await using folder = await makeTree({
    'a.yaml': `a: [\n---\n${POD}---\nimage: registry-sandbox.k8s.io/a\n`,
    'a.go': 'x := "k8s.gcr.io/acme/a:v1" // k8s.gcr.io\n',
    'policy.yaml':
      'blockedRegistries: [k8s.gcr.io]\nimage: {registry: k8s.gcr.io, repository: a, tag: "1"}\n',
    'b.yaml': Buffer.from(POD, 'utf16le'),
  })
  const { code, paths, ...report } = await scanned(folder.path, '.')
  expect(form.safeParse(report).error).toBeUndefined()
  expect({ code, version: report.version }).toEqual({ code: 1, version: 1 })
  expect(form.safeParse({ ...report, findings: [{}] }).success).toBe(false)
  expect(paths).toContain('a.go')
})

describe('scan --node', () => {
  it('follows imports, and finds units, environments and microk8s', async () => {
    const root = join(NODES, '../cases/23-node')
    const { findings } = await scanned(root, '--node', '--root', '.')
    expect(findings.map(({ understood }: { understood: string }) => understood).sort()).toEqual([
      'k8s.gcr.io/pause:3.1',
      'k8s.gcr.io/pause:3.5',
      'k8s.gcr.io/pause:3.6',
      'k8s.gcr.io/pause:3.7',
    ])
  })

  it('looks at the well-known places of a machine, and at nothing else', async () => {
    const { paths, code } = await scanned(NODES, '--node', '--root', NODES)
    const places = [...new Set(paths.map((path: string) => path.slice(NODES.length)))]
    expect(code).toBe(1)
    expect(places).toEqual(
      expect.arrayContaining([
        '/etc/containerd/config.toml',
        '/etc/containerd/certs.d/k8s.gcr.io/hosts.toml',
        '/etc/crio/crio.conf',
        '/etc/containers/registries.conf',
        '/etc/docker/daemon.json',
        '/etc/default/kubelet',
        '/etc/systemd/system/kubelet.service.d/10-kubeadm.conf',
        '/etc/systemd/system/cri-docker.service.d/10-pause.conf',
        '/etc/rancher/k3s/registries.yaml',
        '/var/lib/kubelet/kubeadm-flags.env',
      ]),
    )
    expect(places.filter((place) => !/^\/(?:etc|var)\//.test(String(place)))).toEqual([])
  })

  it('ends with 0 on a machine without any', async () => {
    await using folder = await makeTempFolder()
    expect(await scanned(folder.path, '--node', '--root', '.')).toMatchObject({ code: 0, files: 0 })
  })
})

function bomb(): string {
  const lines = ['a0: &a0 {image: k8s.gcr.io/pause:3.2}']
  for (let level = 1; level < 30; level++)
    lines.push(`a${level}: &a${level} [*a${level - 1}, *a${level - 1}]`)
  return `${lines.join('\n')}\n`
}
