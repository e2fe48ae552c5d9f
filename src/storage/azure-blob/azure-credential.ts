import { AnonymousCredential, StorageSharedKeyCredential } from '@azure/storage-blob'
import { PortolanError } from '../../errors.ts'

/** Who a driver is to Azure. */
export interface AzureAccess {
  readonly credential: StorageSharedKeyCredential | AnonymousCredential
  /** Query of every address, with its question mark; empty for none. A secret. */
  readonly query: string
}

/**
 * Finds what the environment holds for an account: a key or a shared access signature, by the variables of the `az`
 * command line, each also with `_` and the account in capitals at its end for those with several accounts. With
 * nothing at all it is anonymous. Throws `CONFIG_INVALID` for a connection string or key that cannot be used.
 */
export function findAccess(
  account: string,
  environment: Readonly<Record<string, string | undefined>>,
): AzureAccess {
  const read = (name: string) => environment[`${name}_${account.toUpperCase()}`] || environment[name]
  const connection = readConnection(environment.AZURE_STORAGE_CONNECTION_STRING, account)
  const key = read('AZURE_STORAGE_KEY') ?? connection.get('AccountKey')
  if (key) return { credential: sharedKey(account, key), query: '' }
  const signature = read('AZURE_STORAGE_SAS_TOKEN') ?? connection.get('SharedAccessSignature') ?? ''
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
