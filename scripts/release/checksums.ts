import { createHash, createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Every file of a folder with its SHA-256, as `sha256sum --check` reads it. */
export function formatChecksums(folder: string): string {
  return readdirSync(folder)
    .sort()
    .map(
      (name) =>
        `${createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex')}  ${name}\n`,
    )
    .join('')
}

/**
 * Reads the key that a release is signed with. Throws an `Error` when it cannot be read, or is no Ed25519 key in PEM
 * without a password.
 */
export function readKey(file: string): KeyObject {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new Error(`cannot read the key ${file}: ${error instanceof Error ? error.message : error}`)
  }
  let key: KeyObject
  try {
    key = createPrivateKey(text)
  } catch (error) {
    throw new Error(`${file} is no private key in PEM: ${error instanceof Error ? error.message : error}`)
  }
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new Error(`${file} holds a key of type ${key.asymmetricKeyType}; it has to be ed25519`)
  }
  return key
}

/** The signature of a text (RFC 8032): one key gives one signature of one text, and openssl checks it. */
export function signText(text: string, key: KeyObject): Buffer {
  return sign(null, Buffer.from(text), key)
}
