import type { TokenCredential } from '@azure/identity'
import type { AzureCredentials } from '../../config/config.ts'
import { PortolanError } from '../../errors.ts'
import type { SecretReader } from '../driver/secret.ts'
import { toProxyOptions } from './azure-proxy.ts'

/** An identity that has no secret of ours. */
export type AzureIdentity = Exclude<AzureCredentials, { sharedKey: unknown } | { sas: unknown }>

/** What tokens are asked for with. */
export interface IdentityOptions extends Pick<SecretReader, 'environment'> {
  readonly proxyFor?: ((url: string) => string | undefined) | undefined
}

/** Where tokens are given unless a cloud of its own says otherwise. */
const AUTHORITY = 'https://login.microsoftonline.com'

/**
 * The identity of a machine, or of a pod by its cluster; Azure's library for it is loaded now. Throws `CONFIG_INVALID`
 * for a pod without one.
 */
export async function openIdentity(
  identity: AzureIdentity,
  { environment, proxyFor }: IdentityOptions,
): Promise<TokenCredential> {
  const { ManagedIdentityCredential, WorkloadIdentityCredential } = await import('@azure/identity')
  if ('managedIdentity' in identity) {
    const { managedIdentity: clientId } = identity
    // Its service is on this machine, which no proxy reaches.
    return clientId === 'system'
      ? new ManagedIdentityCredential()
      : new ManagedIdentityCredential({ clientId })
  }
  const { AZURE_CLIENT_ID, AZURE_TENANT_ID, AZURE_FEDERATED_TOKEN_FILE, AZURE_AUTHORITY_HOST } = environment
  if (!AZURE_CLIENT_ID || !AZURE_TENANT_ID || !AZURE_FEDERATED_TOKEN_FILE) {
    const message =
      'no workload identity: AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_FEDERATED_TOKEN_FILE are not all set; is the pod labelled azure.workload.identity/use, and its service account annotated?'
    throw new PortolanError('CONFIG_INVALID', message)
  }
  const proxy = proxyFor?.(AZURE_AUTHORITY_HOST || AUTHORITY)
  return new WorkloadIdentityCredential({
    clientId: AZURE_CLIENT_ID,
    tenantId: AZURE_TENANT_ID,
    tokenFilePath: AZURE_FEDERATED_TOKEN_FILE,
    ...(AZURE_AUTHORITY_HOST && { authorityHost: AZURE_AUTHORITY_HOST }),
    ...(proxy !== undefined && { proxyOptions: toProxyOptions(proxy) }),
  })
}
