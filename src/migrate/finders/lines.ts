import type { Finder, Format } from '../found.ts'
import { maskTemplate } from '../template-mask.ts'
import { byPlace, without } from './overlap.ts'
import { findInActions } from './template-actions.ts'
import { findInLines } from './template-lines.ts'

/** Makes a finder of a format of lines: settings of ini and properties files, lists of images. */
export function createLineFinder(format: Format): Finder {
  return ({ text }) => {
    const masked = maskTemplate(text)
    const found = findInLines(masked, { start: 0, end: masked.length }, format)
    found.push(...without(found, findInActions(text, format)))
    return found.sort(byPlace)
  }
}
