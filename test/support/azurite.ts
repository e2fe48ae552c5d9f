import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { ContainerClient, StorageSharedKeyCredential } from '@azure/storage-blob'
import { makeTempFolder } from './temp.ts'

/** Microsoft's own emulator of Azure Blob Storage. */
export interface Azurite extends AsyncDisposable {
  /** With the account in its path. */
  readonly endpoint: string
  readonly account: string
  readonly container: string
  /** Credentials, by the variables that hold them. */
  readonly environment: Readonly<Record<string, string>>
  /** Ends it at once. */
  stop(): Promise<void>
}

const PROGRAM = fileURLToPath(new URL('../../node_modules/azurite/dist/src/blob/main.js', import.meta.url))
const ACCOUNT = 'devstoreaccount1'
const CONTAINER = 'container'

export async function startAzurite(): Promise<Azurite> {
  const folder = await makeTempFolder()
  const key = Buffer.from('a key for tests alone').toString('base64')
  const child = spawn(
    process.execPath,
    [
      ...[PROGRAM, '--blobHost', '127.0.0.1', '--blobPort', '0', '--location', folder.path],
      ...['--silent', '--disableTelemetry', '--skipApiVersionCheck'],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, AZURITE_ACCOUNTS: `${ACCOUNT}:${key}` } },
  )
  const exited = once(child, 'exit')
  const stop = async () => {
    child.kill('SIGKILL')
    await exited
  }
  const dispose = async () => {
    await stop()
    await folder[Symbol.asyncDispose]()
  }
  try {
    const origin = await new Promise<string>((resolve, reject) => {
      let printed = ''
      const read = (chunk: Buffer) => {
        printed += chunk
        const [, address] = /successfully listens on (http:\S+)/.exec(printed) ?? []
        if (address !== undefined) resolve(address)
      }
      child.stdout.on('data', read)
      child.stderr.on('data', read)
      exited.then(([code]) => reject(new Error(`azurite ended with ${code}:\n${printed}`)))
    })
    const endpoint = `${origin}/${ACCOUNT}`
    await new ContainerClient(
      `${endpoint}/${CONTAINER}`,
      new StorageSharedKeyCredential(ACCOUNT, key),
    ).create()
    return {
      endpoint,
      account: ACCOUNT,
      container: CONTAINER,
      environment: { AZURE_STORAGE_KEY: key },
      stop,
      [Symbol.asyncDispose]: dispose,
    }
  } catch (error) {
    await dispose()
    throw error
  }
}
