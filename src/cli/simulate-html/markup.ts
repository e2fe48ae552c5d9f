/** HTML that is safe to stand in a page: made by {@link html} alone. */
export class Markup {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

type Part = string | number | Markup | readonly Markup[]

/** Puts values into HTML: what is no {@link Markup} is text, whatever it looks like. */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(
    texts.map((text, index) => (index === 0 ? text : partOf(parts[index - 1]!) + text)).join(''),
  )
}

function partOf(part: Part): string {
  if (part instanceof Markup) return part.text
  if (typeof part === 'object') return part.map(({ text }) => text).join('')
  return String(part).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** A table whose first column is text, and whose other ones are numbers unless they are among `texts`. */
export function table(
  caption: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
  texts: readonly number[] = [],
): Markup {
  const kind = (column: number) => (column === 0 || texts.includes(column) ? 'text' : 'number')
  return html`<div class="wide"><table>
<caption>${caption}</caption>
<thead><tr>${head.map((cell, column) => html`<th scope="col" class="${kind(column)}">${cell}</th>`)}</tr></thead>
<tbody>
${rows.map(
  (row) =>
    html`<tr>${row.map((cell, column) => (column === 0 ? html`<th scope="row">${cell}</th>` : html`<td class="${kind(column)}">${cell}</td>`))}</tr>
`,
)}</tbody></table></div>
`
}
