import { readFile } from 'node:fs/promises'
import {
  importPrivateKey,
  importPublicKey,
  type OwnershipKey,
  signBytes,
} from '../backends/ownership/ownership-key.ts'
import type { SignBytes } from '../bundle/bundle-signature.ts'
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

/**
 * Reads the key that `--sign` names; gives what signs by it, or nothing where none is named. Throws `FILE_UNREADABLE`, and
 * `CONFIG_INVALID` for what is no Ed25519 key.
 */
export async function readBundleSigner(file: string | undefined): Promise<SignBytes | undefined> {
  if (file === undefined) return undefined
  const pem = await readFile(file, 'utf8').catch((cause: Error) => {
    const message = `cannot read the key that --sign names, ${file}: ${cause.message}`
    throw new PortolanError('FILE_UNREADABLE', message, { file }, cause)
  })
  const key = await importPrivateKey(pem, file)
  return (statement) => signBytes(statement, key)
}
