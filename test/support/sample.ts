/** Whether every row of the long matrices is to run: `npm run e2e -- --full`, or `TEST_FULL=1`. */
export const FULL: boolean = process.env.TEST_FULL === '1'

/** Which rows a sample takes; another every day, so that in time all of them run. */
export const SEED = process.env.TEST_SEED ?? new Date().toISOString().slice(0, 10)

/**
 * Of the rows of a long matrix as many as are said, in their order, spread over their groups; with `FULL` all of them.
 * Prints how many of how many, and the seed that chooses the same again.
 */
export function sample<Row>(
  what: string,
  rows: readonly Row[],
  count: number,
  groupOf: (row: Row) => string = () => '',
): Row[] {
  if (FULL || rows.length <= count) return [...rows]
  const chosen = chooseRows(rows, count, groupOf, randomOf(`${what} ${SEED}`))
  console.info(
    `${what}: ${chosen.length} of ${rows.length} rows, by TEST_SEED=${SEED}; TEST_FULL=1 takes all`,
  )
  return chosen
}

/**
 * The rows of a matrix that are one of two runtimes' turn: every row runs, on one runtime today and perhaps on the other
 * tomorrow; with `FULL` all of them on both.
 */
export function rowsOf<Row>(what: string, rows: readonly Row[], runtime: 'node' | 'bun'): Row[] {
  if (FULL) return [...rows]
  const chosen = chooseTurns(rows, runtime, randomOf(`${what} ${SEED}`))
  console.info(
    `${what} on ${runtime}: ${chosen.length} of ${rows.length} rows, by TEST_SEED=${SEED}; TEST_FULL=1 takes all`,
  )
  return chosen
}

/** Every other row, the rows in an order of chance, so that two runtimes share them. */
export function chooseTurns<Row>(rows: readonly Row[], runtime: 'node' | 'bun', random: () => number): Row[] {
  const turns = rows
    .map((_, index) => ({ index, rank: random() }))
    .sort((one, other) => one.rank - other.rank)
  const first = runtime === 'node' ? 0 : 1
  const taken = new Set(turns.filter((_, turn) => turn % 2 === first).map(({ index }) => index))
  return rows.filter((_, index) => taken.has(index))
}

/** One of each group in turn, until there are enough. */
export function chooseRows<Row>(
  rows: readonly Row[],
  count: number,
  groupOf: (row: Row) => string,
  random: () => number,
): Row[] {
  const shuffled = rows
    .map((row, index) => ({ row, index, rank: random() }))
    .sort((one, other) => one.rank - other.rank)
  const taken = new Map<string, number>()
  const ranked = shuffled.map((entry) => {
    const group = groupOf(entry.row)
    const turn = taken.get(group) ?? 0
    taken.set(group, turn + 1)
    return { ...entry, turn }
  })
  return ranked
    .sort((one, other) => one.turn - other.turn)
    .slice(0, count)
    .sort((one, other) => one.index - other.index)
    .map(({ row }) => row)
}

/** Numbers from 0 up to 1 that follow from a text: FNV-1a of it, then mulberry32. */
export function randomOf(text: string): () => number {
  let state = 0x811c9dc5
  for (const character of text) state = Math.imul(state ^ character.codePointAt(0)!, 0x01000193)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
