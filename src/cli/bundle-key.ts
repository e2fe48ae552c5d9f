import { readFile } from 'node:fs/promises'
import { importPublicKey, type OwnershipKey } from '../backends/ownership/ownership-key.ts'
import { readPublicKey } from '../config/public-key.ts'
import { isRefusal } from '../config/refusal.ts'
import { PortolanError } from '../errors.ts'

/** Reads `--key`: a file, or the line itself. Throws `USAGE`. */
export async function readBundleKey(text: string | undefined): Promise<OwnershipKey | undefined> {
  if (text === undefined) return undefined
  const given = readPublicKey(text)
  if (!isRefusal(given)) return importPublicKey(given)
  const inFile = await readFile(text, 'utf8').catch((cause: Error) => {
    throw new PortolanError('FILE_UNREADABLE', `cannot read the key ${text}: ${cause.message}`, {}, cause)
  })
  const key = readPublicKey(inFile)
  if (isRefusal(key)) throw new PortolanError('USAGE', `--key: what is in ${text} ${key.refused}`)
  return importPublicKey(key)
}
