import { PortolanError } from '../errors.ts'
import type { Digest } from '../oci/digest.ts'
import { reasonOf } from '../transport/reason.ts'

/** A blob that is to be brought. */
export interface WantedBlob {
  /** sha256 or sha512. */
  readonly digest: Digest
  /** Bytes; absent where nobody says. */
  readonly size?: number
  /** A repository that has it, for people. */
  readonly name: string
}

/** Whether an error says that what came cannot be the blob, rather than that it did not come. */
export function isWrong(error: unknown): error is PortolanError {
  return error instanceof PortolanError && error.code === 'CONTENT_INVALID'
}

/** Whether an error may pass: no answer, or one that broke off. */
export function isPassing(error: unknown): boolean {
  return !(error instanceof PortolanError) || error.code === 'UNREACHABLE'
}

/** What came cannot be the blob; `from` names the source or sources. */
export function wrong(
  { digest, name }: WantedBlob,
  from: string,
  what: string,
  facts: object = {},
): PortolanError {
  return new PortolanError(
    'CONTENT_INVALID',
    `blob ${digest} of ${name} is not what it should be at ${from}: ${what}`,
    { digest, source: from, ...facts },
  )
}

/** It has another size than it was said to have; `start` is what came. */
export function wrongSize(
  blob: WantedBlob,
  from: string,
  actual: string,
  expected: number,
  start?: Uint8Array,
): PortolanError {
  const what = start === undefined ? '' : describe(start)
  return wrong(blob, from, `it has ${actual} bytes; expected ${expected}${what}`, { actual, expected })
}

/** It came whole, and is something else. */
export function wrongDigest(
  blob: WantedBlob,
  from: string,
  actual: Digest,
  start: Uint8Array,
): PortolanError {
  return wrong(blob, from, `its digest is ${actual}${describe(start)}`, { actual })
}

export function missing({ digest, name }: WantedBlob, from: string): PortolanError {
  const facts = { digest, source: from, missing: true }
  return new PortolanError('CONTENT_INVALID', `${from} has no blob ${digest} in ${name}`, facts)
}

/** Whether an error says that the last source there was does not have the blob: asking again is of no use. */
export function isMissing(error: unknown): boolean {
  return error instanceof PortolanError && error.facts.missing === true
}

/** Nobody was named to get it from. */
export function nowhere({ digest, name }: WantedBlob): PortolanError {
  const message = `blob ${digest} of ${name}: there is nowhere to get it from`
  return new PortolanError('UNREACHABLE', message, { digest })
}

export function stalled(blob: WantedBlob, from: string, seconds: number, position: number): PortolanError {
  return unreachable(blob, from, `: nothing came for ${seconds} s after ${position} bytes`)
}

export function cutOff(blob: WantedBlob, from: string, position: number, size: number): PortolanError {
  return unreachable(blob, from, ` ended after ${position} of ${size} bytes`)
}

/** It could not be brought; the error is that of the last attempt. */
export function brokeOff(blob: WantedBlob, from: string, breaks: number, cause: unknown): PortolanError {
  const often = breaks === 1 ? 'once' : `${breaks} times in a row`
  return unreachable(blob, from, ` broke off ${often}; the last time: ${reasonOf(cause)}`, cause)
}

function unreachable(
  { digest, name }: WantedBlob,
  from: string,
  what: string,
  cause?: unknown,
): PortolanError {
  const message = `blob ${digest} of ${name} from ${from}${what}`
  return new PortolanError('UNREACHABLE', message, { digest, source: from }, cause)
}

/** What bytes look like that servers send instead of a blob. */
function describe(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes.subarray(0, 64)).trimStart().toLowerCase()
  if (text.startsWith('<!doctype html') || text.startsWith('<html')) return ', and it is an HTML page'
  if (text.startsWith('<?xml') || text.startsWith('<error')) return ', and it is an XML document'
  return text.startsWith('{"errors"') ? ', and it is an error message' : ''
}
