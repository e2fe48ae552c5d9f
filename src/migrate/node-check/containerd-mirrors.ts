import type { Checkup, MirrorLink, Where } from './checkup.ts'
import type { CriSettings } from './containerd-settings.ts'
import { readHostUrl } from './host-url.ts'
import { checkRegistryName, registryItself } from './registry-name.ts'
import { isTable } from './toml-document.ts'

/** Looks at `registry.mirrors`, the older form, in which paths are asked as they are. */
export function checkMirrorTables(checkup: Checkup, { mirrors, configPath }: CriSettings): void {
  if (mirrors === undefined) return
  const state = configPath === undefined ? 'used' : 'unused'
  for (const [registry, table] of Object.entries(mirrors.value)) {
    const where = { file: mirrors.file, line: mirrors.lineOf(registry, 'endpoint') }
    const isName = checkRegistryName(checkup, where, registry)
    const endpoints = isTable(table) && Array.isArray(table.endpoint) ? table.endpoint : []
    const urls = endpoints.filter((one) => typeof one === 'string')
    const links = urls.map((written): MirrorLink => {
      const { asks, works } = checkEndpoint(checkup, where, written)
      return { where, asks, state: works && isName ? state : 'unused' }
    })
    // containerd adds the registry itself behind the last one, unless it is there (`registryEndpoints`).
    checkup.chain(registry, links, registryItself(registry))
  }
}

function checkEndpoint(
  checkup: Checkup,
  at: Where,
  written: string,
): { readonly asks: string; readonly works: boolean } {
  const url = readHostUrl(written)
  if (url === undefined) {
    checkup.fault(at, {
      rule: 'mirror-endpoint',
      effect: 'broken',
      problem: `the endpoint ${JSON.stringify(written)} is no URL: pulls of that registry fail`,
      fix: `write https://${written.replace(/^\w+:\/\//, '')}`,
    })
    return { asks: written, works: false }
  }
  const works = url.path === '' || /(?:^|\/)v2(?:\/|$)/.test(url.path)
  if (!works) {
    checkup.fault(at, {
      rule: 'no-v2',
      effect: 'unused',
      problem: `an endpoint with a path is asked without /v2: ${written}/NAME/…`,
      fix: `write ${url.scheme}://${url.host}/v2${url.path}`,
    })
  }
  return { asks: `${url.scheme}://${url.host}${url.path || '/v2'}`, works }
}
