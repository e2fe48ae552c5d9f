/** Below this a record could show next to nothing beside its names. */
const WIDTH_MIN = 20

/**
 * Lays out rows in columns, indented by two, without trailing spaces. Where they do not fit in `width` characters, each
 * row becomes a record: a line for each cell, its column's name before it.
 */
export function formatTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  width = terminalWidth(),
): string {
  const lines = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)))
  const whole = lines.map((line) =>
    `  ${line.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')}`.trimEnd(),
  )
  if (whole.every((line) => line.length <= width)) return whole.join('\n')
  return rows.map((row) => formatRecord(head, row, Math.max(width, WIDTH_MIN))).join('\n\n')
}

/** How many characters a line of the terminal has; as many as need be where there is none. */
export function terminalWidth(): number {
  if (process.stdout.isTTY) return process.stdout.columns
  const told = Number(process.env.COLUMNS)
  return Number.isSafeInteger(told) && told > 0 ? told : Number.POSITIVE_INFINITY
}

function formatRecord(head: readonly string[], row: readonly string[], width: number): string {
  const names = Math.max(...head.map((name) => name.length))
  return head
    .flatMap((name, column) => {
      const cell = row[column] ?? ''
      if (cell === '') return []
      const [first = '', ...more] = wrap(cell, width - names - 4)
      const rest = more.map((piece) => `  ${' '.repeat(names)}  ${piece}`)
      return [`  ${name.padEnd(names)}  ${first}`, ...rest]
    })
    .join('\n')
}

/** Cuts a text into pieces of so many characters, between words where it can. */
function wrap(text: string, width: number): string[] {
  const pieces: string[] = []
  let rest = text
  while (rest.length > width) {
    const blank = rest.lastIndexOf(' ', width)
    const end = blank > 0 ? blank : width
    pieces.push(rest.slice(0, end))
    rest = rest.slice(end).trimStart()
  }
  return [...pieces, rest]
}

/** Lays out named lists in lines, indented by two: each name once, before the first of its texts; none without texts. */
export function formatFields(
  fields: readonly (readonly [name: string, texts: readonly string[]])[],
  width = terminalWidth(),
): string {
  const named = fields.filter(([, texts]) => texts.length > 0)
  const names = Math.max(...named.map(([name]) => name.length))
  return named
    .flatMap(([name, texts]) =>
      texts
        .flatMap((text) => wrap(text, Math.max(width, WIDTH_MIN) - names - 4))
        .map((text, index) => `  ${(index === 0 ? name : '').padEnd(names)}  ${text}`),
    )
    .join('\n')
}
