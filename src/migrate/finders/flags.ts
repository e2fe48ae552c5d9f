import type { Finder, Format, Found } from '../found.ts'
import { readSetting } from './settings.ts'

/** A flag with its value; the flags of one variable stand in one pair of quotes, so a quote ends a value. */
const FLAG = /(--[a-z][a-z-]*(?:image|registry|repository)[a-z-]*)(?:=|[ \t]+)["']?([^\s"']+)/g
const LINE = /^(?![ \t]*[#;])[^\n]*--[a-z][^\n]*/gm

/** Makes a finder of image flags in systemd units, drop-ins and environment files, such as `kubeadm-flags.env`. */
export function createFlagFinder(format: Format): Finder {
  return ({ text }) => {
    const found: Found[] = []
    for (const { index, 0: line } of text.matchAll(LINE)) {
      for (const match of line.matchAll(FLAG)) {
        const [whole, flag, value] = match as unknown as [string, string, string]
        const end = index + match.index + whole.length
        const parts = readSetting(text, { start: end - value.length, end }, flag)
        if (parts !== undefined) found.push({ format, parts, owner: `flag ${flag}`, confidence: 'certain' })
      }
    }
    return found
  }
}
