import type { Finder, Found } from '../found.ts'
import { underName } from './guard.ts'
import { byPlace, without } from './overlap.ts'
import { readSetting } from './settings.ts'
import { findInScript } from './shell.ts'

/** A variable, of the whole file or of a target. */
const ASSIGNMENT =
  /^[ ]*(?:[^\s:=#][^\s:=#]*(?:[ ]+[^\s:=#]+)*[ ]*:[ ]+)?(?:(?:export|override|define|private)[ \t]+)*([A-Za-z_][\w.-]*)[ \t]*(?:::?:?|\?|\+|!)?=[ \t]*((?:\\\r?\n|[^#\r\n])*)/gm
/** What make has a shell run when it reads the file. */
const SHELL = /\$\(shell[ \t]+((?:[^()\n]|\([^()\n]*\))*)\)/g
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
      const span = { start, end: start + word.length }
      // A host alone is the head of references, whatever the variable is called.
      const parts = readSetting(text, span, name) ?? readSetting(text, span, 'registry')
      if (parts !== undefined) {
        const one: Found = { format: 'makefile', parts, owner: `variable ${name}`, confidence: 'likely' }
        found.push(underName(one, name))
      }
    }
  }
  for (const { index, 0: line } of text.matchAll(RECIPE)) {
    const prefix = /^\t[\s@+-]*/.exec(line)![0].length
    for (const one of findInScript(text, { start: index + prefix, end: index + line.length }, 'makefile'))
      found.push(one)
  }
  for (const { index, 0: call, 1: script } of text.matchAll(SHELL)) {
    const end = index + call.length - 1
    found.push(...without(found, findInScript(text, { start: end - script!.length, end }, 'makefile')))
  }
  return found.sort(byPlace)
}
