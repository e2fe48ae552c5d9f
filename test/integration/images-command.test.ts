import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseImageList } from '../../src/oci/image-list.ts'
import { runHosted } from '../support/command-host.ts'
import { makeBlob, makeManifest, type TestRepository } from '../support/content.ts'
import { status } from '../support/list-server.ts'
import { startPushableRegistry } from '../support/pushable-registry.ts'
import { type ApiObject, startScriptedCluster } from '../support/scripted-cluster.ts'
import { startScriptedRegistry } from '../support/scripted-registry.ts'
import { makeTempFolder } from '../support/temp.ts'

async function images(
  words: readonly string[],
  { input = '', files = {} as Readonly<Record<string, string>> } = {},
) {
  await using folder = await makeTempFolder()
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(folder.path, path, '..'), { recursive: true })
    await writeFile(join(folder.path, path), text)
  }
  const end = await runHosted(['images', ...words], { folder: folder.path, input, hasty: true })
  return { ...end, lines: end.out.split('\n').filter((line) => line !== '') }
}

const CONFIG = makeBlob('config')
const image = (name: string, tag: string, content: string): TestRepository => {
  const layer = makeBlob(content)
  return { name, tags: { [tag]: makeManifest(CONFIG, layer) }, blobs: [CONFIG, layer] }
}
const pod = (image: string) =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers: [{name: a, image: "${image}"}]\n`

describe('images of Kubernetes versions', () => {
  it('are one reference a line, each once, as copy --images reads them', async () => {
    const { code, lines, out, err } = await images(['--kubernetes', 'v1.33.2,v1.33.3', 'v1.33.2'])
    expect({ code, err }).toEqual({ code: 0, err: '11 images\n' })
    expect(lines).toContain('registry.k8s.io/kube-proxy:v1.33.2')
    expect(lines).toContain('registry.k8s.io/kube-proxy:v1.33.3')
    expect(lines.filter((line) => line.includes('/etcd:'))).toEqual(['registry.k8s.io/etcd:3.5.21-0'])
    expect(parseImageList(out).images.map(({ text }) => text)).toEqual(lines)
  })

  it('are said to lack what nobody knows, and are derived where their neighbours agree', async () => {
    const unknown = await images(['--kubernetes', 'v1.99.1', '--quiet'])
    expect(unknown.code).toBe(1)
    expect(unknown.lines).toEqual(
      ['apiserver', 'controller-manager', 'scheduler', 'proxy'].map(
        (it) => `registry.k8s.io/kube-${it}:v1.99.1`,
      ),
    )
    expect(unknown.err).toBe(
      'not known: coredns, pause, etcd of Kubernetes v1.99.1: nothing is known of Kubernetes 1.99\n',
    )
    const derived = await images(['--kubernetes', 'v1.33.99', '--json'])
    expect(derived.code).toBe(0)
    const document: { images: object[]; gaps: object[] } = JSON.parse(derived.out)
    expect(document.images).toContainEqual({
      reference: 'registry.k8s.io/pause:3.10',
      of: ['Kubernetes v1.33.99'],
      basis: 'derived',
    })
    expect(document.gaps).toEqual([
      {
        version: 'v1.33.99',
        missing: [],
        why: 'Kubernetes 1.33.99 was not read; this is as in 1.33.13',
      },
    ])
  })

  it('of an upgrade are those that are new; the others are told beside them', async () => {
    const { code, lines, err } = await images([
      '--upgrade',
      'v1.33.5..v1.33.6',
      '--custom-repository',
      'r.example/k/',
    ])
    expect(code).toBe(0)
    expect(lines).toContain('r.example/k/etcd:3.5.24-0')
    expect(lines).toHaveLength(5)
    expect(err).toContain('dropped: r.example/k/etcd:3.5.21-0\n')
    expect(err).toContain('stays: r.example/k/coredns:v1.12.0\n')
    expect(err).toContain('5 new images, 5 dropped, 2 as before\n')
  })

  it('are those of the last patch that the registry has, where the data has none, and it is said', async () => {
    const made = ['v1.99.0', 'v1.99.2', 'v1.99.3-rc.0', 'v1.98.7'].map(
      (tag) => [tag, makeManifest(CONFIG)] as const,
    )
    const repository = { name: 'k8s/kube-apiserver', tags: Object.fromEntries(made), blobs: [CONFIG] }
    await using registry = await startScriptedRegistry({ repositories: [repository] })
    const place = `${registry.host}/k8s`
    const { code, lines, err } = await images(['--kubernetes', 'v1.99.x', '--custom-repository', place])
    expect(lines).toContain(`${place}/kube-proxy:v1.99.2`)
    expect(code).toBe(1)
    expect(err).toContain(
      `of Kubernetes v1.99.2: v1.99.x is v1.99.2 by the tags of ${place}/kube-apiserver; nothing is`,
    )
    const none = await images(['--kubernetes', 'v1.97.x', '--custom-repository', place])
    expect(none).toMatchObject({ code: 2, out: '' })
    expect(none.err).toContain('has no tag of Kubernetes 1.97, and the data has 1.19 to 1.37; name a version')
  })

  it('are the sync of a config', async () => {
    const { lines } = await images(['--kubernetes', 'v1.33.2', '--yaml'])
    expect(lines[0]).toBe('# from an upstream that is registry.k8s.io')
    expect(lines.join('\n')).toContain(
      '- repositories:\n        - pause\n      tags:\n        include:\n          - "3.10"',
    )
  })

  it.each([
    [[], 'say of what: --kubernetes, --upgrade, --from-cluster or --from-files'],
    [['--kubernetes', 'latest'], '"latest" is no version of Kubernetes'],
    [['--kubernetes', 'v1.33.2,'], '"" is no version of Kubernetes'],
    [['--upgrade', 'v1.33.1'], '"v1.33.1" is no upgrade; expected FROM..TO'],
    [['--kubernetes', 'v1.33.1', '--custom-repository', 'k8s'], '"k8s" must be HOST[/PATH]'],
    [['--kubernetes', 'v1.33.1', '--custom-repository', 'r.example/K'], '"r.example/K" must be HOST[/PATH]'],
    [
      ['--from-files', '.', '--custom-repository', 'r.example'],
      '--custom-repository is about what kubeadm pulls',
    ],
    [['--kubernetes', 'v1.33.1', '--referrers'], '--referrers needs --digests'],
    [['--kubernetes', 'v1.33.1', '--digests', '--yaml'], '--yaml and --digests exclude each other'],
    [['--from-files', '/there/is/none'], 'there/is/none'],
  ])('refuse %j', async (words, message) => {
    const { code, out, err } = await images(words)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain(message)
  })
})

describe('images of files', () => {
  it('are those of every registry, and what cannot be told is named', async () => {
    const files = {
      'a/pod.yaml': pod('nginx:1.27'),
      'images.txt': '# mine\nregistry.k8s.io/pause:3.10\nalpine:3 # small\nthis is prose: not an image\n',
      'values.yaml': 'image: {repository: ghcr.io/acme/side}\n',
      'skipped/pod.yaml': pod('skipped:1'),
      'chart/Chart.yaml': 'name: x\nversion: 1.0.0\n',
      'chart/templates/pod.yaml': pod('{{ .Values.image }}'),
    }
    const { code, lines, err } = await images(['--from-files', '.', '--exclude', 'skipped'], { files })
    expect(lines.toSorted()).toEqual([
      'docker.io/library/alpine:3',
      'docker.io/library/nginx:1.27',
      'registry.k8s.io/pause:3.10',
    ])
    expect(code).toBe(1)
    expect(err).toContain(
      'not listed: values.yaml:1: ghcr.io/acme/side: its tag is said elsewhere, if at all\n',
    )
    expect(err).toContain('not listed: chart/templates/pod.yaml:1: a template of a chart')
  })

  it('are those of standard input', async () => {
    const { code, lines } = await images(['--from-files', '-'], { input: pod('quay.io/a/b:1') })
    expect({ code, lines }).toEqual({ code: 0, lines: ['quay.io/a/b:1'] })
  })
})

describe('images of a cluster', () => {
  const metadata = (name: string): ApiObject['metadata'] => ({ name, namespace: 'shop' })
  const spec = (image: string) => ({ containers: [{ name: 'a', image }] })
  const content = {
    'v1/namespaces': [{ metadata: { name: 'shop' } }],
    'v1/replicationcontrollers': [],
    'v1/pods': [{ metadata: metadata('a'), spec: spec('nginx:1.27') }],
    'apps/v1/deployments': [{ metadata: metadata('d'), spec: { template: { spec: spec('quay.io/a/b:1') } } }],
  }

  async function list(cluster: { kubeconfig(): string }, ...words: string[]) {
    return await images(['--from-cluster', '--kubeconfig', 'config', ...words], {
      files: { config: cluster.kubeconfig() },
    })
  }

  it('are those of pods and of what makes pods, and nothing else is read', async () => {
    await using cluster = await startScriptedCluster({ content })
    const { code, lines, err } = await list(cluster)
    expect({ code, lines }).toEqual({ code: 0, lines: ['docker.io/library/nginx:1.27', 'quay.io/a/b:1'] })
    expect(err).toContain('2 images; 2 objects of http://127.0.0.1')
    expect(cluster.requests.filter((path) => /events|configmaps/.test(path))).toEqual([])
  })

  it('are said to lack what the account may not list', async () => {
    await using cluster = await startScriptedCluster({
      content,
      refuse: ({ resource }) => (resource === 'deployments' ? 403 : undefined),
    })
    const { code, lines, err } = await list(cluster)
    expect({ code, lines }).toEqual({ code: 1, lines: ['docker.io/library/nginx:1.27'] })
    expect(err).toContain('not read: cannot list deployments.apps in shop: needs the right to list')
  })

  it('end with 3 where nothing may be seen, and with 2 for a namespace that is not there', async () => {
    await using cluster = await startScriptedCluster({
      content,
      refuse: ({ path }) => (path === '/version' ? undefined : 403),
    })
    expect(await list(cluster)).toMatchObject({ code: 3, out: '' })
    await using open = await startScriptedCluster({ content })
    const { code, err } = await list(open, '--namespace', 'none')
    expect({ code }).toEqual({ code: 2 })
    expect(err).toContain('there is no namespace "none"')
  })
})

describe('digests', () => {
  it('are those that registries give; missing, refused and unknown are three words', async () => {
    const here = image('k8s/pause', '3.10', 'pause')
    await using registry = await startScriptedRegistry({
      repositories: [here, image('k8s/secret', '1', 's')],
    })
    registry.script('/v2/k8s/secret/manifests/1', status(403))
    registry.script('/v2/k8s/broken/manifests/1', status(500))
    const { host } = registry
    const list = ['pause:3.10', 'gone:1', 'secret:1', 'broken:1'].map((it) => `${host}/k8s/${it}\n`).join('')
    const { code, lines, err } = await images(['--from-files', 'list.txt', '--digests'], {
      files: { 'list.txt': list },
    })
    expect(lines).toEqual([`${host}/k8s/pause:3.10@${here.tags['3.10']!.digest}`])
    expect(code).toBe(1)
    expect(err).toContain(`missing: ${host}/k8s/gone:1: ${host}/k8s/gone:1 is not there\n`)
    expect(err).toContain(`refused: ${host}/k8s/secret:1: `)
    expect(err).toContain(`unknown: ${host}/k8s/broken:1: `)
  })

  it('come with the signatures, and without them where the registry refuses to say', async () => {
    const here = image('k8s/pause', '3.10', 'pause')
    const { digest } = here.tags['3.10']!
    const signature = makeManifest(CONFIG, makeBlob('signature'))
    const tag = `${digest.replace(':', '-')}.sig`
    const signed = { ...here, tags: { ...here.tags, [tag]: signature } }
    await using registry = await startScriptedRegistry({ repositories: [signed] })
    const words = [
      '--kubernetes',
      'v1.33.2',
      '--custom-repository',
      `${registry.host}/k8s`,
      '--digests',
      '--referrers',
    ]
    const { lines } = await images(words)
    expect(lines).toEqual([
      `${registry.host}/k8s/pause:3.10@${digest}`,
      `${registry.host}/k8s/pause:${tag}@${signature.digest}`,
    ])
    registry.script(`/v2/k8s/pause/manifests/${tag}`, status(403))
    const refused = await images(words)
    expect(refused.lines).toEqual([`${registry.host}/k8s/pause:3.10@${digest}`])
    expect(refused.err).toContain(`refused: ${registry.host}/k8s/pause:3.10: its referrers are not known: `)
  })

  it('tell that a private registry has all of a release, or what it lacks', async () => {
    const release = await images(['--kubernetes', 'v1.33.2'])
    const sources = release.lines.map((line) => {
      const [, component, tag] = /([^/]+):([^:]+)$/.exec(line)!
      return image(`k8s/${component}`, tag!, line)
    })
    await using source = await startScriptedRegistry({ repositories: sources })
    await using target = await startPushableRegistry()
    const of = (place: string, ...words: string[]) =>
      images(['--kubernetes', 'v1.33.2', '--custom-repository', place, ...words])
    const { out: list } = await of(`${source.host}/k8s`)
    await using folder = await makeTempFolder()
    const words = ['copy', '--images', '-', `${target.host}/mirror`, '--map', `${source.host}/k8s=k8s`]
    expect(await runHosted(words, { folder: folder.path, input: list })).toMatchObject({ code: 0 })
    const whole = await of(`${target.host}/mirror/k8s`, '--digests')
    expect({ code: whole.code, count: whole.lines.length }).toEqual({ code: 0, count: 7 })
    const before = await of(`${source.host}/k8s`, '--digests')
    const digestsOf = (lines: readonly string[]) => lines.map((line) => line.split('@')[1])
    expect(digestsOf(whole.lines)).toEqual(digestsOf(before.lines))
    const lacking = await images([
      ...['--kubernetes', 'v1.33.6', '--custom-repository', `${target.host}/mirror/k8s`, '--digests'],
    ])
    expect(lacking.code).toBe(1)
    expect(lacking.err).toContain(`missing: ${target.host}/mirror/k8s/etcd:3.5.24-0: `)
    expect(lacking.lines).toHaveLength(2)
  })

  it('end with 3 where nobody answers', async () => {
    const registry = await startScriptedRegistry()
    const { host } = registry
    await registry[Symbol.asyncDispose]()
    const { code, err } = await images(['--from-files', 'l.txt', '--digests'], {
      files: { 'l.txt': `${host}/a:1\n` },
    })
    expect({ code }).toEqual({ code: 3 })
    expect(err).toContain(`unknown: ${host}/a:1: `)
  })
})
