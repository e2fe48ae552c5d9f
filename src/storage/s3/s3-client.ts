import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import type { FillConfig } from '../../config/config.ts'
import { fromBase64, toHex } from '../driver/digests.ts'
import { refusePage } from '../driver/page-answer.ts'
import { readSecret, type SecretReader } from '../driver/secret.ts'

/** A bucket to be filled. */
export type S3Fill = Extract<FillConfig, { kind: 's3' }>

/** What a client is made with. */
export interface S3ClientOptions extends SecretReader {
  /** At one request. */
  readonly attempts: number
  readonly s3Handler?: S3ClientConfig['requestHandler']
}

/** Where a bucket is first asked for whose region nobody knows. */
const SOME_REGION = 'us-east-1'

/** A client for one bucket; it asks nothing yet. */
export function createS3Client(fill: S3Fill, options: S3ClientOptions): S3Client {
  const { endpoint, addressing = endpoint === undefined ? 'virtualHost' : 'path' } = fill
  const client = new S3Client({
    maxAttempts: options.attempts,
    // Else bodies go out as aws-chunked with a trailing checksum: some stores refuse that, some keep the chunk headers
    // as if they were content.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // A store or proxy that does not know the header would cost seconds at each part.
    expectContinueHeader: false,
    requestHandler: options.s3Handler ?? { connectionTimeout: 10_000 },
    forcePathStyle: addressing === 'path',
    ...(endpoint !== undefined && { endpoint }),
    ...regionOf(fill, options.environment),
    ...credentialsOf(fill, options),
  })
  lookForPages(client)
  signByChecksum(client)
  return client
}

/** What is smaller is signed by a hash of its own: on trial, a wrong checksum has to be refused for itself. */
const SIGNED_BYTES = 1024 * 1024

/** The checksum that goes with a body is the hash by which its request is signed, too: the SDK would hash it once more. */
function signByChecksum({ middlewareStack }: S3Client): void {
  middlewareStack.add(
    (next) => (args) => {
      const { headers, body } = args.request as {
        readonly headers: Record<string, string>
        readonly body?: unknown
      }
      const sum = headers['x-amz-checksum-sha256']
      if (sum !== undefined && body instanceof Uint8Array && body.length >= SIGNED_BYTES)
        headers['x-amz-content-sha256'] = toHex(fromBase64(sum))
      return next(args)
    },
    { step: 'build', priority: 'low' },
  )
}

/** Next to the wire, where an answer is still as it came. */
function lookForPages({ middlewareStack }: S3Client): void {
  middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const result = await next(args)
        const { statusCode: status, headers } = result.response as RawResponse
        const isObject = /^(?:Get|Head)Object/.test(String(commandName))
        const [contentType, contentLength] = [headers['content-type'], headers['content-length']]
        refusePage({ status, contentType, contentLength, isObject })
        return result
      },
    { step: 'deserialize', priority: 'low' },
  )
}

/** Of whatever handler sends requests. */
interface RawResponse {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string | undefined>>
}

/** `auto` is a region of R2's; Amazon, asked at any of its regions, says which one it is. */
function regionOf(
  { region, endpoint, credentials }: S3Fill,
  { AWS_REGION, AWS_DEFAULT_REGION }: SecretReader['environment'],
): S3ClientConfig {
  if (region === 'auto' && endpoint === undefined) return { region: SOME_REGION, followRegionRedirects: true }
  if (region !== undefined) return { region }
  // A profile has a region of its own.
  if (credentials !== undefined && 'profile' in credentials) return {}
  const inherited = AWS_REGION || AWS_DEFAULT_REGION || (endpoint !== undefined ? SOME_REGION : undefined)
  return inherited === undefined ? {} : { region: inherited }
}

/** Those that the config names, or those in the variables of AWS, or whatever its default chain finds. */
function credentialsOf({ credentials }: S3Fill, options: S3ClientOptions): S3ClientConfig {
  if (credentials !== undefined && 'profile' in credentials) {
    return { profile: credentials.profile, logger: SILENT }
  }
  if (credentials !== undefined) {
    const { accessKeyId, secretAccessKey, sessionToken } = credentials
    return {
      credentials: async () => ({
        accessKeyId: await readSecret(accessKeyId, options),
        secretAccessKey: await readSecret(secretAccessKey, options),
        ...(sessionToken && { sessionToken: await readSecret(sessionToken, options) }),
      }),
    }
  }
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = options.environment
  if (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY) return {}
  return {
    credentials: {
      accessKeyId: AWS_ACCESS_KEY_ID,
      secretAccessKey: AWS_SECRET_ACCESS_KEY,
      ...(AWS_SESSION_TOKEN && { sessionToken: AWS_SESSION_TOKEN }),
    },
  }
}

/** The SDK warns on the console of a profile beside keys in the environment; that is what the config asks for. */
const SILENT = { trace() {}, debug() {}, info() {}, warn() {}, error() {} }
