import type { Checkup, MirrorLink } from './checkup.ts'
import { readHostUrl } from './host-url.ts'
import { checkRegistryName, registryItself } from './registry-name.ts'
import { isRecord, type SettingsDocument, textsOf, valueAt } from './settings-text.ts'

/** Looks at a Cluster of kOps. */
export function checkKops(checkup: Checkup, file: string, document: SettingsDocument): void {
  const path = ['spec', 'containerd', 'registryMirrors']
  const mirrors = valueAt(document.value, ...path)
  for (const [name, urls] of Object.entries(isRecord(mirrors) ? mirrors : {})) {
    const where = { file, line: document.line([...path, name]) }
    const isName = checkRegistryName(checkup, where, name)
    const endpoints = textsOf(urls)
    const links = endpoints.map((written, index): MirrorLink => {
      const at = { file, line: document.line([...path, name, index]) }
      const url = readHostUrl(written)
      const hasApi = url === undefined || url.path === '' || /(?:^|\/)v2(?:\/|$)/.test(url.path)
      if (url === undefined || !hasApi) {
        checkup.fault(at, {
          rule: url === undefined ? 'mirror-endpoint' : 'no-v2',
          effect: url === undefined ? 'broken' : 'unused',
          problem:
            url === undefined
              ? `${JSON.stringify(written)} is no URL: pulls of that registry fail`
              : `an endpoint with a path is asked without /v2: ${written}/NAME/…`,
          fix: `write ${url === undefined ? `https://${written}` : `${url.scheme}://${url.host}/v2${url.path}`}`,
        })
      }
      return { where: at, asks: written, state: url !== undefined && hasApi && isName ? 'used' : 'unused' }
    })
    checkup.chain(name, links, registryItself(name))
  }
  if (valueAt(document.value, 'spec', 'containerd', 'configOverride') === undefined || !isRecord(mirrors))
    return
  checkup.fault(
    { file, line: document.line(path) },
    {
      rule: 'config-override',
      effect: 'unused',
      problem: 'configOverride takes the place of the whole config, these mirrors included',
      fix: 'put the mirrors into configOverride, or take that out',
    },
  )
}
