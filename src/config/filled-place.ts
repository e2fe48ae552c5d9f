import type { FillConfig, RegistryFillConfig } from './config.ts'

/** Where a store's objects lie, in a form that is the same for the same place. */
export interface FilledPlace {
  /** A bucket, a container, or the disk. */
  readonly root: string
  /** From there on. */
  readonly steps: readonly string[]
}

/** Amazon's own endpoints, of whichever region: names of buckets are the same at all of them. */
const AMAZON = /^s3[a-z0-9.-]*\.amazonaws\.com$/
const CLOUD_STORAGE = 'https://storage.googleapis.com'

/** Where a store is filled; Cloud Storage is the same place for both of the protocols that it speaks. */
export function filledPlace(fill: FillConfig): FilledPlace {
  switch (fill.kind) {
    case 'folder':
      return diskPlace(fill.folder)
    case 's3':
      return objectsBelow(fill.endpoint ?? 'https://s3.amazonaws.com', fill.bucket, fill.prefix)
    case 'gcs':
      return objectsBelow(fill.endpoint ?? CLOUD_STORAGE, fill.bucket, fill.prefix)
    case 'azureBlob': {
      const endpoint = fill.endpoint ?? `https://${fill.account}.blob.core.windows.net`
      return objectsBelow(endpoint, fill.container, fill.prefix)
    }
  }
}

/** Where the repositories of a registry lie: below a path of its URL, and from there on by their prefix. */
export function registryPlace({ url, prefix }: Pick<RegistryFillConfig, 'url' | 'prefix'>): FilledPlace {
  const { host, pathname } = new URL(url)
  return {
    root: `registry ${host}${pathname.replace(/\/+$/, '')}`,
    steps: prefix === '' ? [] : prefix.split('/'),
  }
}

/** The place of a file or folder; an absolute path without ".", "..", empty parts and a slash at its end. */
export function diskPlace(path: string): FilledPlace {
  const steps: string[] = []
  for (const step of path.split(/[\\/]+/)) {
    if (step === '..') steps.pop()
    else if (step !== '.' && step !== '') steps.push(step)
  }
  return { root: 'disk', steps }
}

/** Whether one place is, or lies in, the other. */
export function isIn(place: FilledPlace, other: FilledPlace): boolean {
  return (
    place.root === other.root &&
    place.steps.length >= other.steps.length &&
    other.steps.every((step, index) => step === place.steps[index])
  )
}

function objectsBelow(endpoint: string, bucket: string, prefix: string): FilledPlace {
  const { host, pathname } = new URL(endpoint)
  const service = AMAZON.test(host) ? 'amazon' : `${host}${pathname.replace(/\/+$/, '')}`
  return { root: `${service} ${bucket}`, steps: prefix === '' ? [] : prefix.split('/') }
}
