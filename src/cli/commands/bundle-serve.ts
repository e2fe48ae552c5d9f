import { openBundleFolder } from '../../adapters/node/open-bundle-folder.ts'
import { formatListenAddress } from '../../config/listen-address.ts'
import { acceptConfig } from '../../config/load.ts'
import { parseConfig } from '../../config/parse.ts'
import { EXIT } from '../exit-code.ts'
import { formatCount } from '../format-quantity.ts'
import { say } from '../print.ts'
import { runService } from '../run-service.ts'
import { createRuntime } from '../runtime.ts'
import type { BundleServeOptions } from './bundle-serve-spec.ts'

/** Serves a bundle until a signal ends it; gives the exit code. */
export async function runBundleServe(folder: string, { listen }: BundleServeOptions): Promise<number> {
  // What is wrong with it is said before anything listens.
  const { index } = await openBundleFolder(folder)
  const given = { environment: {}, baseFolder: process.cwd(), fileName: folder }
  const config = acceptConfig(parseConfig(configOf(folder, listen), given))
  const running = await runService(config, createRuntime(config.log))
  const { host, port } = running.door
  const address = formatListenAddress({ host: isEvery(host) ? 'localhost' : host, port })
  const [first] = index.images
  const example = first === undefined ? '' : `, such as ${address}/${withoutPort(first.name)}`
  say(`${formatCount(index.images.length, 'image')} at ${address}${example}`)
  await running.ended
  process.exit(EXIT.done)
}

function isEvery(host: string): boolean {
  return ['', '0.0.0.0', '::'].includes(host)
}

/** A host with a port is no part of a path: such an image is called by its name alone. */
function withoutPort(name: string): string {
  return /^[^/]*:/.test(name.split('/', 1)[0]!) ? name.slice(name.indexOf('/') + 1) : name
}

/** The config of a door that has this bundle and nothing else. */
function configOf(folder: string, listen: string): string {
  return JSON.stringify({
    version: 1,
    listen,
    admin: 'off',
    log: { access: false, level: 'warn' },
    upstreams: [{ id: 'bundle', bundle: folder, at: 'local/bundle' }],
  })
}
