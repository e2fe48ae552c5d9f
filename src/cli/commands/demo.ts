import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Listener } from '../../adapters/listener.ts'
import { listen } from '../../adapters/node/listen.ts'
import { printOf } from '../../adapters/node/regular-file.ts'
import { makeSampleImages } from '../../demo/images.ts'
import type { SampleWorld } from '../../demo/sample-world.ts'
import { startUpstream, type UpstreamProcess } from '../../demo/start-upstream.ts'
import { createStore } from '../../demo/store.ts'
import { DEMO_REGIONS, demoConfig, demoFolder, storeId } from '../../demo/world.ts'
import { EXIT } from '../exit-code.ts'
import { readConfig } from '../read-config.ts'
import { runService } from '../run-service.ts'
import { createRuntime } from '../runtime.ts'
import { formatTable } from '../table.ts'
import { runDemoMirror } from './demo-mirror.ts'
import { tellOfPorts } from './demo-ports.ts'
import type { DemoOptions } from './demo-spec.ts'

/** Runs a whole world on loopback until a signal ends it: two upstreams, three stores, sample images, and the door; or a mirror. */
export async function runDemo({
  port,
  adminPort,
  folder = demoFolder(process.env),
  mirror,
}: DemoOptions): Promise<number> {
  if (mirror) return runDemoMirror({ port, adminPort, folder })
  const layout = join(folder, 'images')
  await mkdir(folder, { recursive: true })
  const world = await makeSampleImages(layout)
  const onError = (error: unknown) => console.error(error)
  // Its own: another demo, which may have ended at once as its port is taken, would send this one's clients to its stores.
  const configFile = join(folder, `config-${process.pid}.yaml`)
  const stores: Listener[] = []
  let pier: UpstreamProcess | undefined
  try {
    pier = await startUpstream(layout)
    for (const _ of DEMO_REGIONS) {
      stores.push(await listen(createStore(layout), { host: '127.0.0.1', port: 0, onError }))
    }
    await writeFile(configFile, demoConfig({ layout, pier: pier.url, stores, port, adminPort }))
    const file = { file: configFile, print: await printOf(configFile) }
    const config = await readConfig(configFile)
    const running = await runService(config, createRuntime(config.log), { file }).catch(tellOfPorts)
    await running.tried
    process.stdout.write(describeWorld(world, pier, stores, configFile, running.door, running.admin))
    await running.ended
    return EXIT.done
  } finally {
    pier?.end()
    await Promise.all(stores.map((store) => store.drain(0)))
    await rm(configFile, { force: true })
  }
}

function describeWorld(
  world: SampleWorld,
  pier: UpstreamProcess,
  stores: readonly Listener[],
  configFile: string,
  door: Listener,
  admin: Listener | undefined,
): string {
  const origin = `127.0.0.1:${door.port}`
  const image = world.images.find(({ platforms }) => platforms.length > 0) ?? world.images[0]!
  const blob = image.blobs[0]!
  const backends = [
    ['harbour', 'upstream, canonical', 'gcp/us-central1', 'answered by the door, from disk'],
    ['pier', 'upstream', 'gcp/europe-west1', `${pier.url}, process ${pier.pid}`],
    ...DEMO_REGIONS.map((region, index) => [
      storeId(region),
      'store',
      region.at,
      `http://127.0.0.1:${stores[index]!.port}`,
    ]),
  ]
  const images = world.images.map(({ name, tags, platforms, signatureTag, referrers }) => [
    `${name}:${tags[0]}`,
    [
      platforms.length > 0
        ? platforms.map(({ os, architecture }) => `${os}/${architecture}`).join(', ')
        : 'one platform',
      ...(signatureTag ? ['signed'] : []),
      ...(referrers.length > 0 ? [`${referrers.length} referrer`] : []),
    ].join('; '),
  ])
  const curls = DEMO_REGIONS.map(
    ({ client, city }) =>
      `  curl -sI -H 'X-Forwarded-For: ${client}' http://${origin}/v2/${image.name}/blobs/${blob.digest} | grep -i location   # ${city}`,
  )
  return `
The door is open at http://${origin}${admin ? `, its admin service at http://127.0.0.1:${admin.port} (/healthz, /readyz)` : ''}.

${formatTable(['backend', 'kind', 'place', 'where'], backends)}

${formatTable(['image', ''], images)}

One blob, asked for from three places:
${curls.join('\n')}

Pull an image through it:
  skopeo copy --src-tls-verify=false docker://${origin}/${image.name}:${image.tags[0]} oci:hello
  docker pull ${origin}/${image.name}:${image.tags[0]}

Kill an upstream, and see where its clients go two seconds later:
  kill ${pier.pid}

Its config is ${configFile}: a change is in force two seconds later. Ctrl-C ends it.
`
}
