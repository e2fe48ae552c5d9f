import { join } from 'node:path'
import { coerce, gte } from 'semver'
import { CHART } from '../helm.ts'
import { findPrograms, type Ran, run, runOk } from '../programs.ts'
import { containerdClients } from './containerd.ts'
import { DOCKER_CLIENT } from './docker.ts'
import type { PullClient } from './pull-client.ts'
import { TOOL_CLIENTS } from './tools.ts'

/** A program that people have an old name in the settings of, and what of the door's words it lets them read. */
export interface OldNameClient extends Pick<PullClient, 'name' | 'missing' | 'start'> {
  /** Below the folder of a treatment, what it pulls. */
  readonly image: string
  /** Prints the text of a `Warning: 299`. */
  readonly showsWarning: boolean
  /** Prints the message of a 403. */
  readonly showsDenial: boolean
  /** Prints the message of a 503. */
  readonly showsOutage: boolean
  /** Prints the message of a 404. */
  readonly showsAbsence: boolean
}

const APP = 'app:1.0'
const CHART_VERSION = '1.0.0'
/** A client that waits for ever is killed, in milliseconds. */
const LONGEST = 30_000

const ALL = { showsWarning: true, showsDenial: true, showsOutage: true, showsAbsence: true }
const NO_WARNING = { ...ALL, showsWarning: false }
/** They have the status of a 503, and not its body. */
const NO_OUTAGE = { ...NO_WARNING, showsOutage: false }
const NOTHING = { showsWarning: false, showsDenial: false, showsOutage: false, showsAbsence: false }

/** What each lets people read, seen with the versions of docs/legacy.md. */
const SHOWN: Readonly<Record<string, typeof ALL>> = {
  docker: NO_OUTAGE,
  skopeo: NO_OUTAGE,
  podman: NO_OUTAGE,
  crane: ALL,
  oras: { ...ALL, showsAbsence: false },
  regctl: ALL,
}

const { found, missing: noBuildah } = findPrograms('buildah')
const { found: helms, missing: noHelm } = findPrograms('helm')
const { found: cosigns, missing: noCosign } = findPrograms('cosign')

/** All that can be tried; `keys` gives the folder of cosign's. */
export async function oldNameClients(keys: () => string): Promise<OldNameClient[]> {
  const containerds = (await containerdClients()).filter(({ name }) => !name.endsWith(' in ranges'))
  return [
    ...containerds.map((client) => ({
      ...{ ...client, ...NOTHING, image: APP },
      // From 2.4 on, it asks once more by GET for what a HEAD was refused.
      showsDenial: gte(coerce(client.name) ?? '0.0.0', '2.4.0'),
    })),
    ...[DOCKER_CLIENT, ...TOOL_CLIENTS].map((client) => ({
      ...client,
      ...SHOWN[client.name]!,
      image: APP,
    })),
    {
      ...{ name: 'buildah', missing: noBuildah, ...NO_OUTAGE, image: APP },
      start: starts((host, image, folder) =>
        run(
          found.buildah,
          [
            ...['--root', join(folder, 'root'), '--runroot', join(folder, 'run'), '--storage-driver', 'vfs'],
            ...['pull', '--quiet', '--tls-verify=false', `${host}/${image}`],
          ],
          { timeout: LONGEST, env: { ...process.env, HOME: folder } },
        ),
      ),
    },
    {
      ...{
        name: 'helm',
        missing: noHelm,
        ...NO_WARNING,
        showsAbsence: false,
        image: `charts/portolan:${CHART_VERSION}`,
      },
      start: starts((host, image, folder) => {
        const [chart, version] = image.split(':') as [string, string]
        return run(
          helms.helm,
          ['pull', `oci://${host}/${chart}`, '--version', version, '--plain-http', '--destination', folder],
          { timeout: LONGEST, env: { PATH: process.env.PATH, HOME: folder } },
        )
      }),
    },
    {
      ...{ name: 'cosign', missing: noCosign, ...NO_OUTAGE, image: APP },
      start: starts((host, image, folder) =>
        run(cosigns.cosign, [...verifyWords(keys()), `${host}/${image}`], {
          timeout: LONGEST,
          env: { PATH: process.env.PATH, HOME: folder },
        }),
      ),
    },
  ]
}

/** What cosign is told to verify an image. */
export function verifyWords(keys: string, prefix = 'cosign'): string[] {
  const key = join(keys, `${prefix}.pub`)
  return ['verify', '--key', key, '--insecure-ignore-tlog', '--allow-http-registry']
}

/** Pushes the chart into a folder of a registry. */
export async function pushChart(registry: string, under: string, folder: string): Promise<void> {
  const env = { PATH: process.env.PATH, HOME: folder }
  const words = ['package', CHART, '--version', CHART_VERSION, '--destination', folder]
  await runOk(helms.helm, words, { env })
  const file = join(folder, `portolan-${CHART_VERSION}.tgz`)
  await runOk(helms.helm, ['push', file, `oci://${registry}/${under}/charts`, '--plain-http'], { env })
}

/** Signs an image as cosign does by itself, and by another key as a referrer. */
export async function signImage(image: string, keys: string): Promise<void> {
  const options = {
    cwd: keys,
    env: { PATH: process.env.PATH, HOME: keys, COSIGN_PASSWORD: '', COSIGN_EXPERIMENTAL: '1' },
  }
  const how = ['--tlog-upload=false', '--allow-http-registry', '--yes', image]
  await runOk(cosigns.cosign, ['sign', '--key', 'cosign.key', ...how], options)
  const asReferrer = ['--key', 'referrer.key', '--registry-referrers-mode', 'oci-1-1']
  await runOk(cosigns.cosign, ['sign', ...asReferrer, ...how], options)
}

/** A program that is started for each pull. */
function starts(pull: (host: string, image: string, folder: string) => Promise<Ran>): PullClient['start'] {
  return async (folder) => ({
    pull: (host, image) => pull(host, image, folder),
    async [Symbol.asyncDispose]() {},
  })
}
