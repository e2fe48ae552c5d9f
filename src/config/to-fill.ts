import type { z } from 'zod'
import { absolutePath } from './absolute-path.ts'
import type { AzureCredentials, FillConfig, S3Credentials, SecretSource } from './config.ts'
import type { fillSchema } from './schema/fill.ts'
import { withoutUndefined } from './without-undefined.ts'

type Parsed = z.output<typeof fillSchema>
type Parts<Kind extends 's3' | 'azureBlob' | 'gcs'> = NonNullable<NonNullable<Parsed[Kind]>['credentials']>
type ParsedSecret = NonNullable<Parts<'gcs'>['key']>

/** How a store is filled, of what was checked: of each choice there is exactly one. */
export function toFill({ s3, azureBlob, gcs, folder, partial }: Parsed, baseFolder: string): FillConfig {
  if (s3 !== undefined) {
    const { credentials, checksum, ...rest } = s3
    return {
      kind: 's3',
      ...withoutUndefined(rest),
      ...(checksum !== 'auto' && { checksum }),
      ...(credentials && { credentials: toS3Credentials(credentials, baseFolder) }),
    }
  }
  if (azureBlob !== undefined) {
    const { credentials, ...rest } = azureBlob
    return {
      kind: 'azureBlob',
      ...withoutUndefined(rest),
      ...(credentials && { credentials: toAzureCredentials(credentials, baseFolder) }),
    }
  }
  if (gcs !== undefined) {
    const { credentials, ...rest } = gcs
    return {
      kind: 'gcs',
      ...withoutUndefined(rest),
      ...(credentials && { credentials: { key: toSecret(credentials.key!, baseFolder) } }),
    }
  }
  return {
    kind: 'folder',
    folder: absolutePath(folder!, baseFolder),
    ...(partial !== undefined && { partial: absolutePath(partial, baseFolder) }),
  }
}

function toS3Credentials(
  { profile, accessKeyId, secretAccessKey, sessionToken }: Parts<'s3'>,
  baseFolder: string,
): S3Credentials {
  if (profile !== undefined) return { profile }
  return {
    accessKeyId: toSecret(accessKeyId!, baseFolder),
    secretAccessKey: toSecret(secretAccessKey!, baseFolder),
    ...(sessionToken && { sessionToken: toSecret(sessionToken, baseFolder) }),
  }
}

function toAzureCredentials(
  { sharedKey, sas, managedIdentity }: Parts<'azureBlob'>,
  baseFolder: string,
): AzureCredentials {
  if (sharedKey !== undefined) return { sharedKey: toSecret(sharedKey, baseFolder) }
  if (sas !== undefined) return { sas: toSecret(sas, baseFolder) }
  return managedIdentity === undefined ? { workloadIdentity: true } : { managedIdentity }
}

function toSecret({ variable, file }: ParsedSecret, baseFolder: string): SecretSource {
  return variable === undefined ? { file: absolutePath(file!, baseFolder) } : { variable }
}
