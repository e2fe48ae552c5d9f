/** Words that others took the place of; docs/architecture.md has those that are used. In all their forms. */
const RETIRED: readonly RegExp[] = [
  /^vigils?$/,
  /^testimon(?:y|ies)$/,
  /^knowledge$/,
  /^doubt(?:s|ed|ing|ful|fully)?$/,
  /^suspicio(?:n|ns|us|usly)$/,
  /^accus(?:e|es|ed|er|ers|ing|ation|ations)$/,
  /^relaps(?:e|es|ed|ing)$/,
  /^verifiers?$/,
  /^keepers?$/,
  /^shel(?:f|ves)$/,
  /^meters?$/,
  /^calendars?$/,
  /^patience$/,
  /^rooms?$/,
  /^parcels?$/,
]

/**
 * Finds retired words in a text, wherever they stand: as a part of an identifier, in a comment, in a string, in its own
 * name. Gives each place as `line: word`, from line 0, which is the name.
 */
export function findRetiredWords(path: string, text: string): string[] {
  return [path, ...text.split('\n')].flatMap((line, number) =>
    wordsOf(line)
      .filter((word) => RETIRED.some((retired) => retired.test(word)))
      .map((word) => `${number}: ${word}`),
  )
}

/** `createHTTPDoor`, `DOOR_PORT` and `door-port` are words joined. */
function wordsOf(line: string): string[] {
  return line
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/)
}
