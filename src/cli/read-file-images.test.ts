import { expect, it } from 'vitest'
import { LISTED_MAX } from '../oci/image-list.ts'
import { readFileImages } from './read-file-images.ts'

const read = (path: string, text: string) =>
  readFileImages([], { exclude: [], content: { path, bytes: Buffer.from(text) } })

it('takes no more than a list may name, and says that there are more', () => {
  const lines = Array.from({ length: LISTED_MAX + 3 }, (_, index) => `a.example/b:${index}\n`).join('')
  const { references, notRead } = read('images.txt', lines)
  expect(references).toHaveLength(LISTED_MAX)
  expect(notRead).toEqual([
    { path: '*', reason: `there are more than ${LISTED_MAX} images: not all are listed` },
  ])
})

it('says of what it cannot read that it may name images', () => {
  const utf16 = readFileImages([], {
    exclude: [],
    content: { path: 'a.yaml', bytes: Buffer.from('\uFEFFimage: a.example/b:1\n', 'utf16le') },
  })
  expect(utf16).toMatchObject({
    references: [],
    notRead: [{ path: 'a.yaml', reason: expect.stringMatching(/^it may name images in UTF-16/) }],
  })
})
