import type { Server } from 'node:http'
import { createRequire } from 'node:module'
import { makeTempFolder } from './temp.ts'

/** A server that speaks S3's protocol. */
export interface S3Server extends AsyncDisposable {
  readonly origin: string
  readonly bucket: string
  /** Credentials, by the variables that hold them. */
  readonly environment: Readonly<Record<string, string>>
  /** Ends it at once, with all its connections. */
  stop(): Promise<void>
}

/** As much of s3rver as is used here; it brings no types. */
interface S3rver {
  readonly httpServer: Server
  run(): Promise<{ readonly port: number }>
  close(): Promise<void>
}

const S3rver: new (options: object) => S3rver = createRequire(import.meta.url)('s3rver')

/** Runs s3rver: no conditional writes, no list of parts, no end of an upload but its completion. */
export async function startS3Server(): Promise<S3Server> {
  const folder = await makeTempFolder()
  const server = new S3rver({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory: folder.path,
    configureBuckets: [{ name: 'bucket' }],
  })
  const { port } = await server.run()
  const stop = async () => {
    if (!server.httpServer.listening) return
    const closed = server.close()
    server.httpServer.closeAllConnections()
    await closed
  }
  return {
    origin: `http://127.0.0.1:${port}`,
    bucket: 'bucket',
    environment: { AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER' },
    stop,
    async [Symbol.asyncDispose]() {
      await stop()
      await folder[Symbol.asyncDispose]()
    },
  }
}
