import type { Checkup, MirrorLink, Where } from './checkup.ts'
import { readHostUrl } from './host-url.ts'
import { isRecord, isSettingsFault, readJson, textsOf } from './settings-text.ts'
import { unitCommands } from './systemd-units.ts'

/** A mirror as it is written. */
interface WrittenMirror extends Where {
  readonly value: string
}

export const DAEMON = '/etc/docker/daemon.json'

/** Looks at dockerd: its mirrors are for Docker Hub alone, at hosts without a path. */
export function checkDocker(checkup: Checkup, file = DAEMON): void {
  const flags = mirrorFlags(checkup)
  const text = checkup.text(file)
  if (text === undefined) {
    checkMirrors(checkup, flags)
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
  checkMirrors(checkup, [...mirrors, ...flags])
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

function checkMirrors(checkup: Checkup, mirrors: readonly WrittenMirror[]): void {
  const links = mirrors.flatMap(({ value, ...where }): MirrorLink[] => {
    const url = readHostUrl(value)
    if (url === undefined) {
      const fix = `write https://${value.replace(/^\w+:\/\//, '')}`
      broken(checkup, where, `${JSON.stringify(value)} is no URL`, fix)
      return []
    }
    const base = `${url.scheme}://${url.host}`
    if (url.path !== '') {
      const fix = `write ${base}: what is below a path cannot be a mirror of Docker`
      broken(checkup, where, `the mirror ${value} has a path`, fix)
      return []
    }
    return [{ where, asks: `${base}/v2`, state: 'used' }]
  })
  checkup.chain('docker.io', links, 'docker.io')
}

function mirrorFlags(checkup: Checkup): WrittenMirror[] {
  return unitCommands(checkup, 'docker.service').flatMap(({ words, ...where }) =>
    words.flatMap((word, index) => {
      const [, value] = /^--registry-mirror(?:=(.*))?$/.exec(word) ?? []
      if (!word.startsWith('--registry-mirror')) return []
      return [{ ...where, value: value ?? words[index + 1] ?? '' }]
    }),
  )
}
