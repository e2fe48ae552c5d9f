import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, test } from 'vitest'
import { parse } from 'yaml'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { findProgram } from '../support/programs.ts'
import { makeTempFolder } from '../support/temp.ts'

const read = (path: string) => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8')

const { families } = createMetrics({
  refusals: () => [],
  droppedLines: () => 0,
  workers: () => ({ listening: 0, lost: 0, droppedMessages: 0 }),
  requestsInFlight: () => 0,
  backends: () => [],
  lastReloadSuccess: () => 0,
  rangesAge: () => [],
})
/** Each series name that there is, with its labels. */
const known = new Map(
  families.flatMap(({ name, type, labels }) =>
    type === 'histogram'
      ? [
          [`${name}_bucket`, [...labels, 'le']] as const,
          [`${name}_sum`, labels] as const,
          [`${name}_count`, labels] as const,
        ]
      : [[name, labels] as const],
  ),
)
/** What Prometheus adds to each series. */
const ADDED = ['job', 'instance']
/** From the library and from Prometheus itself; those that are used are named here. */
const FOREIGN = [
  ...['up', 'process_cpu_seconds_total', 'process_resident_memory_bytes'],
  'nodejs_eventloop_lag_p99_seconds',
]

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly annotations: Readonly<Record<string, string>>
}
interface Panel {
  readonly title: string
  readonly targets?: readonly { readonly expr: string }[]
}

const rules: Rule[] = parse(read('deploy/prometheus/alerts.yaml')).groups.flatMap(
  ({ rules }: { rules: Rule[] }) => rules,
)
const panels: Panel[] = JSON.parse(read('deploy/grafana/portolan.json')).panels
const documentation = read('docs/metrics.md')

const expressions: [where: string, expression: string][] = [
  ...rules.map(({ alert, expr }): [string, string] => [alert, expr]),
  ...panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }): [string, string] => [`the panel "${title}"`, expr]),
  ),
  ...[...documentation.matchAll(/^\| .*\? \| `(.*)` \|$/gm)].map(([, expression]): [string, string] => [
    'docs/metrics.md',
    expression!,
  ]),
]

/** The metrics of an expression, each with the labels that it selects by. */
function selectorsOf(expression: string): [name: string, labels: string[]][] {
  return [...expression.matchAll(/\b((?:portolan|process|nodejs)_\w+|up)\b(?:\{([^}]*)\})?/g)].map(
    ([, name, matchers = '']) => [
      name!,
      [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label]) => label!),
    ],
  )
}

describe('what Prometheus and Grafana are given', () => {
  it.each(expressions)('%s asks for metrics and labels that there are', (_, expression) => {
    const selectors = selectorsOf(expression)
    expect(selectors).not.toEqual([])
    for (const [name, labels] of selectors) {
      if (FOREIGN.includes(name)) continue
      expect([...known.keys()]).toContain(name)
      expect([...known.get(name)!, ...ADDED]).toEqual(expect.arrayContaining(labels))
    }
  })

  it.each(rules.map(({ alert, annotations }) => [alert, annotations] as const))(
    '%s says what is the matter, what it means and what to do',
    (_, annotations) => {
      expect(Object.keys(annotations)).toEqual(['summary', 'description', 'action'])
    },
  )

  const promtool = findProgram('promtool')
  it.skipIf(promtool === undefined)('is what promtool takes for rules and expressions', async () => {
    await using folder = await makeTempFolder()
    const file = join(folder.path, 'rules.yaml')
    const asRules = expressions.map(([, expression], index) => ({
      record: `expression_${index}`,
      expr: expression.replaceAll('$__rate_interval', '5m'),
    }))
    await writeFile(file, JSON.stringify({ groups: [{ name: 'expressions', rules: asRules }] }))
    const alerts = fileURLToPath(new URL('../../deploy/prometheus/alerts.yaml', import.meta.url))
    const { status, stdout, stderr } = spawnSync(promtool!, ['check', 'rules', alerts, file], {
      encoding: 'utf8',
    })
    expect(status, stdout + stderr).toBe(0)
  })
})

test('docs/metrics.md has a row for each metric, with its type and labels, and for no other', () => {
  const rows = [...documentation.matchAll(/^\| `(portolan_\w+)` \| (\w+) \| (.*?) ?\| /gm)].map(
    ([, name, type, labels]) => [name, type, [...labels!.matchAll(/`(\w+)`/g)].map(([, label]) => label)],
  )
  expect(rows.toSorted()).toEqual(
    families.map(({ name, type, labels }) => [name, type, [...labels]]).toSorted(),
  )
})
