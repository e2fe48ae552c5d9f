import { describe, expect, it } from 'vitest'
import { LineOutput, type TextSink } from './line-output.ts'

/** A sink that takes what it is given only when told. */
function stalledSink(): TextSink & { readonly texts: string[]; take(): void } {
  const texts: string[] = []
  const done: (() => void)[] = []
  return {
    texts,
    write(text, whenDone) {
      texts.push(text)
      done.push(whenDone)
    },
    take: () => done.shift()?.(),
  }
}

const LINE = `${'x'.repeat(1023)}\n`
const told = (lines: number) => `dropped ${lines}\n`

describe('lines for a reader that may stall', () => {
  it('are written in order, many at once', async () => {
    const sink = stalledSink()
    const output = new LineOutput(sink, told)
    output.write('a\n')
    output.write('b\n')
    expect(sink.texts).toEqual([])
    const flushed = output.flush(60_000)
    expect(sink.texts).toEqual(['a\nb\n'])
    output.write('c\n')
    sink.take()
    sink.take()
    await flushed
    expect(sink.texts.join('')).toBe('a\nb\nc\n')
    expect(output.dropped).toBe(0)
  })

  it('are dropped beyond a bound, counted, and the reader is told when it goes on', async () => {
    const sink = stalledSink()
    const output = new LineOutput(sink, told)
    for (let n = 0; n < 5000; n++) output.write(LINE)
    expect(sink.texts).toHaveLength(1)
    const flushed = output.flush(60_000)
    for (let n = 0; n < 4; n++) sink.take()
    await flushed
    const written = sink.texts.join('')
    expect(written.length).toBeLessThan(1_100_000)
    expect(output.dropped).toBe(5000 - written.match(/^x+$/gm)!.length)
    expect(written).toMatch(new RegExp(`\ndropped ${output.dropped}\n$`))
  })

  it('are given up when the reader does not come back in time', async () => {
    const sink = stalledSink()
    const output = new LineOutput(sink, told)
    output.write('a\n')
    await output.flush(5)
    expect(sink.texts).toEqual(['a\n'])
  })
})
