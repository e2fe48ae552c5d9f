import { readFile } from 'node:fs/promises'
import { importPrivateKey, type SignBytes, signBytes } from '../backends/ownership/ownership-key.ts'
import { PortolanError } from '../errors.ts'

/** Reads the Ed25519 key that an option names. Throws `FILE_UNREADABLE`, or `CONFIG_INVALID` for what is no such key. */
export async function readSigningFile(file: string, option: string): Promise<SignBytes> {
  const pem = await readFile(file, 'utf8').catch((cause: Error) => {
    const message = `cannot read the key that ${option} names, ${file}: ${cause.message}`
    throw new PortolanError('FILE_UNREADABLE', message, { file }, cause)
  })
  const key = await importPrivateKey(pem, file)
  return (statement) => signBytes(statement, key)
}
