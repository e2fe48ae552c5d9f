import type { DraftFill } from './draft.ts'
import type { ConfigPath, Remark } from './fault.ts'

/** The sets of keys of which credentials of each kind are made; what is in brackets may be left out. */
const CREDENTIALS = {
  s3: [['profile'], ['accessKeyId', 'secretAccessKey', '[sessionToken]']],
  azureBlob: [['sharedKey'], ['sas'], ['managedIdentity'], ['workloadIdentity']],
  gcs: [['key']],
} as const

/** Finds credentials of a store that are not whole, or of several kinds at once. */
export function* checkStoreCredentials(path: ConfigPath, fill: DraftFill): Iterable<Remark> {
  for (const kind of ['s3', 'azureBlob', 'gcs'] as const) {
    const credentials = fill[kind]?.credentials
    if (credentials === undefined) continue
    const keys = Object.keys(credentials)
    const here = [...path, kind, 'credentials']
    const ways: readonly (readonly string[])[] = CREDENTIALS[kind]
    if (!ways.some((way) => isMadeOf(keys, way))) {
      const allowed = ways.map((way) => way.join(' and ').replace(/ and \[(.*)\]/, ' (and $1)')).join(', or ')
      yield { path: here, message: `must be ${allowed}` }
    }
    for (const [key, source] of Object.entries(credentials)) {
      if (typeof source !== 'object' || source === null) continue
      const sources = ['variable', 'file'].filter((name) => name in source)
      if (sources.length !== 1) yield { path: [...here, key], message: 'needs one of variable and file' }
    }
  }
}

function isMadeOf(keys: readonly string[], way: readonly string[]): boolean {
  const known = way.map((key) => key.replace(/[[\]]/g, ''))
  return (
    keys.every((key) => known.includes(key)) && way.every((key) => key.startsWith('[') || keys.includes(key))
  )
}
