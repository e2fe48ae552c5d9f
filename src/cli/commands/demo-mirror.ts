import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Listener } from '../../adapters/listener.ts'
import { printOf } from '../../adapters/node/regular-file.ts'
import { makeSampleImages } from '../../demo/images.ts'
import { DEMO_REGISTRY, demoMirrorConfig } from '../../demo/mirror-world.ts'
import type { SampleWorld } from '../../demo/sample-world.ts'
import { startUpstream, type UpstreamProcess } from '../../demo/start-upstream.ts'
import { EXIT } from '../exit-code.ts'
import { readConfig } from '../read-config.ts'
import { runService } from '../run-service.ts'
import { createRuntime } from '../runtime.ts'
import { formatTable } from '../table.ts'
import { tellOfPorts } from './demo-ports.ts'

export interface DemoMirrorOptions {
  readonly port: number
  readonly adminPort: number
  /** Where the sample images are, and what is made for this run. */
  readonly folder: string
}

/** Runs a registry in a process of its own and a mirror in front of it, until a signal ends them. */
export async function runDemoMirror({ port, adminPort, folder }: DemoMirrorOptions): Promise<number> {
  await mkdir(folder, { recursive: true })
  const layout = join(folder, 'images')
  const world = await makeSampleImages(layout)
  const configFile = join(folder, `mirror-${process.pid}.yaml`)
  // New at each start, so that the first pull is one from the registry.
  const kept = join(folder, `kept-${process.pid}`)
  let upstream: UpstreamProcess | undefined
  try {
    upstream = await startUpstream(layout)
    await writeFile(configFile, demoMirrorConfig({ upstream: upstream.url, folder: kept, port, adminPort }))
    const file = { file: configFile, print: await printOf(configFile) }
    const config = await readConfig(configFile)
    const running = await runService(config, createRuntime(config.log), { file }).catch(tellOfPorts)
    await running.tried
    process.stdout.write(describeMirror(world, upstream, configFile, running.door, running.admin))
    await running.ended
    return EXIT.done
  } finally {
    upstream?.end()
    await rm(configFile, { force: true })
    await rm(kept, { recursive: true, force: true })
  }
}

function describeMirror(
  world: SampleWorld,
  upstream: UpstreamProcess,
  configFile: string,
  door: Listener,
  admin: Listener | undefined,
): string {
  const origin = `127.0.0.1:${door.port}`
  const image = world.images.find(({ platforms }) => platforms.length > 0) ?? world.images[0]!
  const name = `${image.name}:${image.tags[0]}`
  const pull = `skopeo copy --src-tls-verify=false docker://${origin}/${DEMO_REGISTRY}/${name}`
  const parts = [
    ['mirror', `http://${origin}`, 'keeps what is pulled through it'],
    ['registry', upstream.url, `${DEMO_REGISTRY} to the mirror, process ${upstream.pid}`],
  ]
  const ask = `curl -sI http://${origin}/v2/${image.name}/manifests/${image.tags[0]}?ns=${DEMO_REGISTRY}`
  return `
The mirror is open at http://${origin}${admin ? `, its admin service at http://127.0.0.1:${admin.port}` : ''}.

${formatTable(['', 'where', ''], parts)}

Pull an image through it, which it has to fetch:
  ${pull} oci:cold

Unplug the registry:
  kill ${upstream.pid}

Pull the same again, which it gives from its disk:
  ${pull} oci:warm

See how it says that nobody has confirmed it:
  ${ask} | grep -i -e '^HTTP' -e warning

The settings by which machines pull ${DEMO_REGISTRY}/${name} through it:
  portolan node-config --for containerd --config ${configFile} --mirror http://${origin}

Its config is ${configFile}. Ctrl-C ends it, and what it keeps is removed.
`
}
