import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { findFreePort } from './ports.ts'
import { findPrograms } from './programs.ts'
import { until } from './until.ts'

/** A server that speaks Cloud Storage's JSON API. */
export interface FakeGcs extends AsyncDisposable {
  readonly origin: string
  readonly bucket: string
  stop(): Promise<void>
}

const { found, missing } = findPrograms('fake-gcs-server')

/** Why {@link startFakeGcs} cannot work here; `undefined` when it can. */
export const noFakeGcs = missing && `${missing} (go install github.com/fsouza/fake-gcs-server@latest)`

/** The emulator that most of the world tests with, in memory. */
export async function startFakeGcs(): Promise<FakeGcs> {
  const port = await findFreePort()
  const origin = `http://127.0.0.1:${port}`
  const child = spawn(
    found['fake-gcs-server'],
    [
      ...['-scheme', 'http', '-host', '127.0.0.1', '-port', String(port), '-backend', 'memory'],
      ...['-external-url', origin, '-log-level', 'error'],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const exited = once(child, 'exit')
  let printed = ''
  for (const output of [child.stdout, child.stderr]) {
    output.on('data', (chunk) => {
      printed += chunk
    })
  }
  const stop = async () => {
    child.kill('SIGKILL')
    await exited
  }
  try {
    await until('fake-gcs-server to make a bucket', async () => {
      if (child.exitCode !== null)
        throw new Error(`fake-gcs-server ended with ${child.exitCode}:\n${printed}`)
      const init = { method: 'POST', body: JSON.stringify({ name: 'bucket' }) }
      return fetch(`${origin}/storage/v1/b`, init).then(
        ({ ok }) => ok,
        () => false,
      )
    })
  } catch (error) {
    await stop()
    throw error
  }
  return { origin, bucket: 'bucket', stop, [Symbol.asyncDispose]: stop }
}
