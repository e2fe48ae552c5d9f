/** A registry of Amazon ECR, by its host. */
export interface EcrRegistry {
  readonly region: string
  readonly isFips: boolean
}

/** As amazon-ecr-credential-helper tells them (ecr-login/api/client.go). */
const ECR =
  /^[a-z0-9][a-z0-9_-]*\.dkr[.-]ecr(-fips)?\.([a-z0-9][a-z0-9_-]*)\.(?:amazonaws\.(?:com(?:\.cn)?|eu)|on\.(?:aws|amazonwebservices\.com\.cn)|sc2s\.sgov\.gov|c2s\.ic\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)$/
const GOOGLE = /^(?:[a-z0-9-]+\.)?(?:pkg\.dev|gcr\.io)$/
const AZURE = /^[a-z0-9-]+(?:\.[a-z0-9-]+)*\.azurecr\.(?:io|cn|us)$/

/** What the host of a registry of Amazon ECR says; `undefined` for any other. */
export function ecrOf(host: string): EcrRegistry | undefined {
  const match = ECR.exec(host)
  return match === null ? undefined : { region: match[2]!, isFips: match[1] !== undefined }
}

/** Whether a host is a registry that a cloud itself runs, to which its identities may be shown. */
export function isRegistryOf(cloud: 'aws' | 'azure' | 'gcp', host: string): boolean {
  switch (cloud) {
    case 'aws':
      return ecrOf(host) !== undefined
    case 'azure':
      return AZURE.test(host)
    case 'gcp':
      return GOOGLE.test(host)
  }
}

/** How such hosts look, for people. */
export const CLOUD_REGISTRIES = {
  aws: 'ACCOUNT.dkr.ecr.REGION.amazonaws.com',
  azure: 'NAME.azurecr.io',
  gcp: 'REGION-docker.pkg.dev or gcr.io',
} as const
