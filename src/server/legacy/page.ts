import type { LegacyConfig, PhaseConfig } from '../../config/legacy-config.ts'
import type { PhaseState } from '../../routing/legacy/schedule.ts'
import { endOf, secondsOf } from '../../routing/legacy/words.ts'
import type { DoorReply } from '../reply.ts'

/** What is done, in the words of people. */
const DONE: Readonly<Record<PhaseConfig['phase'], string>> = {
  announce: 'It is announced on this page.',
  warn: 'Pulls work, and clients that can show a warning show it.',
  brownout: 'Pulls fail for a while, to show what still uses the old name.',
  redirect: 'Pulls are sent to the new name.',
  refuse: 'Pulls fail for good.',
}

const STANDS: Readonly<Record<PhaseState['state'], string>> = {
  planned: 'planned',
  held: 'held back',
  on: 'now',
  over: 'over',
  off: 'switched off',
  ended: 'ended early',
}

const STYLE = `:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:2.5rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
h1{font-size:clamp(1.4rem,4.5vw,2rem);line-height:1.25}
h1,code,a,td:nth-child(4){overflow-wrap:anywhere}
code,pre{font:14px/1.5 ui-monospace,monospace;background:#f2f4f6;border-radius:4px}
code{padding:.1em .3em}
pre{padding:.8rem;overflow:auto}
time{white-space:nowrap}
table{border-collapse:collapse;width:100%}
td,th{text-align:left;vertical-align:top;padding:.4rem .6rem;border-bottom:1px solid #d8dde3}
td:nth-child(3){min-width:14rem}
td:nth-child(4){min-width:10rem}
td:nth-child(5){white-space:nowrap}
tr.on{background:#fff6d6}
@media(max-width:60rem){
thead{display:none}
table,tbody,tr,td{display:block}
tr{border-bottom:1px solid #d8dde3;padding:.5rem 0}
td:nth-child(n){min-width:0;border:0;padding:.1rem .6rem .1rem 6.6rem;text-indent:-6rem}
td::before{content:attr(data-of);display:inline-block;width:6rem;text-indent:0;font-weight:600}
td:empty{display:none}
}
@media(prefers-color-scheme:dark){
body{color:#e6e9ed;background:#14171a}
code,pre{background:#23282e}
td,th,tr{border-color:#39414a}
tr.on{background:#3a3313}
}`

/** Of each row of the schedule. */
const COLUMNS = ['from', 'until', 'what', 'for whom', 'state'] as const

/** The page for people who open an old name: what takes its place, when what happens, and what to do. */
export function oldNamePage(
  legacy: LegacyConfig,
  states: readonly { readonly phase: PhaseConfig; readonly state: PhaseState }[],
): DoorReply {
  const body = new TextEncoder().encode(pageOf(legacy, states))
  return {
    status: 200,
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Length': String(body.length),
      'Cache-Control': 'no-cache',
      'Content-Security-Policy':
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
      'X-Content-Type-Options': 'nosniff',
    },
    body,
  }
}

function pageOf(
  legacy: LegacyConfig,
  states: readonly { readonly phase: PhaseConfig; readonly state: PhaseState }[],
): string {
  const { host, successor, frozen, info } = legacy
  const old = escaped(host)
  const successorHost = escaped(successor.host)
  const ends = endOf(legacy)
  const end = ends === undefined ? '' : ` It ends on <strong>${timeOf(ends)}</strong>.`
  const rows = states.toSorted((one, other) => one.phase.from - other.phase.from).map(rowOf)
  const more = info === undefined ? '' : `<p>More: <a href="${escaped(info)}">${escaped(info)}</a></p>`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>${old} is now ${successorHost}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${old} is now ${successorHost}</h1>
<p>Nothing new has come to <code>${old}</code> since <time>${escaped(frozen)}</time>.${end} Everything that it has is at <code>${successorHost}</code> under the same names, tags and digests.</p>
<h2>What to do</h2>
<p>Write <code>${successorHost}</code> wherever <code>${old}</code> stands: in manifests, charts, scripts and the configuration of nodes. An allow-list of hosts needs the new one too.</p>
<pre>grep -rn ${old} .</pre>
<h2>When</h2>
<table>
<thead><tr>${COLUMNS.map((column) => `<th>${column}</th>`).join('')}</tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>
${more}
</body>
</html>
`
}

function rowOf({ phase, state }: { readonly phase: PhaseConfig; readonly state: PhaseState }): string {
  const until = phase.until === undefined ? '' : timeOf(phase.until)
  const words = [DONE[phase.phase], whomOf(phase), STANDS[state.state]].map(escaped)
  const cells = [timeOf(phase.from), until, ...words]
  const mark = state.state === 'on' ? ' class="on"' : ''
  return `<tr${mark}>${cells.map((cell, index) => `<td data-of="${COLUMNS[index]}">${cell}</td>`).join('')}</tr>`
}

/** A moment for people and, in the attribute, for programs. */
function timeOf(moment: number): string {
  const text = secondsOf(moment)
  const [, day, time, seconds] = /^(.+)T(\d\d:\d\d)(:\d\d)Z$/.exec(text)!
  return `<time datetime="${text}">${day} ${time}${seconds === ':00' ? '' : seconds} UTC</time>`
}

function whomOf({ share, when }: PhaseConfig): string {
  const conditions = Object.entries(when).map(([key, values]) => `${key} ${(values as string[]).join(', ')}`)
  if (share === 1) return conditions.join('; ') || 'everybody'
  return [`${Number((share * 100).toFixed(6))} % of networks`, ...conditions].join('; ')
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
