/** Numbers at which formats break: edges of bytes, words and lengths. */
const EDGES = [0, 1, 0x7f, 0x80, 0xff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff]

/** What stands in texts and means something to one of the readers. */
const WORDS = [
  ...[
    '[',
    ']',
    '{',
    '}',
    '"',
    ',',
    ':',
    '- ',
    '\n',
    '\\',
    '\\u0000',
    '&a',
    '*a',
    '!!binary',
    `\${A}`,
    '<<: ',
  ],
  ...['null', 'true', '-1', '1e999', '9007199254740993', '__proto__', 'sha256:', '0.0.0.0/0', '..', '\ufeff'],
]

/** One to four changes to bytes, of which another may lend a piece; the same for the same random numbers. */
export function mutate(bytes: Uint8Array, other: Uint8Array, random: () => number): Uint8Array {
  let changed = bytes
  const changes = 1 + Math.floor(random() * 4)
  for (let change = 0; change < changes; change++) changed = changeOnce(changed, other, random)
  return changed
}

function changeOnce(bytes: Uint8Array, other: Uint8Array, random: () => number): Uint8Array {
  const below = (limit: number) => Math.floor(random() * Math.max(1, limit))
  const at = below(bytes.length + 1)
  const piece = (from: Uint8Array) => {
    const start = below(from.length)
    return from.slice(start, start + 1 + below(40))
  }
  switch (below(8)) {
    case 0: {
      const copy = bytes.slice()
      if (copy.length > 0) copy[below(copy.length)]! ^= 1 << below(8)
      return copy
    }
    case 1: {
      const copy = bytes.slice()
      const word = 4 * below(copy.length / 4)
      if (word + 4 <= copy.length) {
        new DataView(copy.buffer).setUint32(word, EDGES[below(EDGES.length)]!, true)
      }
      return copy
    }
    case 2:
      return bytes.slice(0, at)
    case 3:
      return joined(bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + 1 + below(16))))
    case 4:
      return joined(bytes.subarray(0, at), piece(bytes), bytes.subarray(at))
    case 5:
      return joined(bytes.subarray(0, at), piece(other), bytes.subarray(at))
    case 6: {
      const word = new TextEncoder().encode(WORDS[below(WORDS.length)]!)
      return joined(bytes.subarray(0, at), word, bytes.subarray(at))
    }
    default: {
      const word = new TextEncoder().encode(WORDS[below(WORDS.length)]!)
      return joined(bytes.subarray(0, at), word, bytes.subarray(Math.min(bytes.length, at + word.length)))
    }
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]))
}
