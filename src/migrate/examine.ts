import { readReferences, withText } from './find.ts'
import type { Finding } from './finding.ts'
import { type FindingsOptions, findingsOf } from './findings.ts'
import type { Found, SourceText } from './found.ts'
import { LineIndex } from './line-index.ts'
import type { RegistryMap } from './map.ts'
import { type Mentions, mentionsOf } from './mention.ts'

/** A stretch of a text that could not be read as what it is. */
export interface UnreadPart {
  readonly path: string
  /** Where it begins, counted from 1. */
  readonly line: number
  readonly reason: string
  /** It is a template, of which the lines were read; nothing is wrong with it. */
  readonly template?: true
}

/** What one text holds, read once for all that is asked of it. */
export interface Examined {
  readonly source: SourceText
  readonly found: readonly Found[]
  readonly map: RegistryMap
  readonly findings: readonly Finding[]
  readonly unread: readonly UnreadPart[]
  readonly mentions?: Mentions
}

export interface ExamineOptions extends FindingsOptions {
  readonly map: RegistryMap
  /** Whether to find whatever else looks like a reference, in comments and prose too. */
  readonly includeText?: boolean
}

/** Reads a text by its format, and says what a map makes of it. */
export function examineText(
  source: SourceText,
  { map, includeText = false, ...options }: ExamineOptions,
): Examined {
  const reading = readReferences(source, map.isRelevant)
  const found = includeText ? withText(source, reading.found) : reading.found
  const lines = reading.unread.length > 0 ? new LineIndex(source.text) : undefined
  const mentions = mentionsOf(source, found, map)
  return {
    source,
    found,
    map,
    findings: findingsOf(source, found, map, options),
    unread: reading.unread.map(({ start, ...rest }) => ({
      path: source.path,
      line: lines?.position(start).line ?? 1,
      ...rest,
    })),
    ...(mentions && { mentions }),
  }
}
