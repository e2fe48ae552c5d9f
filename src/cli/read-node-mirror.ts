import { PortolanError } from '../errors.ts'
import type { NodeMirror } from '../migrate/mirror-config/node-mirror.ts'
import { nameOf, readConfig } from './read-config.ts'
import { readTextFile } from './text-file.ts'

/** How a mirror is named on the command line. */
export interface NamedMirror {
  readonly config: string | undefined
  readonly mirror: string | undefined
  readonly mirrorCa: string | undefined
}

/** The mirror that is asked about, by its config. Throws `USAGE` where that is not one that machines can be sent to. */
export async function readNodeMirror({
  config: file,
  mirror,
  mirrorCa,
}: NamedMirror): Promise<NodeMirror | undefined> {
  if (file === undefined || mirror === undefined) return undefined
  const config = await readConfig(file)
  const { protocol, host } = new URL(mirror)
  const scheme = protocol === 'https:' ? 'https' : 'http'
  const registries = config.registries.filter(({ host }) => host !== '')
  const fault =
    config.delivery !== 'relay'
      ? `${nameOf(file)} is the config of a door that redirects: a mirror has "delivery: relay"`
      : registries.length === 0
        ? `${nameOf(file)} is a mirror of a registry without a host: name it in registries[].host`
        : config.tls !== undefined && scheme === 'http'
          ? `${mirror} is plain HTTP, and the mirror speaks TLS`
          : undefined
  if (fault !== undefined) throw new PortolanError('USAGE', fault, { file })
  return {
    scheme,
    authority: host,
    registries,
    ...(mirrorCa !== undefined && { authorityCertificate: await readCertificates(mirrorCa) }),
    asksForPassword: config.clients.htpasswd !== undefined,
    asksForCertificate: config.tls?.clientCA !== undefined,
  }
}

async function readCertificates(file: string): Promise<string> {
  const text = await readTextFile(file)
  if (/^-----BEGIN CERTIFICATE-----$/m.test(text)) return text
  throw new PortolanError('USAGE', `${file} is no certificate in PEM`, { file })
}
