import { type ChildProcess, spawn } from 'node:child_process'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { RUNTIMES, type RuntimeName } from '../../../support/portolan.ts'
import { startEchoDoor } from '../clients.ts'
import { isMeant, nameDifference, type Outcome, outcomeOf } from './differences.ts'
import { type FuzzCase, generateCase } from './generate.ts'

const REFERENCE = fileURLToPath(new URL('reference-door.ts', import.meta.url))
/** Connections at once. */
const WORKERS = 16
/** Until what was sent is taken for read, where the next piece must be another packet; in milliseconds. */
const PAUSE = 2
/** How often one kind of difference is told. */
const EXAMPLES = 3

/** A case that came out in a way that it should not. */
export interface Finding {
  readonly seed: number
  readonly kind: string
  readonly text: string
  readonly outcomes: Readonly<Record<string, Outcome>>
}

export interface FuzzResult {
  readonly findings: readonly Finding[]
  /** How many cases differed in each way that is meant to be. */
  readonly meant: ReadonlyMap<string, number>
}

/** The servers that a case is sent to. */
export interface FuzzServers extends AsyncDisposable {
  readonly listeners: readonly { readonly name: string; readonly port: number }[]
  readonly reference: number
}

/** Starts the listener on each runtime, by both readers, and node:http beside it. */
export async function startFuzzServers(runtimes: readonly RuntimeName[]): Promise<FuzzServers> {
  const children: ChildProcess[] = []
  const listeners: { name: string; port: number }[] = []
  for (const runtime of runtimes) {
    for (const reader of ['plain', 'node-http'] as const) {
      const door = await startEchoDoor(runtime, { reader })
      children.push(door.process)
      listeners.push({ name: `${runtime}, ${reader}`, port: door.port })
    }
  }
  const child = spawn(RUNTIMES.node, [REFERENCE], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  const reference = await new Promise<number>((resolve) => {
    createInterface({ input: child.stdout }).once('line', (line) => resolve(Number(line.slice(11))))
  })
  return {
    listeners,
    reference,
    async [Symbol.asyncDispose]() {
      for (const process of children) process.kill('SIGKILL')
    },
  }
}

/** Sends the cases of these seeds to all servers, whole and in pieces, and compares what they made of them. */
export async function fuzz(servers: FuzzServers, seeds: Iterable<number>): Promise<FuzzResult> {
  const findings: Finding[] = []
  const meant = new Map<string, number>()
  const told = new Map<string, number>()
  const queue = seeds[Symbol.iterator]()
  const work = async () => {
    for (let next = queue.next(); !next.done; next = queue.next()) {
      for (const finding of await tryCase(servers, generateCase(next.value), meant)) {
        const times = (told.get(finding.kind) ?? 0) + 1
        told.set(finding.kind, times)
        if (times <= EXAMPLES) findings.push(finding)
      }
    }
  }
  await Promise.all(Array.from({ length: WORKERS }, work))
  return { findings, meant }
}

async function tryCase(
  { listeners, reference }: FuzzServers,
  { seed, text, pieces }: FuzzCase,
  meant: Map<string, number>,
): Promise<Finding[]> {
  let client = ''
  const noteClient = (address: string) => {
    client = address
  }
  const sent: [name: string, received: Promise<string>][] = []
  sent.push(['reference', exchange(reference, [text], noteClient)])
  for (const { name, port } of listeners) {
    sent.push([`${name}, whole`, exchange(port, [text])], [`${name}, in pieces`, exchange(port, pieces)])
  }
  const outcomes: Record<string, Outcome> = {}
  for (const [name, received] of sent) outcomes[name] = outcomeOf(await received)
  const [answered, first, ...others] = Object.values(outcomes)
  const theirs = await withLostAnswers(answered!, first!, reference, client)
  const found: Finding[] = []
  const note = (kind: string) => found.push({ seed, kind, text, outcomes })
  const expected = JSON.stringify(first)
  if (others.some((other) => JSON.stringify(other) !== expected))
    note('depends on the runtime, the reader or the packets')
  const kind = nameDifference(first!, theirs)
  if (kind !== undefined && isMeant(kind)) meant.set(kind, (meant.get(kind) ?? 0) + 1)
  else if (kind !== undefined) note(kind)
  return found
}

/**
 * When node:http refuses what was sent last, it does not send the answers that are still to come, though it took the
 * requests for such. It is asked for them, so that nothing hides behind that.
 */
async function withLostAnswers(
  theirs: Outcome,
  ours: Outcome,
  reference: number,
  client: string,
): Promise<Outcome> {
  if (theirs.requests.length >= ours.requests.length) return theirs
  const seen = (await (await fetch(`http://127.0.0.1:${reference}/seen?${client}`)).json()) as string[]
  const requests = seen.filter((request) => !request.startsWith('HEAD '))
  const statuses = [...seen.map(() => 200), ...theirs.statuses.filter((status) => status >= 400)]
  return { statuses, requests, refusal: undefined }
}

let connections = 0

/** Sends the pieces, closes our half, and reads until the other side closes. */
function exchange(
  port: number,
  pieces: readonly string[],
  onConnect: (client: string) => void = () => {},
): Promise<string> {
  return new Promise((resolve) => {
    // Many addresses, so that ports in TIME_WAIT do not run out.
    const localAddress = `127.0.1.${1 + (connections++ % 200)}`
    const socket = connect({ port, host: '127.0.0.1', localAddress, noDelay: true, allowHalfOpen: true })
    let received = ''
    socket.setEncoding('latin1')
    socket.setTimeout(9000, () => {
      received += ' (never closed)'
      socket.destroy()
    })
    socket.on('data', (chunk) => {
      received += chunk
    })
    socket.on('error', () => {})
    socket.on('end', () => socket.end())
    socket.on('close', () => resolve(received))
    socket.on('connect', async () => {
      onConnect(`${localAddress}:${socket.localPort}`)
      for (const [index, piece] of pieces.entries()) {
        if (index > 0) await new Promise((next) => setTimeout(next, PAUSE))
        if (!socket.destroyed) socket.write(piece, 'latin1')
      }
      if (!socket.destroyed) socket.end()
    })
  })
}
