import { readFile } from 'node:fs/promises'
import { signOwnership, verifyOwnership } from '../backends/ownership/ownership.ts'
import { importPrivateKey, importPublicKey, signBytes } from '../backends/ownership/ownership-key.ts'
import type { Config } from '../config/config.ts'
import { PortolanError } from '../errors.ts'
import type { Signer } from '../replication/signed-pointer.ts'

/**
 * Reads the operator's signing key; `undefined` when the config names none. Throws `FILE_UNREADABLE`, and
 * `CONFIG_INVALID` for what is no such key, or not the one whose public half the config names.
 */
export async function readSigningKey({ sync, ownership }: Config): Promise<Signer | undefined> {
  const file = sync?.signingKey
  if (file === undefined) return undefined
  const pem = await readFile(file, 'utf8').catch((cause: Error) => {
    const message = `cannot read the key that sync.signingKey names, ${file}: ${cause.message}`
    throw new PortolanError('FILE_UNREADABLE', message, { file }, cause)
  })
  const key = await importPrivateKey(pem, file)
  const prove: Signer['prove'] = (stated) => signOwnership({ ...stated, issued: Date.now() }, key)
  if (ownership !== undefined) {
    const publicKey = await importPublicKey(ownership.publicKey)
    const any = { store: 'any', url: 'http://any' }
    const demand = {
      store: any.store,
      storeUrl: any.url,
      publicKey,
      maxAge: ownership.maxAge,
      now: Date.now(),
    }
    if ((await verifyOwnership(await prove({ ...any, inventory: 'none' }), demand)).kind !== 'proven') {
      const message = `${file}, which sync.signingKey names, is not the private half of ownership.publicKey: no door would accept what it signs`
      throw new PortolanError('CONFIG_INVALID', message, { file })
    }
  }
  return { prove, sign: (statement) => signBytes(statement, key) }
}
