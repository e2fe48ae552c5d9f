import type { Checkup, Where } from './checkup.ts'
import { readHostUrl } from './host-url.ts'
import { isRecord, isSettingsFault, readJson, textsOf } from './settings-text.ts'
import { unitCommands } from './systemd-units.ts'

export const DAEMON = '/etc/docker/daemon.json'

/** Looks at dockerd: its mirrors are for Docker Hub alone, at hosts without a path. */
export function checkDocker(checkup: Checkup, file = DAEMON): void {
  const flags = mirrorFlags(checkup)
  const text = checkup.text(file)
  if (text === undefined) {
    for (const { value, ...where } of flags) checkMirror(checkup, where, value, flags)
    return
  }
  const read = readJson(text)
  if (isSettingsFault(read)) {
    broken(checkup, { file, line: read.line }, `is no JSON: ${read.reason}`, 'mend the line')
    return
  }
  const daemon = isRecord(read.value) ? read.value : {}
  const where = { file, line: read.line(['registry-mirrors']) }
  if (daemon['registry-mirrors'] !== undefined && !Array.isArray(daemon['registry-mirrors'])) {
    broken(checkup, where, 'registry-mirrors is no list', 'write ["https://HOST"]')
  }
  const mirrors = textsOf(daemon['registry-mirrors']).map((value, index) => ({
    value,
    file,
    line: read.line(['registry-mirrors', index]),
  }))
  if (mirrors.length > 0 && flags.length > 0) {
    const fix = `take the flag out, or registry-mirrors out of ${file}`
    broken(checkup, flags[0]!, `--registry-mirror stands in the unit, and registry-mirrors in ${file}`, fix)
  }
  for (const { value, ...at } of [...mirrors, ...flags])
    checkMirror(checkup, at, value, [...mirrors, ...flags])
}

/** dockerd does not start with it. */
function broken(checkup: Checkup, where: Where, reason: string, fix: string): void {
  checkup.fault(where, {
    rule: 'daemon-refused',
    effect: 'broken',
    problem: `dockerd does not start: ${reason}`,
    fix,
  })
}

function checkMirror(
  checkup: Checkup,
  where: Where,
  written: string,
  all: readonly { readonly value: string }[],
): void {
  const url = readHostUrl(written)
  if (url === undefined) {
    broken(
      checkup,
      where,
      `${JSON.stringify(written)} is no URL`,
      `write https://${written.replace(/^\w+:\/\//, '')}`,
    )
    return
  }
  if (url.path !== '') {
    broken(
      checkup,
      where,
      `the mirror ${written} has a path`,
      `write ${url.scheme}://${url.host}: what is below a path cannot be a mirror of Docker`,
    )
    return
  }
  const next = all[all.findIndex(({ value }) => value === written) + 1]?.value
  const asks = `${url.scheme}://${url.host}/v2`
  checkup.mirror(where, { registry: 'docker.io', asks, state: 'used', fallback: next ?? 'docker.io' })
}

function mirrorFlags(checkup: Checkup): (Where & { readonly value: string })[] {
  return unitCommands(checkup, 'docker.service').flatMap(({ words, ...where }) =>
    words.flatMap((word, index) => {
      const [, value] = /^--registry-mirror(?:=(.*))?$/.exec(word) ?? []
      if (!word.startsWith('--registry-mirror')) return []
      return [{ ...where, value: value ?? words[index + 1] ?? '' }]
    }),
  )
}
