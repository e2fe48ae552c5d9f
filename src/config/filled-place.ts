import { absolutePath, stepsOfPath } from './absolute-path.ts'

/** Where a store's objects lie, in a form that is the same for the same place. */
export interface FilledPlace {
  /** A bucket, a container or this machine's disk. */
  readonly root: string
  /** From there on. */
  readonly steps: readonly string[]
}

/** A way to fill a store as the file says it; what is faulty in itself is `undefined`. */
export interface DraftFill {
  readonly s3?: DraftBucket | undefined
  readonly azureBlob?:
    | {
        readonly account?: string | undefined
        readonly endpoint?: string | undefined
        readonly container?: string | undefined
        readonly prefix?: string | undefined
        readonly credentials?: object | undefined
      }
    | undefined
  readonly gcs?: DraftBucket | undefined
  readonly folder?: string | undefined
}

interface DraftBucket {
  readonly bucket?: string | undefined
  readonly region?: string | undefined
  readonly endpoint?: string | undefined
  readonly prefix?: string | undefined
  readonly credentials?: object | undefined
}

const CLOUD_STORAGE = 'https://storage.googleapis.com'
const AMAZON = 'https://s3.amazonaws.com'
/** Names of buckets are Amazon's own all over the world, by whichever of its endpoints they are asked for. */
const AMAZON_HOST = /(?:^|\.)s3[a-z0-9.-]*\.amazonaws\.com$/

/** Where a store is filled; `undefined` as long as that is faulty. */
export function filledPlace(
  { s3, azureBlob, gcs, folder }: DraftFill,
  baseFolder: string,
): FilledPlace | undefined {
  if (folder !== undefined) return { root: 'disk', steps: stepsOfPath(absolutePath(folder, baseFolder)) }
  if (s3?.bucket !== undefined) return objectsBelow(s3.endpoint ?? AMAZON, s3.bucket, s3.prefix)
  if (gcs?.bucket !== undefined) return objectsBelow(gcs.endpoint ?? CLOUD_STORAGE, gcs.bucket, gcs.prefix)
  if (azureBlob?.container === undefined) return undefined
  const { account, endpoint = account && `https://${account}.blob.core.windows.net` } = azureBlob
  return endpoint === undefined ? undefined : objectsBelow(endpoint, azureBlob.container, azureBlob.prefix)
}

/** Whether one of them is, or lies in, the other. */
export function placesOverlap(one: FilledPlace, other: FilledPlace): boolean {
  const [shorter, longer] = one.steps.length < other.steps.length ? [one, other] : [other, one]
  return one.root === other.root && shorter.steps.every((step, index) => step === longer.steps[index])
}

function objectsBelow(endpoint: string, bucket: string, prefix = ''): FilledPlace | undefined {
  if (!URL.canParse(endpoint)) return undefined
  const { origin, hostname, pathname } = new URL(endpoint)
  const service = AMAZON_HOST.test(hostname) ? AMAZON : `${origin}${pathname.replace(/\/+$/, '')}`
  return { root: `${service} ${bucket}`, steps: prefix === '' ? [] : prefix.split('/') }
}
