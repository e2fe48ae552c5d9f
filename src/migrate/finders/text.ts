import type { Found, SourceText } from '../found.ts'
import { isRegistry, partAt, readReference } from './written-reference.ts'

/** A host name with what may be a repository, a tag and a digest behind it. No step back is ever longer than a label. */
const WORD =
  /(?<![a-z0-9.@_-])[a-z0-9](?:[a-z0-9-]*\.)+[a-z][a-z0-9-]*(?::[0-9]{1,5}(?![0-9a-z]))?(?:\/[a-z0-9._/-]*)?(?::[a-z0-9_][a-z0-9._-]*)?(?:@sha(?:256:[a-f0-9]{64}|512:[a-f0-9]{128}))?/gi

/**
 * Finds whatever looks like a registry or an image in any text: comments, prose and URLs as well. Of a URL and of what
 * names no repository only the host is given.
 */
export function findInText({ text }: SourceText, isRelevant?: (word: string) => boolean): Found[] {
  const found: Found[] = []
  for (const { index, 0: word } of text.matchAll(WORD)) {
    if (isRelevant?.(word) === false) continue
    // A full stop or a slash at the end belongs to the sentence.
    const end = index + word.replace(/[.:/_-]+$/, '').length
    const slash = word.indexOf('/')
    const isUrl = text.slice(Math.max(0, index - 3), index) === '://' && !text.startsWith('docker', index - 9)
    const parts =
      (isUrl ? undefined : readReference(text, { start: index, end })) ??
      hostAt(text, index, slash < 0 ? end : Math.min(end, index + slash))
    if (parts !== undefined)
      found.push({ format: 'text', parts, owner: isUrl ? 'URL' : 'text', confidence: 'text' })
  }
  return found
}

function hostAt(text: string, start: number, end: number): Found['parts'] | undefined {
  const host = partAt(text, start, end)
  return isRegistry(host.value) ? { registry: host } : undefined
}
