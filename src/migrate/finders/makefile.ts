import type { Finder, Found } from '../found.ts'
import { readSetting } from './settings.ts'
import { byPlace, findInScript } from './shell.ts'

const ASSIGNMENT =
  /^[ ]*(?:(?:export|override)[ \t]+)*([A-Za-z_][\w.-]*)[ \t]*(?:::?:?|\?|\+)?=[ \t]*((?:\\\r?\n|[^#\r\n])*)/gm
/** Lines that begin with a tab, each with those that it continues on. */
const RECIPE = /^\t(?:\\\r?\n|[^\n])*/gm

/** Finds references in the variables and recipes of a makefile. */
export const findInMakefile: Finder = ({ text }) => {
  const found: Found[] = []
  for (const match of text.matchAll(ASSIGNMENT)) {
    const [assignment, name, value] = match as unknown as [string, string, string]
    const at = match.index + assignment.length - value.length
    for (const { index, 0: word } of value.matchAll(/[^\s\\]+/g)) {
      const start = at + index
      const parts = readSetting(text, { start, end: start + word.length }, name)
      if (parts !== undefined) {
        found.push({ format: 'makefile', parts, owner: `variable ${name}`, confidence: 'likely' })
      }
    }
  }
  for (const { index, 0: line } of text.matchAll(RECIPE)) {
    const prefix = /^\t[\s@+-]*/.exec(line)![0].length
    for (const one of findInScript(text, { start: index + prefix, end: index + line.length }, 'makefile'))
      found.push(one)
  }
  return found.sort(byPlace)
}
