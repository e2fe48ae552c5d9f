import { isRefusal } from '../config/refusal.ts'
import { PortolanError } from '../errors.ts'
import { type ExplainedFrom, readFrom } from '../server/explained-client.ts'

/** Reads who is explained for, an address, a place or a country. Throws `USAGE` with what is allowed. */
export function readClient(text: string): ExplainedFrom {
  const from = readFrom(text)
  if (isRefusal(from)) throw new PortolanError('USAGE', `--from ${JSON.stringify(text)} ${from.refused}`)
  return from
}
