import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { errorsPage, PAGE, printedBy } from './errors-page.ts'

it('docs/errors.md is what the tables say; node scripts/errors-page.ts makes it anew', () => {
  expect(readFileSync(PAGE, 'utf8')).toBe(errorsPage())
})

const printed = [...printedBy()]
const shapes = [...new Set(printed.map(([{ shape }]) => shape))]
const isPrinted = (shape: (typeof shapes)[number]) =>
  printed.some(([wording, clients]) => wording.shape === shape && clients.size > 0)

it('of each shape a client has printed one wording, unless the table says that it was only read', () => {
  for (const shape of shapes)
    expect({ shape, isPrinted: isPrinted(shape) }).toEqual({ shape, isPrinted: !shape.unseen })
})

it('more than forty shapes, their short forms not counted, were printed, by clients of every family', () => {
  expect(shapes.filter((shape) => !shape.vague && isPrinted(shape)).length).toBeGreaterThanOrEqual(40)
  const clients = new Set(printed.flatMap(([, names]) => [...names].map((name) => name.split(' ')[0])))
  expect([...clients].sort()).toEqual(
    expect.arrayContaining([
      'buildah',
      'containerd',
      'cosign',
      'crane',
      'ctr',
      'docker',
      'helm',
      'oras',
      'podman',
      'regctl',
      'sandbox',
      'skopeo',
    ]),
  )
})
