const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** Writes bytes as people read them: `0 B`, `999 B`, `1.5 KiB`, `40.0 GiB`. */
export function formatBytes(bytes: number): string {
  let unit = 0
  let value = bytes
  // What would be rounded to 1024.0 is 1.0 of the next unit.
  while (value >= 1023.95 && unit < UNITS.length - 1) {
    value /= 1024
    unit++
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`
}

/** Writes a time in its two largest units: `5s`, `3m 20s`, `2h 5m`, `3d 4h`. */
export function formatTime(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000))
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ]
  const first = parts.findIndex(([value], index) => value > 0 || index === parts.length - 1)
  return parts
    .slice(first, first + 2)
    .filter(([value], index) => index === 0 || value > 0)
    .map(([value, unit]) => `${value}${unit}`)
    .join(' ')
}

/** Writes a number and what it counts, an "s" after it unless it is one: `1 blob`, `12 blobs`. */
export function formatCount(count: number, noun: string, nouns = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : nouns}`
}
