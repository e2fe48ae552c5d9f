import { type NamedText, readIdentity } from '../adapters/node/certificate.ts'
import type { Config, TlsConfig } from '../config/config.ts'
import type { ConfigFault } from '../config/fault.ts'
import { PortolanError } from '../errors.ts'
import { expiryState } from './expiry-state.ts'
import { readPemFile } from './served-identity.ts'

interface Findings {
  readonly faults: readonly ConfigFault[]
  readonly warnings: readonly ConfigFault[]
}

const ENDS = { early: 'is valid from', ending: 'ends soon, on', ended: 'has ended on' } as const

/**
 * Looks at the files by which a config says that listeners speak TLS. One that cannot be read is a warning, since a
 * config is often checked on another machine than the door's; what is in the others is a fault if the door could not use
 * it. `now` is in milliseconds since 1970.
 */
export async function checkIdentities(config: Config, file: string, now: number): Promise<Findings> {
  const faults: ConfigFault[] = []
  const warnings: ConfigFault[] = []
  for (const key of ['tls', 'adminTls'] as const) {
    const files = config[key]
    if (files === undefined) continue
    const at = (path: string, message: string): ConfigFault => ({
      ...{ file, path: pathOf(key, files, path), value: path, message },
    })
    const texts = await readAll(files, (path, { code, message, facts }) => {
      if (code === 'CONFIG_INVALID') faults.push(at(path, message))
      else warnings.push(at(path, `cannot be read here (${facts.reason}); where the door runs, it must be`))
    })
    const { certificate, key: privateKey, clientCA } = texts
    if (certificate === undefined || privateKey === undefined) continue
    try {
      const { notBefore, notAfter } = readIdentity({ certificate, key: privateKey, clientCA })
      const state = expiryState({ notBefore, notAfter }, now)
      if (state === 'valid') continue
      const date = new Date(state === 'early' ? notBefore : notAfter).toISOString()
      warnings.push(at(files.certificate, `${ENDS[state]} ${date}`))
    } catch (error) {
      if (!(error instanceof PortolanError)) throw error
      faults.push(at(String(error.facts.file), error.message))
    }
  }
  return { faults, warnings }
}

async function readAll(
  files: TlsConfig,
  onFault: (file: string, error: PortolanError) => void,
): Promise<Partial<Record<keyof TlsConfig, NamedText>>> {
  const texts: Partial<Record<keyof TlsConfig, NamedText>> = {}
  for (const key of ['certificate', 'key', 'clientCA'] as const) {
    const file = files[key]
    if (file === undefined) continue
    try {
      texts[key] = await readPemFile(file)
    } catch (error) {
      if (!(error instanceof PortolanError)) throw error
      onFault(file, error)
    }
  }
  return texts
}

function pathOf(key: string, files: TlsConfig, file: string): string {
  const entry = Object.entries(files).find(([, path]) => path === file)
  return entry === undefined ? key : `${key}.${entry[0]}`
}
