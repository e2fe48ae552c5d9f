const UNITS = { TiB: 1024 ** 4, GiB: 1024 ** 3, MiB: 1024 ** 2, KiB: 1024, B: 1 } as const
const SIZE = /^([0-9]{1,9})(TiB|GiB|MiB|KiB|B)$/

/** Reads `500MiB`, `200GiB` or `2TiB` as bytes; `undefined` for anything else. */
export function parseSize(text: string): number | undefined {
  const match = SIZE.exec(text)
  return match === null ? undefined : Number(match[1]) * UNITS[match[2] as keyof typeof UNITS]
}

/** Writes bytes in the largest unit that divides them, the inverse of {@link parseSize}. */
export function formatSize(bytes: number): string {
  for (const [unit, size] of Object.entries(UNITS)) {
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit}`
  }
  return `${bytes}B`
}
