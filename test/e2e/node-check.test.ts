import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { SemVer } from 'semver'
import { beforeAll, describe, expect, it } from 'vitest'
import { createMachineFiles } from '../../src/cli/node-files.ts'
import type { MapData } from '../../src/migrate/map-data.ts'
import { Checkup } from '../../src/migrate/node-check/checkup.ts'
import { checkContainerd } from '../../src/migrate/node-check/containerd.ts'
import { checkPolicy } from '../../src/migrate/node-check/policy.ts'
import { checkSettingsFile } from '../../src/migrate/node-check/settings-file.ts'
import { containerdConfig } from '../../src/migrate/node-config/containerd.ts'
import { type AskedRegistry, smallImage, startAskedRegistry } from '../support/asked-registry.ts'
import { installedContainerds, pullByCri } from '../support/containerd.ts'
import { findPrograms, run } from '../support/programs.ts'
import { makeTempFolder } from '../support/temp.ts'

// What --check says of settings is held against what real runtimes do with them: which registry is asked, and for what.

interface Hosts {
  readonly mirror: string
  readonly upstream: string
  readonly folder: string
}

const CRI = 'plugins."io.containerd.grpc.v1.cri"'
const IMAGES = "plugins.'io.containerd.cri.v1.images'"
const hostsToml = ({ mirror, upstream }: Hosts) =>
  `server = "http://${upstream}"\n[host."http://${mirror}"]\n  capabilities = ["pull", "resolve"]\n`
const named = ({ upstream }: Hosts) => upstream.replace(/:(\d+)$/, '_$1_')
const configPath = (path: string) => `version = 2\n[${CRI}.registry]\n  config_path = "${path}"\n`

/** Files below the folder of the test, whose config is `config.toml`. */
const CONTAINERD_CASES: readonly (readonly [string, (hosts: Hosts) => Record<string, string>])[] = [
  [
    'one folder',
    (at) => ({
      'config.toml': configPath(`${at.folder}/certs.d`),
      [`certs.d/${named(at)}/hosts.toml`]: hostsToml(at),
    }),
  ],
  [
    'two folders',
    (at) => ({
      'config.toml': configPath(`${at.folder}/certs.d:/etc/docker/certs.d`),
      [`certs.d/${named(at)}/hosts.toml`]: hostsToml(at),
    }),
  ],
  [
    'two folders, and pulls by containerd itself',
    (at) => ({
      'config.toml': `version = 2\n[${CRI}]\n  max_concurrent_downloads = 5\n[${CRI}.registry]\n  config_path = "${at.folder}/certs.d:/etc/docker/certs.d"\n`,
      [`certs.d/${named(at)}/hosts.toml`]: hostsToml(at),
    }),
  ],
  [
    'a port with a colon',
    (at) => ({
      'config.toml': configPath(`${at.folder}/certs.d`),
      [`certs.d/${at.upstream}/hosts.toml`]: hostsToml(at),
    }),
  ],
  [
    'a port without the last _',
    (at) => ({
      'config.toml': configPath(`${at.folder}/certs.d`),
      [`certs.d/${named(at).slice(0, -1)}/hosts.toml`]: hostsToml(at),
    }),
  ],
  [
    'all registries',
    (at) => ({
      'config.toml': configPath(`${at.folder}/certs.d`),
      'certs.d/_default/hosts.toml': `[host."http://${at.mirror}"]\n`,
    }),
  ],
  [
    'mirrors beside config_path',
    (at) => ({
      'config.toml': `${configPath(`${at.folder}/certs.d`)}[${CRI}.registry.mirrors."${at.upstream}"]\n  endpoint = ["http://${at.mirror}"]\n`,
      [`certs.d/${named(at)}/hosts.toml`]: hostsToml(at),
    }),
  ],
  [
    'mirrors alone',
    (at) => ({
      'config.toml': `version = 2\n[${CRI}.registry.mirrors."${at.upstream}"]\n  endpoint = ["http://${at.mirror}", "http://${at.upstream}"]\n`,
    }),
  ],
  [
    'mirrors with a path',
    (at) => ({
      'config.toml': `version = 2\n[${CRI}.registry.mirrors."${at.upstream}"]\n  endpoint = ["http://${at.mirror}/k8s", "http://${at.upstream}"]\n`,
    }),
  ],
  [
    'an import with the same table',
    (at) => ({
      'config.toml': `imports = ["${at.folder}/more.toml"]\n${configPath(`${at.folder}/certs.d`)}`,
      'more.toml': `version = 2\n[${CRI}]\n  sandbox_image = "a/b:1"\n`,
      [`certs.d/${named(at)}/hosts.toml`]: hostsToml(at),
    }),
  ],
  [
    'no version',
    (at) => ({
      'config.toml': configPath(`${at.folder}/certs.d`).replace('version = 2\n', ''),
      [`certs.d/${named(at)}/hosts.toml`]: hostsToml(at),
    }),
  ],
  [
    'plugins of version 3',
    (at) => ({
      'config.toml': `version = 2\n[${IMAGES}.registry]\n  config_path = "${at.folder}/certs.d"\n`,
      [`certs.d/${named(at)}/hosts.toml`]: hostsToml(at),
    }),
  ],
  [
    'a path',
    (at) => ({
      'config.toml': configPath(`${at.folder}/certs.d`),
      [`certs.d/${named(at)}/hosts.toml`]: hostsToml(at).replace(at.mirror, `${at.mirror}/v2/k8s`),
    }),
  ],
  [
    'a path that is overridden',
    (at) => ({
      'config.toml': configPath(`${at.folder}/certs.d`),
      [`certs.d/${named(at)}/hosts.toml`]: `${hostsToml(at).replace(at.mirror, `${at.mirror}/v2/k8s`)}  override_path = true\n`,
    }),
  ],
  [
    'an unknown capability',
    (at) => ({
      'config.toml': configPath(`${at.folder}/certs.d`),
      [`certs.d/${named(at)}/hosts.toml`]: hostsToml(at).replace('"resolve"', '"read"'),
    }),
  ],
  [
    'digests alone',
    (at) => ({
      'config.toml': configPath(`${at.folder}/certs.d`),
      [`certs.d/${named(at)}/hosts.toml`]: hostsToml(at).replace(', "resolve"', ''),
    }),
  ],
  [
    'broken TOML',
    (at) => ({
      'config.toml': configPath(`${at.folder}/certs.d`),
      [`certs.d/${named(at)}/hosts.toml`]: `${hostsToml(at)}x =\n`,
    }),
  ],
  [
    'a certificate that is missing',
    (at) => ({
      'config.toml': configPath(`${at.folder}/certs.d`),
      [`certs.d/${named(at)}/hosts.toml`]: `${hostsToml(at)}  ca = "ca.crt"\n`,
    }),
  ],
  [
    'the mirror as the server',
    (at) => ({
      'config.toml': configPath(`${at.folder}/certs.d`),
      [`certs.d/${named(at)}/hosts.toml`]: `server = "http://${at.mirror}"\n`,
    }),
  ],
  ['what node-config prints', (at) => printed(at, false)],
  ['what node-config prints without a fallback', (at) => printed(at, true)],
]

/** What node-config prints for a move of the upstream below the mirror, on loopback. */
function printed({ mirror, upstream, folder }: Hosts, noFallback: boolean): Record<string, string> {
  const data: MapData = { moves: [{ from: upstream, to: `${mirror}/k8s` }], related: [] }
  const { settings } = containerdConfig({ data, noFallback, version: new SemVer('1.7.0') })
  return Object.fromEntries(
    settings.map(({ file, content }) => [
      file.replace('/etc/containerd/', ''),
      content.replaceAll('https://', 'http://').replaceAll('/etc/containerd', folder),
    ]),
  )
}

async function withRegistries(
  files: (hosts: Hosts) => Record<string, string>,
  work: (
    hosts: Hosts & { readonly registries: { mirror: AskedRegistry; upstream: AskedRegistry } },
  ) => Promise<void>,
): Promise<void> {
  await using folder = await makeTempFolder()
  await using mirror = await startAskedRegistry()
  await using upstream = await startAskedRegistry()
  const hosts = { mirror: mirror.host, upstream: upstream.host, folder: folder.path }
  for (const [path, text] of Object.entries(files(hosts))) {
    await mkdir(dirname(join(folder.path, path)), { recursive: true })
    await writeFile(join(folder.path, path), text)
  }
  await work({ ...hosts, registries: { mirror, upstream } })
}

const { missing: noCrictl } = findPrograms('crictl')
const containerds = noCrictl === undefined && process.getuid?.() === 0 ? await installedContainerds() : []
if (containerds.length === 0) {
  console.warn(
    `containerd is not held against --check; ${noCrictl ?? 'not on this machine, or not as its superuser: containerd'}`,
  )
}

describe.skipIf(containerds.length === 0).each(containerds)('containerd $version.version', (containerd) => {
  it.each(CONTAINERD_CASES)('does what --check says with %s', async (_, files) => {
    await withRegistries(files, async ({ folder, upstream, registries }) => {
      const config = join(folder, 'config.toml')
      const checkup = new Checkup('containerd', createMachineFiles('/'), { version: containerd.version })
      checkContainerd(checkup, { config, hosts: join(folder, 'certs.d') })
      const log = await pullByCri(containerd, { folder, config, image: `${upstream}/a/b:1` })

      const isBroken = checkup.findings.some(({ effect }) => effect === 'broken')
      const [mirror] = checkup.mirrors.filter(({ asks }) => asks.includes(registries.mirror.host))
      const works = !isBroken && mirror?.state === 'used'
      const manifest = (base: string) => `${new URL(base).pathname}/a/b/manifests/1`
      // A mirror that is "unused" for its path is asked, for what it does not have.
      const isAskedInVain = checkup.findings.some(({ rule }) => ['doubled-v2', 'no-v2'].includes(rule))
      if (works || isAskedInVain) expect(registries.mirror.asked[0]).toBe(manifest(mirror!.asks))
      else expect(registries.mirror.asked).toEqual([])
      const asksUpstream = !isBroken && (!works || mirror?.fallback !== null)
      expect(registries.upstream.asked.length > 0, log).toBe(asksUpstream)
      if (works) expect(checkup.findings.filter(({ effect }) => effect !== 'unused')).toEqual([])
      else expect(checkup.findings).not.toEqual([])
    })
  })
})

const entry = ({ mirror, upstream }: Hosts, more = '', mirrorMore = '') =>
  `[[registry]]\nlocation = "${upstream}"\ninsecure = true\n${more}[[registry.mirror]]\nlocation = "${mirror}/k8s"\ninsecure = true\n${mirrorMore}`

const REGISTRIES_CASES: readonly (readonly [string, (hosts: Hosts) => string])[] = [
  ['a mirror', (at) => entry(at)],
  ['a blocked registry with a mirror', (at) => entry(at, 'blocked = true\n')],
  ['digests alone', (at) => entry(at, 'mirror-by-digest-only = true\n')],
  ['tags alone', (at) => entry(at, '', 'pull-from-mirror = "tag-only"\n')],
  ['an unknown use', (at) => entry(at, '', 'pull-from-mirror = "tags"\n')],
  [
    'two settings of the use',
    (at) => entry(at, 'mirror-by-digest-only = true\n', 'pull-from-mirror = "tag-only"\n'),
  ],
  ['an unknown key', (at) => entry(at, 'mirrors = ["a.example"]\n')],
  ['a value in quotes', (at) => entry(at, 'blocked = "true"\n')],
  ['a scheme', (at) => entry({ ...at, mirror: `http://${at.mirror}` })],
  ['a / at the end', (at) => entry(at).replace('/k8s"', '/k8s/"')],
  ['/v2', (at) => entry({ ...at, mirror: `${at.mirror}/v2` })],
  ['no location', (at) => entry(at).replace('location', 'prefix')],
  ['a mirror of nothing', ({ mirror }) => `[[registry.mirror]]\nlocation = "${mirror}"\n`],
  ['tables of another name', (at) => entry(at).replaceAll('registry', 'registries')],
  ['two forms', (at) => `[registries.search]\nregistries = ["docker.io"]\n${entry(at)}`],
  ['one prefix twice', (at) => `${entry(at)}${entry({ ...at, mirror: 'b.example' })}`],
  ['one prefix blocked and not', (at) => `${entry(at)}${entry(at, 'blocked = true\n')}`],
  [
    'another location',
    ({ mirror, upstream }) =>
      `[[registry]]\nprefix = "${upstream}"\nlocation = "${mirror}/k8s"\ninsecure = true\n`,
  ],
  ['broken TOML', (at) => `${entry(at)}[[registry]\n`],
]

const { found, missing } = findPrograms('skopeo')
if (missing !== undefined) console.warn(`skopeo is not held against --check; ${missing}`)

describe.skipIf(missing)('skopeo, which reads what CRI-O and Podman read', () => {
  beforeAll(async () => {
    const { stdout } = await run(found.skopeo, ['--version'])
    console.warn(stdout.toString().trim())
  })

  it.each(REGISTRIES_CASES)('does what --check says with %s', async (_, text) => {
    await withRegistries(
      (at) => ({ 'registries.conf': text(at) }),
      async ({ folder, upstream, registries }) => {
        const file = join(folder, 'registries.conf')
        const checkup = new Checkup('', createMachineFiles('/'), {})
        checkSettingsFile(checkup, file)
        const inspect = ['inspect', '--raw', `docker://${upstream}/a/b:1`]
        const { stderr } = await run(found.skopeo, ['--registries-conf', file, ...inspect])

        const isRefused = checkup.findings.some(({ rule }) => rule === 'registries-refused')
        expect(stderr.includes('loading registries configuration'), stderr).toBe(isRefused)
        const [mirror] = checkup.mirrors
        const byTag = !checkup.findings.some(({ problem }) => problem.includes('digest-only'))
        const isBroken = checkup.findings.some(({ effect }) => effect === 'broken')
        const doubled = checkup.findings.some(({ rule }) => rule === 'doubled-v2')
        const works = !isBroken && mirror !== undefined && mirror.state !== 'unused' && byTag
        if (doubled) expect(registries.mirror.asked).toContain('/v2/v2/k8s/a/b/manifests/1')
        else expect(registries.mirror.asked).toEqual(works ? ['/v2/k8s/a/b/manifests/1'] : [])
        expect(registries.upstream.asked.length > 0).toBe(!isBroken && !(works && mirror.fallback === null))
      },
    )
  })
})

const ACCEPT = [{ type: 'insecureAcceptAnything' }]
const REJECT = [{ type: 'reject' }]

/** Policies, for a pull of an image of the upstream by way of a mirror. */
const POLICY_CASES: readonly (readonly [string, (hosts: Omit<Hosts, 'folder'>) => object])[] = [
  ['all accepted', () => ({ default: ACCEPT })],
  ['all rejected', () => ({ default: REJECT })],
  [
    'the registry accepted',
    ({ upstream }) => ({ default: REJECT, transports: { docker: { [upstream]: ACCEPT } } }),
  ],
  [
    'the mirror accepted',
    ({ mirror }) => ({ default: REJECT, transports: { docker: { [mirror]: ACCEPT } } }),
  ],
  [
    'the registry rejected',
    ({ upstream }) => ({ default: ACCEPT, transports: { docker: { [upstream]: REJECT } } }),
  ],
  [
    'the mirror rejected',
    ({ mirror }) => ({ default: ACCEPT, transports: { docker: { [mirror]: REJECT } } }),
  ],
]

describe.skipIf(missing)('a policy of skopeo', () => {
  it.each(POLICY_CASES)('with %s does what --check says', async (_, policyOf) => {
    await using folder = await makeTempFolder()
    await using mirror = await startAskedRegistry(smallImage('k8s/a/b', '1'))
    await using upstream = await startAskedRegistry()
    const hosts = { mirror: mirror.host, upstream: upstream.host }
    const at = (name: string) => join(folder.path, name)
    await writeFile(at('registries.conf'), entry({ ...hosts, folder: folder.path }))
    await writeFile(at('policy.json'), JSON.stringify(policyOf(hosts)))
    const checkup = new Checkup('crio', createMachineFiles('/'), {})
    checkPolicy(checkup, [upstream.host], at('policy.json'))
    const flags = ['--registries-conf', at('registries.conf'), '--policy', at('policy.json')]
    const { code, stderr } = await run(found.skopeo, [
      ...flags,
      'copy',
      `docker://${upstream.host}/a/b:1`,
      `dir:${at('out')}`,
    ])
    const isRejected = checkup.findings.some(({ rule }) => rule === 'policy-rejects')
    expect(code === 0, stderr).toBe(!isRejected)
    if (isRejected) expect(stderr).toContain('is rejected by policy')
  })
})

const DAEMON_CASES: readonly (readonly [string, string])[] = [
  ['a mirror with a path', '{"registry-mirrors": ["https://a.example/v2"]}'],
  ['a mirror without a scheme', '{"registry-mirrors": ["a.example"]}'],
  ['a text', '{"registry-mirrors": "https://a.example"}'],
  ['a comma too many', '{"registry-mirrors": ["https://a.example"],}'],
  ['nothing in it', ''],
]

const docker = findPrograms('dockerd')
const noDockerd =
  docker.missing ?? (process.getuid?.() === 0 ? undefined : 'not as the superuser of this machine')
if (noDockerd !== undefined) console.warn(`dockerd is not held against --check; ${noDockerd}`)

describe.skipIf(noDockerd)('dockerd', () => {
  it.each(DAEMON_CASES)('does not start with %s, as --check says', async (_, text) => {
    await using folder = await makeTempFolder()
    const at = (name: string) => join(folder.path, name)
    await writeFile(at('daemon.json'), text)
    const checkup = new Checkup('', createMachineFiles('/'), {})
    checkSettingsFile(checkup, at('daemon.json'))
    expect(checkup.findings).toMatchObject([{ rule: 'daemon-refused', effect: 'broken' }])
    const folders = ['--data-root', at('data'), '--exec-root', at('exec'), '--pidfile', at('pid')]
    const network = ['--bridge=none', '--iptables=false', '--host', `unix://${at('socket')}`]
    const flags = ['--config-file', at('daemon.json'), '--storage-driver=vfs', ...folders, ...network]
    const { code, stderr } = await run(docker.found.dockerd, flags)
    // It mounts its folder onto itself before it looks at mirrors, and leaves that so.
    await run('umount', [at('data')])
    expect(code).toBe(1)
    expect(stderr).toMatch(/invalid mirror|unable to configure the Docker daemon/)
  })
})
