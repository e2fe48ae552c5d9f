import type { LineOutput } from './line-output.ts'

/** What is written at once, in characters; a line that is longer is cut: nothing that is logged is. */
const AT_ONCE = 256 * 1024
/** How long a reader that is behind is waited for before it is looked at again, in milliseconds. */
const WAIT = 1000

/**
 * Writes the lines of another process to an output, each whole, so that those of several do not run into each other.
 * While the output's reader is behind nothing is read, so that the other process notices. Never rejects.
 */
export async function forwardLines(
  source: AsyncIterable<Uint8Array>,
  output: Pick<LineOutput, 'write' | 'isBehind' | 'flush'>,
): Promise<void> {
  const decoder = new TextDecoder()
  let rest = ''
  try {
    for await (const chunk of source) {
      rest += decoder.decode(chunk, { stream: true })
      // A chunk may be longer than what an output takes at once.
      for (let end = endOfLines(rest); end > 0; end = endOfLines(rest)) {
        while (output.isBehind) await output.flush(WAIT)
        output.write(whole(rest.slice(0, end)))
        rest = rest.slice(end)
      }
    }
  } catch {
    // The process is gone; what it has written so far is there.
  }
  if (rest !== '') output.write(whole(rest))
}

/** Where the last line that is whole ends, within what is written at once; 0 where there is none yet. */
function endOfLines(text: string): number {
  const end = text.lastIndexOf('\n', AT_ONCE - 1) + 1
  return end > 0 || text.length < AT_ONCE ? end : AT_ONCE
}

function whole(lines: string): string {
  return lines.endsWith('\n') ? lines : `${lines}\n`
}
