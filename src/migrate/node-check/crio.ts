import type { Checkup } from './checkup.ts'
import { checkPolicy } from './policy.ts'
import { checkRegistriesConf } from './registries-conf.ts'
import { isTomlFault, readTomlDocument, tableAt } from './toml-document.ts'

const CONFIGS = '/etc/crio/crio.conf.d'

/** Looks at what CRI-O, Podman, Buildah and skopeo share, and at CRI-O's own files. */
export function checkContainers(checkup: Checkup): void {
  const entries = checkRegistriesConf(checkup)
  checkPolicy(
    checkup,
    entries.map(({ prefix }) => prefix),
  )
}

/** Looks at CRI-O's own files: whether they can be read, and keys that moved elsewhere. */
export function checkCrio(checkup: Checkup): void {
  const dropIns = checkup.files.list(CONFIGS).map((name) => `${CONFIGS}/${name}`)
  for (const file of ['/etc/crio/crio.conf', ...dropIns]) {
    const text = checkup.text(file)
    if (text === undefined) continue
    const read = readTomlDocument(text)
    if (isTomlFault(read)) {
      checkup.fault(
        { file, line: read.line },
        {
          rule: 'not-toml',
          effect: 'broken',
          problem: `is no TOML, so that CRI-O does not start: ${read.reason}`,
          fix: 'mend the line',
        },
      )
      continue
    }
    for (const key of ['registries', 'mirrors']) {
      if (tableAt(read.value, 'crio', 'image')?.[key] === undefined) continue
      checkup.fault(
        { file, line: read.line(['crio', 'image', key]) },
        {
          rule: 'crio-key',
          effect: 'unused',
          problem: `crio.image.${key} is not read: CRI-O takes registries from registries.conf`,
          fix: 'put it into /etc/containers/registries.conf.d/*.conf; portolan node-config --for crio prints the form',
        },
      )
    }
  }
}
