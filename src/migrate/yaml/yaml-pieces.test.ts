import { describe, expect, it } from 'vitest'
import { visit } from 'yaml'
import { readYaml } from './yaml-document.ts'
import { documentsOf, piecesOf, type YamlPiece } from './yaml-pieces.ts'

const COUNT = 20_000
const isOld = (text: string) => text.includes('old.example')
const host = (at: number) => (at % 50 < 2 ? 'old.example' : 'new.example')
const items = Array.from({ length: COUNT }, (_, at) => ({ name: `a${at}`, image: `${host(at)}/a:${at}` }))

/** The same list, written in several ways. */
const TEXTS = {
  block: items.map(({ name, image }) => `- name: ${name}\n  image: ${image}\n`).join(''),
  'block under a key': `apiVersion: v1\nitems:\n${items.map(({ name, image }) => `  - name: ${name}\n    image: ${image}\n`).join('')}`,
  'flow in block': items.map(({ name, image }) => `- {name: ${name}, image: ${image}}\n`).join(''),
  'lines that end with CR LF': items
    .map(({ name, image }) => `- {name: ${name}, image: ${image}}\r\n`)
    .join(''),
  flow: `[${items.map(({ name, image }) => `{name: ${name}, image: "${image}"}`).join(', ')}]`,
  'JSON on one line': JSON.stringify(items),
  'JSON under a key': JSON.stringify({ kind: 'List', items }),
  'JSON on many lines': JSON.stringify(items, null, 2),
}

function piecesFor(text: string): YamlPiece[] {
  return [...documentsOf(text)].flatMap((place) => [...piecesOf(text, place, isOld)])
}

describe.each(Object.entries(TEXTS))('a long list, %s', (_name, text) => {
  it('gives pieces that hold each relevant item where it stands, and no other', () => {
    const pieces = piecesFor(text)
    const found = pieces.flatMap((piece) =>
      [...piece.text.matchAll(/(?:old|new)\.example\/a:\d+/g)].map(({ index, 0: image }) => {
        expect(text.slice(piece.offset + index).startsWith(image)).toBe(true)
        return image
      }),
    )
    expect(found).toEqual(items.map(({ image }) => image).filter(isOld))
  })

  it('gives pieces that are YAML, whose strings stand where they do in the text', () => {
    const values: string[] = []
    for (const read of readYaml(text, { isRelevant: isOld })) {
      if (read.kind === 'unread') expect.fail(read.reason)
      visit(read.document.contents, {
        Scalar(_key, { value, range }) {
          expect(text.slice(range![0], range![1]).replaceAll('"', '')).toBe(value)
          values.push(String(value))
        },
      })
    }
    expect(values.filter((value) => value.includes('.example/'))).toEqual(
      items.map(({ image }) => image).filter(isOld),
    )
  })
})

it('keeps the keys of a map together, relevant or not, since they say together what it is', () => {
  const filler = Array.from({ length: COUNT }, (_, at) => `key${at}: new.example/a:${at}\n`).join('')
  const text = `registry: old.example\nrepository: acme/a\n${filler}`
  const [first] = piecesFor(text)
  expect(first!.text).toContain('repository: acme/a')
})
