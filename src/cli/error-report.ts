import type { ExplainedError } from '../doctor/errors/error-list.ts'
import type { Explanation, NamedCause, UnknownError } from '../doctor/errors/explain.ts'
import { printable } from './print.ts'
import { formatFields } from './table.ts'

const ASKED: Readonly<Record<NonNullable<ExplainedError['asked']>, string>> = {
  ping: 'the registry itself',
  manifest: 'a manifest',
  blob: 'a blob',
  token: 'a token',
  tags: 'the list of tags',
  other: 'something',
}

/** An explanation for people: each error with what it is, where, why and what to do; then what is not known. */
export function formatExplanation({ errors, causes, unknown }: Explanation): string {
  return [...errors.map((error) => formatError(error, causes)), ...unknown.map(formatUnknown)].join('\n\n')
}

function formatError(error: ExplainedError, causes: readonly NamedCause[]): string {
  const [first, ...others] = error.causes.flatMap(
    (id) => causes.find((cause) => cause.id === id && cause.host === error.host) ?? [],
  )
  const { text, line, count, url, asked, images, status, address, via, notes } = error
  const places = count > 1 ? `  (line ${line}, and ${count - 1} more)` : ''
  return [
    `${first!.is}  [${first!.id}]`,
    formatFields([
      ['said', [printable(text) + places]],
      ['step', [first!.step + (asked && url ? `, asking for ${ASKED[asked]}: ${url}` : '')]],
      ['status', status === undefined ? [] : [String(status)]],
      ['address', address === undefined ? [] : [address]],
      ['asked by way of', via === undefined ? [] : [via]],
      ['image', images],
      ['that is', notes],
      ['because', first!.because],
      ['mended by', [`who owns ${first!.owner}`]],
      ['try', first!.try],
      ['allow', first!.allow.map(({ host, port }) => `${host}, port ${port}`)],
      ['or else', others.map(({ id, is }) => `${is}  [${id}]`)],
    ]),
  ].join('\n')
}

function formatUnknown({ text, line, wrappers, nearest }: UnknownError): string {
  return [
    `not known: line ${line}`,
    formatFields([
      ['said', [printable(text)]],
      ['look', [...new Set(wrappers.map(({ look }) => look))]],
      ['nearest', nearest.map(({ says, cause }) => `${says}  [${cause}]`)],
    ]),
  ].join('\n')
}
