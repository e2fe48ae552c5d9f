import type { SecretSource } from '../../config/config.ts'
import { PortolanError } from '../../errors.ts'

/** Where secrets are found. */
export interface SecretReader {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The text of a file; absent where there are none. */
  readonly readFile?: ((path: string) => Promise<string>) | undefined
}

/**
 * A secret that a config says the place of; a line feed at the end of a file does not belong to it. Throws
 * `CONFIG_INVALID`, naming the place, when nothing is there.
 */
export async function readSecret(
  source: SecretSource,
  { environment, readFile }: SecretReader,
): Promise<string> {
  if ('variable' in source) {
    const value = environment[source.variable]
    if (value) return value
    throw missing(`the variable ${source.variable} is ${value === undefined ? 'not set' : 'empty'}`)
  }
  if (readFile === undefined) throw missing(`${source.file} cannot be read: there are no files here`)
  const text = await readFile(source.file).catch((error) => {
    throw missing(`${source.file} cannot be read: ${(error as { code?: string }).code ?? 'it is no text'}`)
  })
  const value = text.replace(/\r?\n$/, '')
  if (value === '') throw missing(`${source.file} is empty`)
  return value
}

function missing(what: string): PortolanError {
  return new PortolanError('CONFIG_INVALID', `no credentials: ${what}`)
}
