import { redact } from '../doctor/errors/redact.ts'
import { readStatement, STATEMENT_MAX_BYTES } from '../endpoints/read-statement.ts'
import type { EndpointsStatement } from '../endpoints/statement.ts'
import { PortolanError } from '../errors.ts'
import { readBody } from '../transport/read-body.ts'
import { reasonOf } from '../transport/reason.ts'
import { commandRuntime } from './command-runtime.ts'
import { readTextFile } from './text-file.ts'

/** How long a door may take to say what it publishes, in milliseconds. */
const TIMEOUT = 10_000

/** Reads a text by its path or its http or https URL. Throws `FILE_UNREADABLE` or `UNREACHABLE`. */
export async function readTextAt(location: string): Promise<string> {
  if (!/^https?:\/\//.test(location)) return readTextFile(location)
  const abort = new AbortController()
  const callOff = commandRuntime.after(TIMEOUT, () => abort.abort(new Error('no answer within 10 s')))
  try {
    const response = await commandRuntime.fetch(location, { signal: abort.signal })
    if (response.status !== 200) {
      await response.body?.cancel()
      throw new Error(`it answered ${response.status}`)
    }
    const bytes = await readBody(response, STATEMENT_MAX_BYTES)
    if (bytes === undefined) throw new Error(`it answered more than ${STATEMENT_MAX_BYTES} bytes`)
    return new TextDecoder().decode(bytes)
  } catch (cause) {
    const message = redact(`cannot read ${location}: ${reasonOf(cause)}`)
    throw new PortolanError('UNREACHABLE', message, { location: redact(location) }, cause)
  } finally {
    callOff()
  }
}

/** Reads a statement from its text; `location` names it. Throws `CONTENT_INVALID`. */
export function statementOf(text: string, location: string): EndpointsStatement {
  const statement = readStatement(text)
  if (!('faults' in statement)) return statement
  const message = `${location} is no list of endpoints: ${statement.faults.slice(0, 10).join('; ')}`
  throw new PortolanError('CONTENT_INVALID', message, { location })
}
