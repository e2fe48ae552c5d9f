import type { Checkup, Where } from './checkup.ts'

/** From the one that counts most to the one that counts least (systemd.unit(5)). */
const FOLDERS = [
  '/etc/systemd/system',
  '/run/systemd/system',
  '/usr/local/lib/systemd/system',
  '/usr/lib/systemd/system',
  '/lib/systemd/system',
]

/** A command that a unit starts, in words, and where it stands. */
export interface UnitCommand extends Where {
  readonly words: readonly string[]
}

/**
 * The commands of a unit after its drop-ins: an empty `ExecStart=` takes back those before it. A service that is left
 * with two is refused by systemd, unless it is of type oneshot.
 */
export function unitCommands(checkup: Checkup, unit: string): readonly UnitCommand[] {
  const file = FOLDERS.map((folder) => `${folder}/${unit}`).find((path) => checkup.text(path) !== undefined)
  let commands: UnitCommand[] = []
  let isOneshot = false
  for (const path of [...(file === undefined ? [] : [file]), ...dropIns(checkup, unit)]) {
    for (const { key, value, line } of assignments(checkup.text(path) ?? '')) {
      if (key === 'Type') isOneshot = value === 'oneshot'
      if (key !== 'ExecStart') continue
      commands = value === '' ? [] : [...commands, { file: path, line, words: wordsOf(value) }]
    }
  }
  const [, second] = commands
  if (second !== undefined && !isOneshot && file !== undefined) {
    checkup.fault(second, {
      rule: 'second-exec-start',
      effect: 'broken',
      problem: `${unit} has more than one ExecStart, so that systemd refuses the unit`,
      fix: 'write an empty "ExecStart=" above it, then systemctl daemon-reload',
    })
  }
  return commands
}

/**
 * The variables that a unit gives to what it starts, by `Environment` and `EnvironmentFile` (systemd.exec(5)), and the file
 * in which each stands. Of one that is there twice the last counts, and files count more than the unit.
 */
export function unitEnvironment(
  checkup: Checkup,
  unit: string,
): ReadonlyMap<string, { readonly value: string; readonly file: string }> {
  const file = FOLDERS.map((folder) => `${folder}/${unit}`).find((path) => checkup.text(path) !== undefined)
  let own = new Map<string, { value: string; file: string }>()
  let files: string[] = []
  for (const path of [...(file === undefined ? [] : [file]), ...dropIns(checkup, unit)]) {
    for (const { key, value } of assignments(checkup.text(path) ?? '')) {
      if (key === 'EnvironmentFile') files = value === '' ? [] : [...files, value.replace(/^-/, '')]
      if (key !== 'Environment') continue
      if (value === '') own = new Map()
      // A percent sign is written twice in a unit (systemd.unit(5), "Specifiers").
      for (const word of wordsOf(value)) setVariable(own, word.replaceAll('%%', '%'), path)
    }
  }
  for (const path of files) {
    for (const line of (checkup.text(path) ?? '').split('\n')) {
      if (/^\s*[#;]/.test(line)) continue
      setVariable(own, line.trim().replace(/^(\w+=)(["'])(.*)\2$/, '$1$3'), path)
    }
  }
  return own
}

function setVariable(
  variables: Map<string, { value: string; file: string }>,
  text: string,
  file: string,
): void {
  const [, name, value = ''] = /^([A-Za-z_]\w*)=(.*)$/.exec(text) ?? []
  if (name !== undefined) variables.set(name, { value, file })
}

/** Drop-ins of all folders in the order of their names; of equal names that of the first folder counts. */
function dropIns(checkup: Checkup, unit: string): string[] {
  const found = new Map<string, string>()
  for (const folder of FOLDERS.map((path) => `${path}/${unit}.d`)) {
    for (const name of checkup.files.list(folder)) {
      const path = `${folder}/${name}`
      if (name.endsWith('.conf')) found.set(name, found.get(name) ?? path)
      else if (
        /Exec|Environment/.test(checkup.files.read(path) ?? '') &&
        !/\.(?:bak|orig|disabled)$|~$/.test(name)
      ) {
        checkup.fault(
          { file: path, line: 1 },
          {
            rule: 'drop-in-name',
            effect: 'unused',
            problem: 'is not read: its name does not end with .conf',
            fix: `mv ${path} ${path.replace(/\.\w+$/, '')}.conf`,
          },
        )
      }
    }
  }
  return [...found].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, path]) => path)
}

/** Lines that end with a backslash go on in the next one. */
function* assignments(text: string): Generator<{ key: string; value: string; line: number }> {
  const lines = text.split('\n')
  for (let index = 0; index < lines.length; index++) {
    const first = index
    let line = lines[index]!.trim()
    if (/^[#;]/.test(line)) continue
    while (line.endsWith('\\') && index + 1 < lines.length)
      line = `${line.slice(0, -1)} ${lines[++index]!.trim()}`
    const [, key, value] = /^([A-Za-z]+)\s*=\s*(.*)$/.exec(line) ?? []
    if (key !== undefined) yield { key, value: value!.trim(), line: first + 1 }
  }
}

function wordsOf(command: string): string[] {
  return [...command.matchAll(/(?:"((?:\\.|[^"\\])*)"|'([^']*)'|((?:[^\s"'\\]|\\.)+))+/g)].map(([whole]) =>
    whole.replace(/["']/g, ''),
  )
}
