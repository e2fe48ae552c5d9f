import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { systemClock } from '../../../src/adapters/clock.ts'
import { readKubeconfig } from '../../../src/adapters/cluster/kubeconfig.ts'
import { scanCluster } from '../../../src/adapters/cluster/scan-cluster.ts'
import { KUBERNETES_MAP } from '../../../src/migrate/builtin-map.ts'
import { createMap } from '../../../src/migrate/map.ts'
import { makeCertificates, noCertificates } from '../../support/certificates.ts'
import { type ScriptedCluster, startScriptedCluster } from '../../support/scripted-cluster.ts'
import { makeTempFolder } from '../../support/temp.ts'

async function makeTree(files: Readonly<Record<string, string | Buffer>>) {
  const folder = await makeTempFolder()
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder.path, path)), { recursive: true })
    await writeFile(join(folder.path, path), content)
  }
  return folder
}

/** A kubeconfig with one context, cluster and user of each name. */
const config = (names: readonly string[], more: object = {}, server = 'https://127.0.0.1:6443') =>
  JSON.stringify({
    contexts: names.map((name) => ({
      name,
      context: { cluster: name, user: name, namespace: `${name}-space` },
    })),
    clusters: names.map((name) => ({ name, cluster: { server: `${server}/${name}` } })),
    users: names.map((name) => ({ name, user: { token: `${name}-token` } })),
    ...more,
  })
const current = (name: string) => ({ 'current-context': name })

describe('a kubeconfig', () => {
  it.each<
    [string, Record<string, string>, { list?: string[]; kubeconfig?: string; context?: string }, string]
  >([
    ['is ~/.kube/config by default', { '.kube/config': config(['home'], current('home')) }, {}, 'home'],
    [
      'is what KUBECONFIG says before that',
      { '.kube/config': config(['home'], current('home')), a: config(['a'], current('a')) },
      { list: ['a'] },
      'a',
    ],
    [
      'is what is named before that',
      { a: config(['a'], current('a')), b: config(['b'], current('b')) },
      { list: ['a'], kubeconfig: 'b' },
      'b',
    ],
    [
      'may be several files, of which some are not there and the first with a current context has it',
      { a: config(['a']), b: config(['b'], current('b')), c: config(['c'], current('c')) },
      { list: ['none', 'a', 'b', 'c'] },
      'b',
    ],
    [
      'may name in one file what is in another',
      { a: JSON.stringify(current('c')), c: config(['c']) },
      { list: ['a', 'c'] },
      'c',
    ],
    [
      'may say things twice, of which the first holds',
      { a: config(['x'], current('x')), b: config(['x'], {}, 'https://127.0.0.2:1') },
      { list: ['a', 'b'] },
      'x',
    ],
    ['has other contexts', { a: config(['a', 'b'], current('a')) }, { list: ['a'], context: 'b' }, 'b'],
    [
      'may be YAML',
      {
        a: 'current-context: a\ncontexts: [{name: a, context: {cluster: a}}]\nclusters: [{name: a, cluster: {server: "https://127.0.0.1:6443/a"}}]\n',
      },
      { list: ['a'] },
      'a',
    ],
  ])('%s', async (_, files, { list, kubeconfig, context }, expected) => {
    await using folder = await makeTree(files)
    const path = (name: string) => join(folder.path, name)
    const access = readKubeconfig(
      { ...(kubeconfig && { kubeconfig: path(kubeconfig) }), ...(context && { context }) },
      { environment: { KUBECONFIG: list?.map(path).join(delimiter) }, home: folder.path },
    )
    expect(access).toMatchObject({ context: expected, server: `https://127.0.0.1:6443/${expected}` })
  })

  it.each<[string, string | undefined, RegExp]>([
    [
      'there is none',
      undefined,
      /^no cluster is known: KUBECONFIG \(.*\) names no file that is there, and this is not a pod/,
    ],
    ['it is not YAML', 'a: [', /^cannot read kubeconfig .*: it is not YAML: /],
    ['it is something else', 'just words', /^cannot read kubeconfig .*: it is malformed/],
    [
      'a part is malformed',
      '{"clusters": [{"name": "a"}]}',
      /^cannot read kubeconfig .*: clusters\[0\]\.cluster is missing/,
    ],
    [
      'a plugin has no command',
      '{"users": [{"name": "a", "user": {"exec": {"apiVersion": "v1"}}}]}',
      /users\.0\.user\.exec\.command/,
    ],
    [
      'nothing is chosen',
      config(['a', 'b']),
      /^the kubeconfig has no current context; choose one with --context: there are a, b/,
    ],
    [
      'the choice is not there',
      config(['prod'], current('prd')),
      /^context "prd" is not in the kubeconfig \(did you mean "prod"\?\); there are prod/,
    ],
    [
      'the cluster is not there',
      config(['a'], { clusters: [], ...current('a') }),
      /^context "a" names cluster "a", which is not in/,
    ],
    [
      'the user is not there',
      config(['a'], { users: [], ...current('a') }),
      /^context "a" names user "a", which is not in/,
    ],
    [
      'the server is no URL',
      config(['a'], current('a'), 'ftp://127.0.0.1'),
      /^cluster "a" has server "ftp:\/\/127\.0\.0\.1\/a", which is no URL/,
    ],
  ])('is refused, and why is said, when %s', async (_, text, message) => {
    await using folder = await makeTree(text === undefined ? {} : { config: text })
    const parts = { environment: { KUBECONFIG: join(folder.path, 'config') }, home: folder.path }
    expect(() => readKubeconfig({}, parts)).toThrow(message)
  })

  it('that is named has to be there', () => {
    const parts = { environment: {}, home: '/nowhere' }
    expect(() => readKubeconfig({ kubeconfig: '/nowhere/config' }, parts)).toThrow(
      'cannot read kubeconfig /nowhere/config: there is no such file',
    )
  })
})

describe.skipIf(noCertificates)('who asks', () => {
  /** Scans an empty cluster over TLS, and gives what its questions were authorized with. */
  async function asked(
    prepare: (cluster: ScriptedCluster, folder: string) => Promise<{ kubeconfig?: string; root?: string }>,
    limits = {},
  ): Promise<(string | undefined)[]> {
    await using certificates = await makeCertificates()
    await using folder = await makeTree({ 'ca.pem': certificates.good })
    const seen: (string | undefined)[] = []
    await using cluster = await startScriptedCluster({
      certificates,
      refuse: ({ authorization, certified }) => void seen.push(authorization ?? certified),
    })
    await writeFile(join(folder.path, 'key.pem'), certificates.key)
    const { kubeconfig, root } = await prepare(cluster, folder.path)
    await scanCluster(kubeconfig === undefined ? {} : { kubeconfig }, {
      map: createMap(KUBERNETES_MAP),
      runtime: { ...systemClock, random: () => 0, userAgent: 'portolan/test' },
      environment: process.env,
      home: folder.path,
      ...(root !== undefined && { root }),
      limits: { attempts: 1, ...limits },
    })
    return [...new Set(seen)]
  }

  /** Writes a kubeconfig with this user into a folder. */
  const as =
    (user: object | ((folder: string) => Promise<object>), cluster?: object) =>
    async (server: ScriptedCluster, folder: string) => {
      const kubeconfig = join(folder, 'config')
      await writeFile(
        kubeconfig,
        server.kubeconfig(typeof user === 'function' ? await user(folder) : user, cluster),
      )
      return { kubeconfig }
    }
  const plugin =
    (script: string, more: object = {}) =>
    async (folder: string) => {
      await writeFile(join(folder, 'plugin'), `#!/bin/sh\n${script}\n`)
      await chmod(join(folder, 'plugin'), 0o755)
      return { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: './plugin', ...more } }
    }
  const credential = (status: object) => JSON.stringify({ kind: 'ExecCredential', status })

  it('is told by a token, a name with a password, or a token in a file beside the kubeconfig', async () => {
    expect(await asked(as({ token: 'secret' }))).toEqual(['Bearer secret'])
    expect(await asked(as({ username: 'ann', password: 'secret' }))).toEqual([`Basic ${btoa('ann:secret')}`])
    const inFile = async (folder: string) => {
      await writeFile(join(folder, 'token'), 'from-a-file\n')
      return { tokenFile: 'token' }
    }
    expect(await asked(as(inFile))).toEqual(['Bearer from-a-file'])
  })

  it('is told by a certificate, in a file beside the kubeconfig or of a plugin', async () => {
    expect(await asked(as({ 'client-certificate': 'ca.pem', 'client-key': 'key.pem' }))).toEqual([
      '127.0.0.1',
    ])
    const inQuotes = (file: string) => `"$(awk '{ printf "%s\\\\n", $0 }' "$(dirname "$0")/${file}")"`
    const script = `printf '{"status":{"clientCertificateData":"%s","clientKeyData":"%s"}}' ${inQuotes('ca.pem')} ${inQuotes('key.pem')}`
    expect(await asked(as(plugin(script)))).toEqual(['127.0.0.1'])
  })

  it('trusts a certificate-authority in a file beside the kubeconfig', async () => {
    const cluster = { 'certificate-authority-data': undefined, 'certificate-authority': 'ca.pem' }
    expect(await asked(as({ token: 'secret' }, cluster))).toEqual(['Bearer secret'])
  })

  it('is told by a plugin beside the kubeconfig, which gets its arguments and variables and is asked once', async () => {
    const script =
      'echo x >> "$0.runs"; test "$KUBERNETES_EXEC_INFO" && echo "{\\"status\\":{\\"token\\":\\"$1-$NAME-$(wc -l < "$0.runs")\\"}}"'
    const user = plugin(script, { args: ['one'], env: [{ name: 'NAME', value: 'two' }] })
    expect(await asked(as(user))).toEqual(['Bearer one-two-1'])
  })

  it('is asked for again when what a plugin gave has expired', async () => {
    const script =
      'echo x >> "$0.runs"; echo "{\\"status\\":{\\"token\\":\\"$(wc -l < "$0.runs")\\",\\"expirationTimestamp\\":\\"2020-01-01T00:00:00Z\\"}}"'
    expect((await asked(as(plugin(script)))).slice(0, 2)).toEqual(['Bearer 1', 'Bearer 2'])
  })

  it.each<[string, string, RegExp]>([
    [
      'fails',
      `echo '${credential({ token: 'hidden' })}'; exit 3`,
      /plugin gives none: it ended with exit code 3$/,
    ],
    ['prints something else', 'echo hidden', /plugin gives none: it printed no ExecCredential$/],
    [
      'gives nothing',
      `echo '${credential({})}'`,
      /plugin gives none: it printed neither token nor certificate$/,
    ],
    ['prints too much', 'yes hidden 2> /dev/null', /plugin gives none: it printed far too much$/],
    ['hangs', 'exec sleep 60', /(?:it did not end within 2 s|it did not come within 2 s)$/],
  ])('is not told by a plugin that %s', async (_, script, message) => {
    const fault = await asked(as(plugin(script)), { credentialTimeout: 2000 }).catch((error: Error) => error)
    expect(fault).toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringMatching(
        /^there is no credential of user "tester" for context "test": its plugin .*|it did not come/,
      ),
    })
    expect((fault as Error).message).toMatch(message)
    expect((fault as Error).message).not.toContain('hidden')
  })

  it('is told how to get a plugin that is not there', async () => {
    const exec = { apiVersion: 'v1', command: 'no-such-plugin', installHint: 'get it from the shop' }
    await expect(asked(as({ exec }))).rejects.toThrow(
      'no-such-plugin gives none: it is not there; get it from the shop',
    )
  })

  it('is the service account of the pod where there is no kubeconfig', async () => {
    const seen = await asked(async ({ host }, folder) => {
      const account = join(folder, 'var/run/secrets/kubernetes.io/serviceaccount')
      const { readFile } = await import('node:fs/promises')
      await mkdir(account, { recursive: true })
      await writeFile(join(account, 'ca.crt'), await readFile(join(folder, 'ca.pem')))
      await writeFile(join(account, 'token'), 'of-a-pod')
      await writeFile(join(account, 'namespace'), 'shop')
      const [address, port] = host.split(':') as [string, string]
      vi.stubEnv('KUBERNETES_SERVICE_HOST', address)
      vi.stubEnv('KUBERNETES_SERVICE_PORT', port)
      vi.stubEnv('KUBECONFIG', '')
      return { root: folder }
    }).finally(() => vi.unstubAllEnvs())
    expect(seen).toEqual(['Bearer of-a-pod'])
  })

  it('is nobody over plain http, as with kubectl, so that no credential is shown to the way there', async () => {
    await using folder = await makeTempFolder()
    const seen: (string | undefined)[] = []
    await using cluster = await startScriptedCluster({
      refuse: ({ authorization }) => void seen.push(authorization),
    })
    const { kubeconfig } = await as({ token: 'secret' })(cluster, folder.path)
    const parts = {
      map: createMap(KUBERNETES_MAP),
      runtime: { ...systemClock, random: () => 0, userAgent: 'test' },
    }
    await scanCluster({ kubeconfig }, { ...parts, environment: {}, home: folder.path })
    expect([...new Set(seen)]).toEqual([undefined])
  })
})
