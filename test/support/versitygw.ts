import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { findFreePort } from './ports.ts'
import { findPrograms } from './programs.ts'
import type { S3Server } from './s3-server.ts'
import { makeTempFolder } from './temp.ts'
import { until } from './until.ts'

const { found, missing } = findPrograms('versitygw')

/** Why {@link startVersitygw} cannot work here; `undefined` when it can. */
export const noVersitygw =
  missing && `${missing} (go install github.com/versity/versitygw/cmd/versitygw@latest)`

/** The S3 gateway of Versity over a folder, with one account of this name. */
export async function startVersitygw(account = 'test'): Promise<S3Server> {
  const folder = await makeTempFolder()
  const [buckets, sidecar] = [join(folder.path, 'buckets'), join(folder.path, 'metadata')]
  await mkdir(join(buckets, 'bucket'), { recursive: true })
  await mkdir(sidecar)
  const host = `127.0.0.1:${await findFreePort()}`
  const [access, secret] = [`${account}-access`, `${account}-secret`]
  const child = spawn(
    found.versitygw,
    // Metadata beside the content, since not every temp folder has extended attributes.
    [
      ...['--port', host, '--access', access, '--secret', secret, '--quiet'],
      ...['posix', '--sidecar', sidecar, buckets],
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
  const dispose = async () => {
    await stop()
    await folder[Symbol.asyncDispose]()
  }
  try {
    await until('versitygw to answer', async () => {
      if (child.exitCode !== null) throw new Error(`versitygw ended with ${child.exitCode}:\n${printed}`)
      return fetch(`http://${host}/`).then(
        () => true,
        () => false,
      )
    })
  } catch (error) {
    await dispose()
    throw error
  }
  return {
    origin: `http://${host}`,
    bucket: 'bucket',
    environment: { AWS_ACCESS_KEY_ID: access, AWS_SECRET_ACCESS_KEY: secret },
    stop,
    [Symbol.asyncDispose]: dispose,
  }
}
