import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import https from 'node:https'
import { join } from 'node:path'
import { startDaemon } from './daemon.ts'
import { findFreePort } from './ports.ts'
import { findPrograms, runOk } from './programs.ts'
import { makeTempFolder } from './temp.ts'
import { until } from './until.ts'

const { found, missing } = findPrograms('kube-apiserver', 'etcd', 'openssl')

/** Why {@link startKubernetesApi} cannot work here; `undefined` when it can. */
export const noKubernetesApi = missing

/** The API of a cluster that has no nodes and no controllers: what is written to it is checked, defaulted and kept. */
export interface KubernetesApi extends AsyncDisposable {
  /** The file by which clients such as helm find it. */
  readonly kubeconfig: string
  /** What it answers, parsed; the body goes as JSON, or as YAML where it is text. Throws with its reason when it refuses. */
  ask(method: string, path: string, body?: object | string): Promise<unknown>
}

/** Starts etcd and kube-apiserver on loopback, with services of both families. */
export async function startKubernetesApi(): Promise<KubernetesApi> {
  const made = new AsyncDisposableStack()
  try {
    const folder = made.use(await makeTempFolder())
    const file = (name: string) => join(folder.path, name)
    const [clients, peers] = [await findFreePort(), await findFreePort()].map(
      (port) => `http://127.0.0.1:${port}`,
    )
    made.use(
      await startDaemon(
        found.etcd,
        [
          ...['--data-dir', file('etcd'), '--unsafe-no-fsync', '--initial-cluster', `default=${peers}`],
          ...['--listen-client-urls', clients!, '--advertise-client-urls', clients!],
          ...['--listen-peer-urls', peers!, '--initial-advertise-peer-urls', peers!],
        ],
        'ready to serve client requests',
      ),
    )
    const port = await findFreePort()
    const token = randomUUID()
    await writeFile(file('tokens.csv'), `${token},admin,admin,system:masters\n`)
    await runOk(found.openssl, ['genrsa', '-out', file('accounts.pem'), '2048'])
    made.use(
      await startDaemon(
        found['kube-apiserver'],
        [
          ...['--etcd-servers', clients!, '--bind-address', '127.0.0.1', '--secure-port', String(port)],
          // It takes no address of loopback here; nobody asks for it.
          ...['--advertise-address', '192.0.2.1', '--cert-dir', file('certificates')],
          ...['--token-auth-file', file('tokens.csv'), '--authorization-mode', 'RBAC'],
          ...[
            '--service-account-issuer',
            'https://issuer.example',
            '--service-account-key-file',
            file('accounts.pem'),
          ],
          ...['--service-account-signing-key-file', file('accounts.pem')],
          ...['--service-cluster-ip-range', '10.0.0.0/24,fd00:10::/112'],
          // No controller makes the accounts that it would wait for.
          ...['--disable-admission-plugins', 'ServiceAccount'],
        ],
        'Serving securely',
      ),
    )
    const origin = `https://127.0.0.1:${port}`
    await writeFile(file('kubeconfig'), JSON.stringify(kubeconfigOf(origin, token)))
    const ask = (method: string, path: string, body?: object | string) =>
      askApi(origin + path, token, method, body)
    await until(
      'the Kubernetes API',
      async () => (await ask('GET', '/readyz').catch(() => undefined)) === 'ok',
    )
    const owned = made.move()
    return { kubeconfig: file('kubeconfig'), ask, [Symbol.asyncDispose]: () => owned.disposeAsync() }
  } finally {
    await made.disposeAsync()
  }
}

function kubeconfigOf(server: string, token: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'test', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    'current-context': 'test',
  }
}

/** One request; its certificate is one that it made itself. */
function askApi(url: string, token: string, method: string, body?: object | string): Promise<unknown> {
  const headers = {
    Authorization: `Bearer ${token}`,
    'Content-Type': typeof body === 'string' ? 'application/yaml' : 'application/json',
  }
  return new Promise((resolve, reject) => {
    const request = https.request(url, { method, headers, rejectUnauthorized: false }, (reply) => {
      let text = ''
      reply.setEncoding('utf8')
      reply.on('data', (chunk) => {
        text += chunk
      })
      reply.on('end', () => {
        if (reply.statusCode! >= 300) reject(new Error(`${method} ${url}: ${reply.statusCode} ${text}`))
        else resolve(reply.headers['content-type'] === 'application/json' ? JSON.parse(text) : text)
      })
    })
    request.on('error', reject)
    request.end(typeof body === 'object' ? JSON.stringify(body) : body)
  })
}
