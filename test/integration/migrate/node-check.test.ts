import { readFileSync } from 'node:fs'
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { MapData } from '../../../src/migrate/map-data.ts'
import { checkNamedFiles, checkNode } from '../../../src/migrate/node-check/check-node.ts'
import { CHECK_REPORT } from '../../../src/migrate/node-check/report.ts'
import { NODE_TOOLS, type NodeTool } from '../../../src/migrate/node-config/tools.ts'
import { runHosted } from '../../support/command-host.ts'
import { memoryFiles } from '../../support/node-files.ts'
import { makeTempFolder } from '../../support/temp.ts'

const SCHEMA = fileURLToPath(new URL('../../../docs/schemas/node-check.json', import.meta.url))
const HOSTS = '/etc/containerd/certs.d/registry.k8s.io/hosts.toml'
const LIST = `version = 3
[plugins.'io.containerd.cri.v1.images'.registry]
  config_path = '/etc/containerd/certs.d:/etc/docker/certs.d'
`
const MIRROR = '[host."https://mirror.example"]\n'

async function withMachine<Result>(files: Record<string, string>, work: (root: string) => Promise<Result>) {
  await using folder = await makeTempFolder()
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder.path, path)), { recursive: true })
    await writeFile(join(folder.path, path), text)
  }
  // Awaited, since the folder is gone at the end of this.
  return await work(folder.path)
}

const check = (root: string, ...words: string[]) =>
  runHosted(['node-config', '--check', ...words], { folder: root })

describe('node-config --check', () => {
  it('says what is not used, where, and what to type, and ends with 1', async () => {
    await withMachine({ '/etc/containerd/config.toml': LIST, [HOSTS]: MIRROR }, async (root) => {
      const { code, out, err } = await check(root, '--root', root)
      expect(code).toBe(1)
      expect(out).toContain('registry.k8s.io  https://mirror.example/v2  partly')
      expect(out).toContain('/etc/containerd/config.toml:3: unused: config_path is ')
      expect(out).toContain(
        '(containerd 2.1 and later)\n    name one folder: config_path = "/etc/containerd/certs.d"\n',
      )
      expect(err).toBe('2 files, 0 of 1 mirror used, 1 finding\n')
      const old = await check(root, '--root', root, '--for', 'containerd', '--tool-version', '2.0.4')
      expect(old).toMatchObject({ code: 0, err: '2 files, 1 mirror, 0 findings\n' })
    })
  })

  it('prints JSON of the form that is documented', async () => {
    const texts = {
      '/etc/containerd/config.toml': LIST,
      [HOSTS]: MIRROR,
      '/etc/docker/daemon.json': '{"registry-mirrors": ["https://a.example/x"]}',
      '/etc/containers/registries.conf':
        '[[registry]]\nlocation = "a.example"\nblocked = true\n[[registry.mirror]]\nlocation = "b.example"\n',
    }
    await withMachine(texts, async (root) => {
      const { code, out } = await check(root, '--root', root, '--json')
      const report = CHECK_REPORT.parse(JSON.parse(out))
      expect(code).toBe(1)
      expect(report).toMatchObject({ version: 1, root, notRead: [] })
      expect(report.findings.map(({ tool, rule }) => `${tool} ${rule}`)).toEqual([
        'containerd config-path-list',
        'docker daemon-refused',
      ])
      expect(report.mirrors.map(({ fallback }) => fallback)).toEqual(['registry.k8s.io', null])
    })
    expect(JSON.parse(readFileSync(SCHEMA, 'utf8'))).toEqual(z.toJSONSchema(CHECK_REPORT))
  })

  it('finds nothing on a machine without settings, and ends with 0', async () => {
    await withMachine({}, async (root) => {
      expect(await check(root, '--root', root)).toMatchObject({
        code: 0,
        out: '',
        err: '0 files, 0 mirrors, 0 findings\n',
      })
    })
  })

  it('reads a machine in a folder as the machine itself would', async () => {
    await withMachine({ '/opt/containerd/config.toml': LIST }, async (root) => {
      await mkdir(join(root, 'etc'))
      await symlink('/opt/containerd', join(root, 'etc/containerd'))
      expect(
        (await check(root, '--root', root, '--for', 'containerd', '--tool-version', '2.1')).out,
      ).toContain('/etc/containerd/config.toml:3: unused')
    })
  })

  it('names what cannot be read, and ends with 1', async () => {
    await withMachine({ '/etc/docker/daemon.json': `"${'a'.repeat(1024 * 1024)}"` }, async (root) => {
      expect(await check(root, '--root', root)).toMatchObject({
        code: 1,
        err: 'not read: /etc/docker/daemon.json: it is longer than 1 MiB\n0 files, 0 mirrors, 0 findings, 1 not read\n',
      })
    })
  })

  it.skipIf(process.getuid?.() === 0)('names what it may not read', async () => {
    await withMachine({ '/etc/docker/daemon.json': '{}' }, async (root) => {
      await chmod(join(root, '/etc/docker/daemon.json'), 0)
      expect((await check(root, '--root', root)).err).toContain('permission denied')
    })
  })

  it('looks at files that are named', async () => {
    const talos =
      'machine:\n  registries:\n    mirrors:\n      registry.k8s.io:\n        endpoints: [https://m.example/v2/k8s]\n'
    await withMachine({ '/talos.yaml': talos, '/other.yaml': 'a: 1\n' }, async (root) => {
      const { code, out } = await check(root, 'talos.yaml')
      expect(code).toBe(1)
      expect(out).toContain('talos.yaml:5: unused: Talos puts /v2 behind the path')
      expect(await check(root, 'other.yaml')).toMatchObject({
        code: 2,
        err: expect.stringContaining('none of the settings'),
      })
      expect(await check(root, 'missing.yaml')).toMatchObject({
        code: 2,
        err: expect.stringContaining('there is no such file'),
      })
    })
  })

  it('holds a fallback for a fault where none is wanted', async () => {
    const files = { '/etc/containerd/config.toml': LIST.replace(/:.*certs\.d'/, "'"), [HOSTS]: MIRROR }
    await withMachine(files, async (root) => {
      expect(await check(root, '--root', root)).toMatchObject({ code: 0 })
      const { code, out } = await check(root, '--root', root, '--no-fallback')
      expect(code).toBe(1)
      expect(out).toContain(
        `${HOSTS}:1: partial: registry.k8s.io: when the mirror fails, registry.k8s.io is asked`,
      )
    })
  })

  it('shows no control characters of files', async () => {
    await withMachine(
      { '/etc/docker/daemon.json': '{"registry-mirrors": ["\\u001b[31m"]}' },
      async (root) => {
        expect((await check(root, '--root', root)).out).not.toContain('\u001b')
      },
    )
  })

  it.each([
    [['--root', '/'], '--root is where the machine of --check is'],
    [['--for', 'containerd', 'a.yaml'], '--check looks at files'],
    [[], 'name whose settings to print with --for'],
    [['--for', 'rke2'], 'those of k3s are for RKE2 too'],
    [['--check', '--map', 'a.yaml'], 'not with --check'],
    [['--check', '--revert'], 'not with --check'],
    [['--check', '--root', '/x', 'a.yaml'], 'name paths or --root'],
    [['--check', '--tool-version', '2.1'], 'name it with --for'],
    [['--check', '--for', 'talos'], 'name files with --check'],
    [['--for', 'containerd', '--kubernetes-version', 'new'], 'is not a version'],
  ])('refuses %j', async (words, reason) => {
    await withMachine({}, async (root) => {
      const { code, err } = await runHosted(['node-config', ...words], { folder: root })
      expect(code).toBe(2)
      expect(err).toContain(reason)
    })
  })
})

describe('what node-config prints', () => {
  const PATH: MapData = { moves: [{ from: 'registry.k8s.io', to: 'mirror.example/k8s' }], related: [] }
  const HUB: MapData = { moves: [{ from: 'docker.io', to: 'mirror.example' }], related: [] }
  const tools = Object.keys(NODE_TOOLS) as NodeTool[]

  it.each(tools.flatMap((tool) => [false, true].map((noFallback) => ({ tool, noFallback }))))(
    'passes the check: $tool, without a fallback: $noFallback',
    ({ tool, noFallback }) => {
      for (const data of [PATH, HUB]) {
        const { settings } = NODE_TOOLS[tool]({ data, noFallback })
        // Where the version is not known, there are several configs for one file, of which one is used.
        const texts = Object.fromEntries(settings.map(({ file, content }) => [file, content]))
        const places = Object.entries(texts).filter(([file]) => file.startsWith('/'))
        const named = Object.fromEntries(
          Object.entries(texts)
            .filter(([file]) => !file.startsWith('/') && file !== 'registry-values.yaml')
            .map(([file, text]) => [
              `/${file}`,
              tool === 'kops' ? `apiVersion: kops.k8s.io/v1alpha2\n${text}` : text,
            ]),
        )
        const machine = checkNode(memoryFiles(Object.fromEntries(places)), { noFallback })
        const files = checkNamedFiles(memoryFiles(named), Object.keys(named), { noFallback })
        const mirrors = [...machine.mirrors, ...files.mirrors]
        expect([...machine.findings, ...files.findings]).toEqual([])
        expect(files.unknown).toEqual([])
        expect(mirrors.filter(({ state }) => state !== 'used')).toEqual([])
        if (noFallback) expect(mirrors.filter(({ fallback }) => fallback !== null)).toEqual([])
        const expected = ['containerd', 'crio', 'k3s', 'talos', 'openshift'].includes(tool)
        if (expected) expect(mirrors.length).toBeGreaterThan(0)
      }
    },
  )
})
