import { ecrOf } from '../config/cloud-registry.ts'
import type { UpstreamConfig } from '../config/config.ts'
import { type Need, need } from './needed-hosts.ts'

/**
 * Where a mirror has the identity of its machine turned into a login, beside the registry itself; what answers on the
 * machine's own link (169.254.169.254) is no affair of a network's.
 */
export function ofLogin({ id, url, credentials }: UpstreamConfig): Need[] {
  if (url === undefined || credentials?.kind !== 'cloud') return []
  const why = `upstream ${id}: its login`
  switch (credentials.cloud) {
    case 'aws': {
      const ecr = ecrOf(new URL(url).host)
      if (ecr === undefined) return []
      const { region, isFips } = ecr
      const domain = `${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`
      const api = isFips ? `ecr-fips.${domain}` : `api.ecr.${domain}`
      return [
        need(`https://${api}`, ['door'], why),
        need(`https://sts.${domain}`, ['door'], `${why}, of a pod by its service account`),
      ]
    }
    case 'azure':
      return [need('https://login.microsoftonline.com', ['door'], `${why}, but for a managed identity`)]
    case 'gcp':
      return [need('https://oauth2.googleapis.com', ['door'], `${why}, but on a machine of Google's`)]
  }
}
