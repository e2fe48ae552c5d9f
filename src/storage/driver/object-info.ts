import type { PortolanError } from '../../errors.ts'
import type { ByteRange, ObjectInfo } from '../object-store.ts'
import { isPage, PAGE_ADVICE } from './advice.ts'
import { untrue } from './failure.ts'

/** What a service says of an object, before it is believed. */
export interface ClaimedInfo {
  readonly size: number | undefined
  /** Milliseconds since 1970. */
  readonly modified: number | undefined
  readonly contentType?: string | undefined
}

/** Believes what can be right. Throws `CONTENT_INVALID`. */
export function checkInfo(location: string, key: string, claimed: ClaimedInfo): ObjectInfo {
  const { size, modified, contentType } = claimed
  if (size === undefined || !Number.isSafeInteger(size) || size < 0) {
    if (size === undefined) throw withoutLength(location, key, contentType)
    throw untrue(location, key, `its size is ${size}; expected a whole number`)
  }
  if (modified === undefined || !Number.isFinite(modified)) {
    throw untrue(location, key, 'it does not say when it was written')
  }
  return { key, size, modified, ...(contentType !== undefined && { contentType }) }
}

/** `CONTENT_INVALID`, and what it is instead of an object. */
export function withoutLength(
  location: string,
  key: string,
  contentType: string | null | undefined,
): PortolanError {
  return untrue(location, key, isPage(contentType) ? PAGE_ADVICE : 'it does not say how long it is')
}

/** As s3rver and azurite answer for an object of no bytes. */
const EMPTY_RANGE = /^bytes \d{1,16}--?\d{1,16}\/0$/

/**
 * How many bytes an answer will bring: the range that it states (RFC 9110, 14.4) must begin where it was asked to and
 * must not go further. Throws `CONTENT_INVALID`, also when a store ignores the range.
 */
export function checkRange(
  location: string,
  key: string,
  range: ByteRange,
  contentRange: string | undefined | null,
  contentLength?: number,
): number {
  // Nothing of an empty object satisfies a range (RFC 9110, section 14.1.2), for which there are more answers than 416.
  if (contentRange ? EMPTY_RANGE.test(contentRange) : contentLength === 0) return 0
  const [, first, last, total] = /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16}|\*)$/.exec(contentRange ?? '') ?? []
  const [start, end] = [Number(first), Number(last) + 1]
  // Instead of 416, azurite says that it ends before it begins.
  if (start === range.start && end === start && Number(total) === start) return 0
  if (!(start === range.start && end > start && end <= range.end)) {
    const stated = contentRange ? JSON.stringify(contentRange.slice(0, 80)) : 'the whole object'
    throw untrue(location, key, `asked for bytes ${range.start}-${range.end - 1}, it sends ${stated}`)
  }
  return end - start
}
