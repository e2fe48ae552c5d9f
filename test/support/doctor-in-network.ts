import { fileURLToPath } from 'node:url'
import { findProgram, run, runOk } from './programs.ts'
import { startPullWorld } from './pull-world.ts'

/** What is wrong with the network that this process has for itself. */
export type NetworkFault = 'dropped' | 'large packets' | 'no network'

// Run in a network of its own: starts a world there, makes the fault, and prints what doctor says.

const [fault, door] = process.argv.slice(2) as [NetworkFault, string?]
const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const ports = fault === 'no network' ? new Map<string, number>() : await layOut(fault)
const origin = door ?? `http://127.0.0.1:${ports.get('registry.test')}`
const words = ['doctor', 'app:1', '--door', origin, '--runtime', 'shell', '--timeout', '1s', '--json']
const { code, stdout } = await run(process.execPath, [main, ...words])
const report = JSON.parse(stdout.toString())
process.stdout.write(JSON.stringify({ code, ports: Object.fromEntries(ports), report }))
process.exit(0)

async function layOut(fault: Exclude<NetworkFault, 'no network'>): Promise<ReadonlyMap<string, number>> {
  const iptables = (...words: string[]) => runOk(findProgram('iptables')!, words)
  await runOk(findProgram('ip')!, ['link', 'set', 'lo', 'up'])
  const { ports } = await startPullWorld({ byAddress: true })
  if (fault === 'dropped')
    await iptables('-A', 'OUTPUT', '-p', 'tcp', '--dport', String(ports.get('blobs-2.test')), '-j', 'DROP')
  // As a hop with a small MTU that may not say so.
  else {
    const from = ['-p', 'tcp', '--sport', String(ports.get('blobs-3.test'))]
    await iptables('-A', 'OUTPUT', ...from, '-m', 'length', '--length', '1400:65535', '-j', 'DROP')
  }
  return ports
}
