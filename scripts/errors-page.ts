// Makes docs/errors.md from the tables of src/doctor/errors and from what clients have printed:
//   node scripts/errors-page.ts
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { STEPS, type Step } from '../src/doctor/errors/cause.ts'
import { CAUSES, type CauseId } from '../src/doctor/errors/causes.ts'
import { cleanLine } from '../src/doctor/errors/clean-line.ts'
import type { Shape } from '../src/doctor/errors/shape.ts'
import { type Wording, wordings } from '../src/doctor/errors/shapes.ts'
import { WRAPPERS } from '../src/doctor/errors/wrappers.ts'
import printedMessages from '../test/fixtures/errors/printed.json' with { type: 'json' }

export const PAGE = join(import.meta.dirname, '../docs/errors.md')

/** What each step is called, in the order of a pull. */
const TITLES: Readonly<Record<Step, string>> = {
  name: 'The name of the image',
  proxy: 'The proxy',
  dns: 'Looking up the name',
  connect: 'Connecting',
  tls: 'TLS',
  http: 'What the registry answers',
  login: 'Logging in',
  manifest: 'The manifest',
  blob: 'The blobs',
  unpack: 'Unpacking',
  machine: 'The machine that pulls',
}

const HEAD = `# Errors

What runtimes and tools print when a pull fails, and what it means. \`portolan doctor --error\` looks it up for you, also in
whole logs, and fills in the host, the image and the address:

\`\`\`sh
kubectl describe pod web-1 | portolan doctor --error -
\`\`\`

With \`--json\` it prints \`causes\`, the likeliest first, by the ids that stand in brackets here; it ends with 1 where nothing
of the text is known. \`portolan scan --cluster\` says the same of the pods that cannot pull.

Made by \`node scripts/errors-page.ts\` from [\`src/doctor/errors\`](../src/doctor/errors). A message with a client behind it
was printed by that version of it, in a network where that fault was made
([\`test/harvest\`](../test/harvest), [messages](../test/fixtures/errors/printed.json)); the others were read in the source
that is named below the table.
`

/** Who has printed each wording, as `crane 0.22.1`. */
export function printedBy(): ReadonlyMap<Wording, ReadonlySet<string>> {
  const all = wordings()
  const found = new Map(all.map((wording) => [wording, new Set<string>()]))
  for (const { client, version, text } of printedMessages) {
    const name = `${client.replace(/ [\d.]+(?= log$|$)| log$/g, '').replace(/ [\d.]+$/, '')} ${version}`
    for (const line of text.split('\n').map(cleanLine))
      for (const wording of all) if (wording.pattern.find(line).length > 0) found.get(wording)!.add(name)
  }
  return found
}

/** All of docs/errors.md. */
export function errorsPage(): string {
  const printed = printedBy()
  const ids = Object.keys(CAUSES) as CauseId[]
  const steps = STEPS.flatMap((step) => {
    const own = ids.filter((id) => CAUSES[id].step === step)
    return own.length === 0 ? [] : [`## ${TITLES[step]}`, ...own.map((id) => section(id, printed))]
  })
  const wrappers = WRAPPERS.map(({ says, look }) => `| ${code(says)} | ${look} |`)
  return [
    HEAD,
    ...steps,
    '## Words that do not say why',
    [
      'These stand around the reason, or in its place:',
      '',
      '| what is printed | where to look |',
      '|---|---|',
      ...wrappers,
    ].join('\n'),
  ]
    .join('\n\n')
    .replaceAll('\n\n\n', '\n\n')
    .concat('\n')
}

function section(id: CauseId, printed: ReadonlyMap<Wording, ReadonlySet<string>>): string {
  const { is, because, owner, try: tries, allow } = CAUSES[id]
  const shapes = new Set(wordings().flatMap(({ shape }) => (shape.causes[0] === id ? [shape] : [])))
  const say = (text: string) => text.replace(/\{([a-z]+)\}/g, (_, key: string) => key.toUpperCase())
  const sentence = say(is)
  return [
    `### ${sentence.charAt(0).toUpperCase()}${sentence.slice(1)} (\`${id}\`)`,
    `Mended by who owns ${owner}.${allow ? ' The network has to allow HOST and PORT.' : ''} Most often:`,
    because.map((text) => `- ${say(text)}`).join('\n'),
    'Try:',
    tries.map((text, index) => `${index + 1}. ${say(text)}`).join('\n'),
    ...(shapes.size > 0 ? [tableOf([...shapes], printed)] : []),
  ].join('\n\n')
}

function tableOf(shapes: readonly Shape[], printed: ReadonlyMap<Wording, ReadonlySet<string>>): string {
  const rows = shapes.flatMap((shape) =>
    wordings()
      .filter((wording) => wording.shape === shape)
      .map((wording, index) => {
        const clients = [...printed.get(wording)!].sort().join(', ')
        const others = shape.causes.slice(1).map((id) => `\`${id}\``)
        const more = [shape.note ?? [], others.length > 0 ? `or else ${others.join(', ')}` : []]
          .flat()
          .join(' ')
        return `| ${code(wording.says)} | ${index === 0 ? more : ''} | ${clients} |`
      }),
  )
  const sources = [...new Set(shapes.flatMap(({ source }) => source.split('; ')))]
  return ['| message | what it adds | printed by |\n|---|---|---|', rows.join('\n')]
    .join('\n')
    .concat(`\n\nSources: ${sources.join('; ')}.`)
}

/** Placeholders in capitals, as people write them. */
function code(says: string): string {
  const text = says.replace(/\{([a-z]+)\}/g, (_, key: string) => (key === 'words' ? '…' : key.toUpperCase()))
  return `\`${text.replaceAll('|', '\\|').trim()}\``
}

if (import.meta.main) writeFileSync(PAGE, errorsPage())
