import { createHash, createPrivateKey, sign } from 'node:crypto'
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
 * The signature of a text by an Ed25519 key in PEM (RFC 8032): one key gives one signature of one text, and openssl
 * checks it. Throws an `Error` when the file holds no such key.
 */
export function signText(text: string, keyFile: string): Buffer {
  const key = createPrivateKey(readFileSync(keyFile))
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new Error(`${keyFile} holds a key of type ${key.asymmetricKeyType}; it has to be ed25519`)
  }
  return sign(null, Buffer.from(text), key)
}
