import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type NameAnswer, startNameServer } from '../harvest/name-server.ts'
import { makePrivateAuthority } from './private-authority.ts'
import { findProgram, run, runOk } from './programs.ts'
import { type PullWorld, startPullWorld } from './pull-world.ts'
import { makeTempFolder } from './temp.ts'

/** What is wrong with the network that this process has for itself. */
export type NetworkFault = 'dropped' | 'large packets' | 'no network' | 'names'

/** Where names are looked up in a network of one's own, which has IPv4 alone, and as what. */
export interface Names {
  /** By the address of each name server, in their order, what it says of every name. */
  readonly servers: Readonly<Record<string, NameAnswer>>
  /** Addresses of name servers that nobody is at. */
  readonly gone?: readonly string[]
  /** What the file of hosts says of the registry. */
  readonly fixed?: string
  /** What is pulled from; `registry.test` over TLS by default. */
  readonly door?: string
}

// Run in a network of its own: starts a world there, makes the fault, and prints what doctor says.

const [fault, more] = process.argv.slice(2) as [NetworkFault, string?]
const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const made: AsyncDisposable[] = []
const iptables = (...words: string[]) => runOk(findProgram('iptables')!, words)
const ip = (...words: string[]) => runOk(findProgram('ip')!, words)

const { ports = new Map<string, number>(), door, env = {} } = await layOut()
const words = ['doctor', 'app:1', '--door', door, '--runtime', 'shell', '--timeout', '3s', '--json']
const { code, stdout } = await run(process.execPath, [main, ...words], { env: { ...process.env, ...env } })
const report = JSON.parse(stdout.toString())
process.stdout.write(JSON.stringify({ code, ports: Object.fromEntries(ports), report }))
for (const one of made) await one[Symbol.asyncDispose]()
process.exit(0)

async function layOut(): Promise<
  Partial<Pick<PullWorld, 'ports'>> & { door: string; env?: NodeJS.ProcessEnv }
> {
  if (fault === 'no network') return { door: more! }
  await ip('link', 'set', 'lo', 'up')
  if (fault === 'names') return layOutNames(JSON.parse(more!))
  const { ports } = await startPullWorld({ byAddress: true })
  if (fault === 'dropped')
    await iptables('-A', 'OUTPUT', '-p', 'tcp', '--dport', String(ports.get('blobs-2.test')), '-j', 'DROP')
  // As a hop with a small MTU that may not say so.
  else {
    const from = ['-p', 'tcp', '--sport', String(ports.get('blobs-3.test'))]
    await iptables('-A', 'OUTPUT', ...from, '-m', 'length', '--length', '1400:65535', '-j', 'DROP')
  }
  return { ports, door: `http://127.0.0.1:${ports.get('registry.test')}` }
}

/** All that a name needs to be looked up in a network of its own; mounts go when the process does. */
async function layOutNames({ servers, gone = [], fixed, door }: Names) {
  const folder = await makeTempFolder()
  made.push(folder)
  const authority = await makePrivateAuthority([
    'registry.test',
    ...[1, 2, 3].map((id) => `blobs-${id}.test`),
  ])
  made.push(authority)
  const { ports } = await startPullWorld({ certificate: authority })
  // A machine without an address beyond its loopback has no network, whose fault nothing is.
  for (const words of [
    'link add outside type veth peer name other',
    'address add 192.0.2.2/24 dev outside',
    'link set outside up',
    'link set other up',
  ])
    await ip(...words.split(' '))
  for (const [address, answer] of Object.entries(servers)) await startNameServer(address, () => answer)
  const names = [...gone, ...Object.keys(servers)].map((address) => `nameserver ${address}\n`)
  const files = {
    'resolv.conf': `${names.join('')}options timeout:1 attempts:1\n`,
    hosts: `127.0.0.1 localhost\n${fixed === undefined ? '' : `# ours\n${fixed} registry.test\n`}`,
  }
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(folder.path, name), text)
    await runOk(findProgram('mount')!, ['--bind', join(folder.path, name), `/etc/${name}`])
  }
  return {
    ports,
    door: door ?? `https://registry.test:${ports.get('registry.test')}`,
    env: { SSL_CERT_FILE: authority.file, SSL_CERT_DIR: folder.path },
  }
}
