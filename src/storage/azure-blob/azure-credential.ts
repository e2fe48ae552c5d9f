import type { TokenCredential } from '@azure/identity'
import { AnonymousCredential, StorageSharedKeyCredential } from '@azure/storage-blob'
import type { AzureCredentials } from '../../config/config.ts'
import { PortolanError } from '../../errors.ts'
import { readSecret, type SecretReader } from '../driver/secret.ts'
import { type IdentityOptions, openIdentity } from './azure-identity.ts'

/** Who a driver is to Azure. */
export interface AzureAccess {
  readonly credential: StorageSharedKeyCredential | AnonymousCredential | TokenCredential
  /** Query of every address, with its question mark; empty for none. A secret. */
  readonly query: string
}

/** What access is found with. */
export interface AccessOptions extends SecretReader, IdentityOptions {
  readonly account: string
  /** Where the account is served. */
  readonly endpoint: string
}

/** What a config names. Throws `CONFIG_INVALID` when it is not there, or must not be sent to this endpoint. */
export async function openAccess(
  credentials: AzureCredentials,
  options: AccessOptions,
): Promise<AzureAccess> {
  if ('sharedKey' in credentials) {
    return {
      credential: sharedKey(options.account, await readSecret(credentials.sharedKey, options)),
      query: '',
    }
  }
  if ('sas' in credentials) return signed(await readSecret(credentials.sas, options))
  if (!options.endpoint.startsWith('https:')) {
    const message = `the token of an identity must not go to ${options.endpoint} in the clear; expected an https URL`
    throw new PortolanError('CONFIG_INVALID', message, { endpoint: options.endpoint })
  }
  return { credential: await openIdentity(credentials, options), query: '' }
}

/**
 * Finds what the environment holds for an account: a key or a shared access signature, by the variables of the `az`
 * command line, each also with `_` and the account in capitals at its end for those with several accounts. With
 * nothing at all it is anonymous. Throws `CONFIG_INVALID` for a connection string or key that cannot be used.
 */
export function findAccess(account: string, environment: SecretReader['environment']): AzureAccess {
  const read = (name: string) => environment[`${name}_${account.toUpperCase()}`] || environment[name]
  const connection = readConnection(environment.AZURE_STORAGE_CONNECTION_STRING, account)
  const key = read('AZURE_STORAGE_KEY') ?? connection.get('AccountKey')
  if (key) return { credential: sharedKey(account, key), query: '' }
  return signed(read('AZURE_STORAGE_SAS_TOKEN') ?? connection.get('SharedAccessSignature') ?? '')
}

function signed(signature: string): AzureAccess {
  return { credential: new AnonymousCredential(), query: signature && `?${signature.replace(/^\?/, '')}` }
}

function sharedKey(account: string, key: string): StorageSharedKeyCredential {
  if (/^[A-Za-z0-9+/]+={0,2}$/.test(key)) return new StorageSharedKeyCredential(account, key)
  throw new PortolanError('CONFIG_INVALID', `the key of the Azure account ${account} is not in base64`, {
    account,
  })
}

/** `Name=value;Name=value`; values have equals signs in them. Empty when it is of another account. */
function readConnection(text: string | undefined, account: string): ReadonlyMap<string, string> {
  if (!text) return new Map()
  const pairs = text.split(';').filter((pair) => pair.trim() !== '')
  const fields = new Map(
    pairs.map((pair) => {
      const equals = pair.indexOf('=')
      return [pair.slice(0, Math.max(equals, 0)).trim(), pair.slice(equals + 1)] as const
    }),
  )
  if (fields.has('')) {
    throw new PortolanError(
      'CONFIG_INVALID',
      'AZURE_STORAGE_CONNECTION_STRING cannot be read; expected NAME=VALUE;NAME=VALUE',
    )
  }
  return (fields.get('AccountName') ?? account) === account ? fields : new Map()
}
