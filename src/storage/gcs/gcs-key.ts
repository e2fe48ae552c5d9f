import { z } from 'zod'
import { PortolanError } from '../../errors.ts'

const NAMES = z.string().min(1)
/** What of Google's JSON is read; what else stands there is for other libraries, or for kinds that ask other hosts. */
const KEY = z.discriminatedUnion('type', [
  z.object({ type: z.literal('service_account'), client_email: NAMES, private_key: NAMES }),
  z.object({
    type: z.literal('authorized_user'),
    client_id: NAMES,
    client_secret: NAMES,
    refresh_token: NAMES,
  }),
  z.looseObject({ type: z.literal('external_account'), audience: NAMES, subject_token_type: NAMES }),
])

/** A credential as Google gives it in JSON. */
export type GcsKey = z.output<typeof KEY>

/** Reads a credential in Google's JSON. Throws `CONFIG_INVALID` for what is none. */
export function readKey(json: string): GcsKey {
  try {
    return KEY.parse(JSON.parse(json))
  } catch {
    // What is wrong with it might be a part of it.
    throw new PortolanError(
      'CONFIG_INVALID',
      `the key for Cloud Storage cannot be read: expected the JSON that Google gives, of the type ${KEY.options.map(({ shape }) => shape.type.value).join(', ')}`,
    )
  }
}
